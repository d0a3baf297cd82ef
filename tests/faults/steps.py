"""Stops a server at an exact step of an activation, by looking at each command that it runs.

Before each external command of the activation script stands a wrapper on the server's PATH. At the
step that is waited for it holds the caller until it is let go, or fails in the command's place. So
whatever is done then is done at that step, on each run.
"""

from __future__ import annotations

import re
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.state import CHECKOUT
from tests.faults.machine import Machine

_PAUSE = 0.01
_HOME = "/faults"
_BUILT_IN = frozenset(
    {
        *("[", "case", "cd", "command", "do", "done", "echo", "else", "esac", "exec", "exit"),
        *("export", "false", "fi", "for", "if", "in", "kill", "printf", "pwd", "read", "return"),
        *("set", "shift", "test", "then", "trap", "true", "type", "ulimit", "umask", "unset"),
        *("until", "wait", "while"),
    }
)

_WRAPPER = """\
#!/bin/sh
name=${0##*/}
real=/usr/bin/$name
[ -x "$real" ] || real=/usr/sbin/$name
[ -e /faults/armed ] || exec "$real" "$@"
exec 8>/faults/lock
/usr/bin/flock 8
hit=''
call="$name $*"
. /faults/step
if [ -n "$hit" ] && /usr/bin/mv /faults/armed /faults/reached 2>/dev/null; then
    exec 8>&-
    . /faults/act
else
    exec 8>&-
fi
exec "$real" "$@"
"""
_HOLD = "while [ ! -e /faults/go ]; do /usr/bin/sleep 0.02; done\n"


@dataclass(frozen=True, slots=True)
class Step:
    """A moment of an activation; `test` sets `hit` in the wrapper's words."""

    name: str
    test: str


class NeverCame(AssertionError):  # noqa: N818 - says what it means
    """The activation ended without the step."""


_LOOK = """\
read -r session </proc/$$/stat
session=${session##*) }
session=${session#* * * }
/usr/bin/grep -qa 'activate.sh.work' "/proc/${session%% *}/cmdline" && {
    now=$(/usr/bin/find /etc/portico /etc/apache2 /var/lib/portico ! -name log \\
        -printf '%p %i %s %T@ %l\\n' 2>/dev/null | /usr/bin/sha256sum)
    read -r before </faults/state || :
    [ "$now" = "$before" ] || {
        echo "$now" >/faults/state
        echo "$call" >>/faults/changes
    }
    [ "$(/usr/bin/wc -l </faults/changes)" -lt NUMBER ] || hit=yes
}
"""


def change(number: int) -> Step:
    """Name the first command of the worker that finds the disk changed for the nth time."""
    return Step(f"change {number}", _LOOK.replace("NUMBER", str(number)))


def changes(machine: Machine) -> list[str]:
    """Return the commands that found the disk changed, up to now or until the step."""
    return (machine.disk / _HOME.lstrip("/") / "changes").read_text(errors="replace").splitlines()


def says(words: str) -> Step:
    """Name the first command after the script has said these words, on its way to the operator."""
    return says_then(words, "*")


def says_then(words: str, pattern: str) -> Step:
    """Name the first command after these words whose line matches a pattern of the shell's."""
    find = (
        "/usr/bin/find /var/lib/portico/runs -name log -newer /faults/since"
        f" -exec /usr/bin/grep -qF {shlex.quote(words)} {{}} ';' -print"
    )
    return Step(
        f"'{words}', then {pattern}",
        f"case $call in {_escaped(pattern)}) hit=$({find} 2>/dev/null) ;; esac\n",
    )


def runs(pattern: str, nth: int = 1) -> Step:
    """Name the nth command whose line matches a pattern of the shell's: `mv -T *`."""
    return Step(
        f"{pattern} ({nth})",
        f"case $call in {_escaped(pattern)}) echo >>/faults/matches\n"
        f'[ "$(/usr/bin/wc -l </faults/matches)" != {nth} ] || hit=yes ;; esac\n',
    )


def _escaped(pattern: str) -> str:
    """Quote what the shell would not take as part of a pattern."""
    return re.sub(r"([\s'\"$`;&|<>()#])", r"\\\1", pattern)


@contextmanager
def held(machine: Machine, step: Step, act: Callable[[], object]) -> Iterator[None]:
    """Call `act` at a step, which waits for it to return.

    :raises NeverCame: the activation ended without it.
    """
    over = threading.Event()
    trouble: list[BaseException] = []

    with _wrapped(machine, step, _HOLD) as home:

        def watch() -> None:
            while not (home / "reached").exists():
                if over.wait(_PAUSE):
                    return
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
                trouble.append(error)
            finally:
                (home / "go").touch()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
        if trouble:
            raise trouble[0]
        _check_reached(home, step)


@contextmanager
def failing(machine: Machine, step: Step, words: str) -> Iterator[None]:
    """Have the command at a step fail in these words, exit status 1.

    :raises NeverCame: the activation ended without it.
    """
    act = f'printf "%s: %s\\n" "$name" {shlex.quote(words)} >&2\nexit 1\n'
    with _wrapped(machine, step, act) as home:
        yield
        _check_reached(home, step)


def _check_reached(home: Path, step: Step) -> None:
    if not (home / "reached").exists():
        raise NeverCame(f"the step {step.name} never came")


@contextmanager
def _wrapped(machine: Machine, step: Step, act: str) -> Iterator[Path]:
    """Put the wrappers in place; the disk is the same one after the server has booted anew."""
    home = machine.disk / _HOME.lstrip("/")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name in ("state", "changes", "matches"):
        (home / name).touch()
    (home / "step").write_text(step.test)
    (home / "act").write_text(act)
    for name in ("wrapper", "since", "armed"):
        (home / name).touch()
    (home / "wrapper").write_text(_WRAPPER)
    (home / "wrapper").chmod(0o755)
    links = [machine.disk / "usr/local/bin" / name for name in commands()]
    mine = [link for link in links if not link.exists()]
    for link in mine:
        link.symlink_to(f"{_HOME}/wrapper")
    try:
        yield home
    finally:
        (home / "armed").unlink(missing_ok=True)
        (home / "go").touch()
        for link in mine:
            link.unlink(missing_ok=True)


def commands() -> set[str]:
    """Return the programs that the scripts in `apache_templates/` may run, and that uploads do."""
    files = [file for file in (CHECKOUT / "apache_templates").rglob("*") if file.is_file()]
    texts = (file.read_text() for file in files if file.suffix != ".tftpl")
    words = {word for text in texts for word in re.findall(r"[a-z][\w.-]*", text)} - _BUILT_IN
    return {
        word
        for word in (*words, "apachectl", "rm", "cat", "scp")
        if any((folder / word).exists() for folder in (Path("/usr/bin"), Path("/usr/sbin")))
        or word == "apachectl"
    }
