"""Red Hat's Apache on a sandbox server: its folders, names and account, with Debian's binary.

What needs Red Hat's own packages or kernel, SELinux above all, is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sandbox import authority
from sandbox.distribution import Distribution
from sandbox.templating import render

_BINARY = Path("/usr/sbin/apache2")
_MODULES = Path("/usr/lib/apache2/modules")

# https://src.fedoraproject.org/rpms/httpd/blob/rawhide/f/00-base.conf
_BASE = (
    *("access_compat", "actions", "alias", "allowmethods", "auth_basic", "auth_digest"),
    *("authn_anon", "authn_core", "authn_dbd", "authn_dbm", "authn_file", "authn_socache"),
    *("authz_core", "authz_dbd", "authz_dbm", "authz_groupfile", "authz_host", "authz_owner"),
    *("authz_user", "autoindex", "brotli", "cache", "cache_disk", "cache_socache", "data", "dbd"),
    *("deflate", "dir", "dumpio", "echo", "env", "expires", "ext_filter", "filter", "headers"),
    *("include", "info", "macro", "mime_magic", "mime", "negotiation", "remoteip", "reqtimeout"),
    *("request", "rewrite", "setenvif", "slotmem_plain", "slotmem_shm", "socache_dbm"),
    *("socache_memcache", "socache_redis", "socache_shmcb", "status", "substitute", "suexec"),
    *("unique_id", "userdir", "vhost_alias"),
)
MODULE_FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "00-base.conf": _BASE,
        "00-mpm.conf": ("mpm_event",),
        "00-ssl.conf": ("ssl",),
        "10-h2.conf": ("http2",),
    }
)
"""What `conf.modules.d` loads: of the packages httpd, then mod_ssl and mod_http2."""

_FOLDERS = (
    *("etc/httpd/conf", "etc/httpd/conf.d", "etc/httpd/conf.modules.d", "usr/lib64/httpd"),
    *("etc/pki/tls/certs", "etc/pki/tls/private", "var/lib/httpd", "var/log/httpd"),
)
_LINKS = {
    "usr/sbin/httpd": f"/usr/.sbin/{_BINARY.name}",
    "usr/lib64/httpd/modules": str(_MODULES),
    "etc/httpd/modules": "../../usr/lib64/httpd/modules",
    "etc/httpd/logs": "../../var/log/httpd",
    "etc/httpd/run": "/run/httpd",
    "etc/httpd/state": "../../var/lib/httpd",
    # Debian's binary looks here; Red Hat's has /etc/httpd built in.
    "etc/apache2/apache2.conf": "/etc/httpd/conf/httpd.conf",
}


def _install(root: Path) -> None:
    for folder in (*_FOLDERS, "etc/apache2"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, target in _LINKS.items():
        if not (root / name).is_symlink():
            (root / name).symlink_to(target)
    for file, modules in MODULE_FILES.items():
        lines = (
            f"LoadModule {name}_module modules/mod_{name}.so\n"
            for name in modules
            if (_MODULES / f"mod_{name}.so").exists()
        )
        (root / "etc/httpd/conf.modules.d" / file).write_text("".join(lines))
    (root / "etc/httpd/conf/httpd.conf").write_text(render("httpd.conf"))
    (root / "etc/httpd/conf.d/ssl.conf").write_text(render("ssl.conf"))
    _make_localhost_certificate(root / "etc/pki/tls")


def _make_localhost_certificate(tls: Path) -> None:
    """Do what httpd-init.service does at the first start, for ssl.conf."""
    made = authority.self_signed("localhost")
    (tls / "certs/localhost.crt").write_bytes(made.certificate)
    authority.write_secret(tls / "private/localhost.key", made.key)


REDHAT = Distribution(
    account="apache",
    number=48,
    start="install -d -m 710 -g apache /run/httpd; /usr/sbin/httpd -k start",
    install=_install,
)
