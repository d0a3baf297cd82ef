"""A server's shell, by a real sshd on loopback."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modules import servers
from modules.fleet import load_fleet
from modules.plan import Plan, make_plan
from modules.servers import Login, ServerError, UnreachableError, execute, follow, login_of
from tests.fleet.golden import complete
from tests.servers import sshd as real
from tests.servers.sshd import Sshd


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    with real.sshd() as running:
        yield running


def test_a_command_has_its_status_and_both_outputs(sshd: Sshd) -> None:
    done = execute(sshd.login, ["echo one; echo two >&2; exit 7"])
    assert (done.returncode, done.stdout, done.stderr) == (7, "one\n", "two\n")


def test_bytes_that_are_no_text_are_told_all_the_same(sshd: Sshd) -> None:
    assert execute(sshd.login, [r"printf 'a\377b'"]).stdout == "a\N{REPLACEMENT CHARACTER}b"


def test_ipv6() -> None:
    with real.sshd("::1") as running:
        assert execute(running.login, ["true"]).returncode == 0
        assert str(running.login) == f"root@[::1]:{running.login.port}"


def test_lines_are_told_as_they_come(sshd: Sshd) -> None:
    times = []
    ended = follow(
        sshd.login,
        ["echo one; sleep 1; echo two; echo three >&2; exit 3"],
        lambda line: times.append((line, time.monotonic())),
    )
    assert ended == 3
    assert [line for line, _ in times] == ["one", "two", "three"]
    assert times[1][1] - times[0][1] > 0.5


def test_an_interrupted_follower_leaves_no_ssh(sshd: Sshd) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    mark = f"sleep 30 {time.time_ns()}"
    with pytest.raises(KeyboardInterrupt):
        follow(sshd.login, ["echo one; :", mark, "; sleep 30"], interrupt)
    processes = subprocess.check_output(["ps", "-eww", "-o", "args="], text=True)
    assert not [line for line in processes.splitlines() if line.startswith("ssh ") and mark in line]


def test_a_command_that_takes_too_long(sshd: Sshd) -> None:
    with pytest.raises(ServerError, match=r"has not answered within 0\.5 s"):
        execute(sshd.login, ["sleep 5"], seconds=0.5)


def told(login: Login, kind: type[ServerError] = ServerError) -> str:
    with pytest.raises(ServerError) as failure:
        execute(login, ["true"])
    with pytest.raises(ServerError) as following:
        follow(login, ["true"], lambda _: None)
    assert str(following.value) == str(failure.value)
    assert type(failure.value) is type(following.value) is kind
    return str(failure.value)


def unreached(login: Login) -> str:
    return told(login, UnreachableError)


def test_another_host_key_is_refused(sshd: Sshd) -> None:
    other = replace(sshd.login, host_key=real.public(sshd.folder / "stranger"))
    assert told(other).startswith(f"{sshd.login} has another host key than the fleet file's")


def test_a_host_key_of_a_kind_that_the_server_has_not(sshd: Sshd) -> None:
    real.make_key(sshd.folder / "ecdsa", "ecdsa")
    other = real.public(sshd.folder / "ecdsa")
    assert "has another host key" in told(replace(sshd.login, host_key=other))


def test_a_key_that_the_server_does_not_know(sshd: Sshd) -> None:
    stranger = sshd.folder / "stranger"
    assert told(replace(sshd.login, private_key=stranger)) == (
        f"{sshd.login} refuses the key {stranger}"
    )


def test_a_key_with_a_passphrase(sshd: Sshd) -> None:
    real.make_key(sshd.folder / "locked", passphrase="secret")
    assert told(replace(sshd.login, private_key=sshd.folder / "locked")).endswith(
        ", as it has a passphrase, for which neither ssh here nor Terraform can ask"
    )


def test_an_ssh_that_is_too_old(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    old = sshd.folder / "old" / "ssh"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'line 0: Bad configuration option: x' >&2\nexit 255\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent), prepend=":")
    assert unreached(sshd.login).startswith("this machine's ssh is older than OpenSSH 8.5: ")


def test_nobody_listens(sshd: Sshd) -> None:
    login = replace(sshd.login, port=real.free_port("127.0.0.1"))
    assert unreached(login).startswith(f"{login} cannot be reached: ")


def test_a_name_that_does_not_exist(sshd: Sshd) -> None:
    login = replace(sshd.login, address="nowhere.invalid")
    assert unreached(login).startswith(f"{login} cannot be reached: ")


def test_a_key_file_that_is_missing(sshd: Sshd, tmp_path: Path) -> None:
    missing = tmp_path / "key"
    assert unreached(replace(sshd.login, private_key=missing)) == (
        f"the key file {missing} cannot be read: no such file or directory"
    )


def test_a_key_file_whose_name_is_no_plain_word(sshd: Sshd) -> None:
    odd = sshd.folder / '50% "off" %h' / "my key"
    odd.parent.mkdir()
    odd.write_bytes(sshd.login.private_key.read_bytes())
    odd.chmod(0o600)
    assert execute(replace(sshd.login, private_key=odd), ["true"]).returncode == 0


def test_a_server_with_host_keys_of_two_kinds(sshd: Sshd) -> None:
    of_rsa = replace(sshd.login, host_key=real.public(sshd.folder / "host-rsa"))
    assert execute(of_rsa, ["true"]).returncode == 0


def test_a_key_file_that_others_can_read(sshd: Sshd) -> None:
    loose = sshd.folder / "loose"
    loose.write_bytes(sshd.login.private_key.read_bytes())
    loose.chmod(0o644)
    assert unreached(replace(sshd.login, private_key=loose)) == (
        f"the key file {loose} may be read by others: chmod 600 it"
    )


def test_a_key_file_that_holds_none(sshd: Sshd) -> None:
    empty = sshd.folder / "empty"
    empty.write_text("nothing\n")
    empty.chmod(0o600)
    assert unreached(replace(sshd.login, private_key=empty)).startswith(
        f"ssh cannot use the key file {empty}: "
    )


def test_a_connection_that_is_lost(sshd: Sshd) -> None:
    with pytest.raises(ServerError, match=f"^the connection to {sshd.login} was lost"):
        follow(sshd.login, ["echo one; kill -9 $PPID; sleep 5"], lambda _: None)


def test_without_ssh_on_the_machine(sshd: Sshd) -> None:
    script = (
        "import sys; from pathlib import Path; from modules.servers import *\n"
        "execute(Login('root', '127.0.0.1', 22, Path(sys.argv[1]), ''), ['true'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(sshd.login.private_key)],
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ssh is not installed on this machine" in done.stderr


# --- what the script is run as, and where --------------------------------------------------------


def program(sshd: Sshd, name: str, text: str) -> Path:
    path = sshd.programs / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nobody(sshd: Sshd) -> Iterator[Sshd]:
    """A server where the ssh user passes for another one than root."""
    fake = program(sshd, "id", "echo 1000")
    yield sshd
    fake.unlink()
    (sshd.programs / "sudo").unlink()


@pytest.mark.parametrize("ask", [servers.releases, servers.status, servers.contents])
def test_sudo_that_wants_a_password(nobody: Sshd, ask: object) -> None:
    program(nobody, "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    assert callable(ask)
    with pytest.raises(ServerError, match=r"root needs sudo without a password on that machine$"):
        ask(nobody.login)
    with pytest.raises(ServerError, match="sudo without a password"):
        servers.rollback(nobody.login, None, lambda _: None)


def test_sudo_runs_what_is_asked(nobody: Sshd) -> None:
    program(nobody, "sudo", f'echo "$2" >>{nobody.folder}/asked; shift; exec "$@"')
    assert servers.releases(nobody.login) == ()
    assert (nobody.folder / "asked").read_text() == "true\nsh\n"


def test_a_server_where_nothing_is_deployed(sshd: Sshd) -> None:
    assert servers.releases(sshd.login) == ()
    assert servers.status(sshd.login).release is None
    assert servers.contents(sshd.login) == {}
    with pytest.raises(ServerError, match="nothing is deployed there"):
        servers.rollback(sshd.login, None, lambda _: None)


def test_no_release_carries_a_command(sshd: Sshd) -> None:
    for name in ("a; true", "$(true)", "-x", "../x", "", "a\nb"):
        with pytest.raises(ServerError, match="is no release's name"):
            servers.rollback(sshd.login, name, lambda _: None)


# --- logins of the fleet file --------------------------------------------------------------------


def plan_with(folder: Path, servers: str) -> Plan:
    file = folder / "fleet.yaml"
    file.write_text(complete(servers))
    return make_plan(load_fleet(file))


SSH = "host: 2001:db8::7, user: admin, host_key: ssh-ed25519 {0}, private_key: '{1}'"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIE+i0KXrJdMd0acDgL4okF2FE7SznG9Mrv0SgrFB7y81"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("keys/portico", "{folder}/keys/portico"),
        ("~/.ssh/portico", "{home}/.ssh/portico"),
        ("/etc/key", "/etc/key"),
    ],
)
def test_where_a_key_file_is(tmp_path: Path, written: str, found: str) -> None:
    plan = plan_with(
        tmp_path,
        "servers:\n  web-1:\n    instance: i-0123456789abcdef0\n    security_group: sg-0a1b2c3d\n"
        f"    ssh: {{{SSH.format(KEY, written)}}}\n",
    )
    login = login_of(plan, plan.servers[0])
    assert login.private_key == Path(found.format(folder=tmp_path, home=Path.home()))
    assert str(login) == "admin@[2001:db8::7]:22"
    assert login_of(plan, plan.servers[0], "192.0.2.1").address == "192.0.2.1"


def test_an_address_that_terraform_alone_knows(tmp_path: Path) -> None:
    plan = plan_with(
        tmp_path,
        "servers:\n  web-1:\n    create: {ami: ami-0a1b2c3d, type: t3.small,"
        " ssh_from: [203.0.113.0/24]}\n"
        f"    ssh: {{user: admin, host_key: ssh-ed25519 {KEY}, private_key: k}}\n",
    )
    with pytest.raises(UnreachableError, match="--host web-1=ADDRESS") as failure:
        login_of(plan, plan.servers[0])
    assert "terraform state show aws_instance.web-1" in str(failure.value)
    assert login_of(plan, plan.servers[0], "192.0.2.1").address == "192.0.2.1"
