"""Debian's Apache on a sandbox server: `/etc/apache2` and `/usr/sbin/apachectl` of its package."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from sandbox.distribution import Distribution
from sandbox.errors import SandboxError
from sandbox.state import PORTICO

_PACKAGE = PORTICO / "debian" / "apache2"

# https://sources.debian.org/src/apache2/2.4.66-1~deb12u1/debian/apache2.postinst.in/
_MODULES = (
    *("mpm_event", "authz_core", "authz_host", "authn_core", "auth_basic", "access_compat"),
    *("authn_file", "authz_user", "alias", "dir", "autoindex", "env", "mime", "negotiation"),
    *("setenvif", "filter", "deflate", "status", "reqtimeout"),
)
_CONFIGURATIONS = (
    *("charset", "localized-error-pages", "other-vhosts-access-log", "security"),
    "serve-cgi-bin",
)
_SITES = ("000-default",)

_FOLDERS = ("var/cache/apache2/mod_cache_disk", "var/lib/apache2", "var/log/apache2")


def _install(root: Path) -> None:
    if not (_PACKAGE / "etc/apache2/apache2.conf").exists():
        raise SandboxError(f"{_PACKAGE} lacks Debian's Apache configuration: run make setup")
    apache = root / "etc/apache2"
    shutil.copytree(_PACKAGE / "etc/apache2", apache, symlinks=True, dirs_exist_ok=True)
    for program in sorted((_PACKAGE / "usr/sbin").iterdir()):
        target = root / "usr/sbin" / program.name
        target.unlink(missing_ok=True)
        shutil.copy2(program, target, follow_symlinks=False)
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    _enable(apache, "mods", _MODULES, (".load", ".conf"))
    _enable(apache, "conf", _CONFIGURATIONS, (".conf",))
    _enable(apache, "sites", _SITES, (".conf",))


def _enable(apache: Path, kind: str, names: Iterable[str], suffixes: Iterable[str]) -> None:
    """Do what a2enmod, a2enconf and a2ensite do."""
    (apache / f"{kind}-enabled").mkdir(exist_ok=True)
    for name in names:
        for suffix in suffixes:
            file = f"{name}{suffix}"
            link = apache / f"{kind}-enabled" / file
            if (apache / f"{kind}-available" / file).exists() and not link.is_symlink():
                link.symlink_to(f"../{kind}-available/{file}")


DEBIAN = Distribution(
    account="www-data", number=33, start="/usr/sbin/apachectl start", install=_install
)
