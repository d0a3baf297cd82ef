"""Where distributions keep Apache: the one table, also for the script on the server.

The values reach the server in the manifest (`apache_templates/manifest.tftpl`). No value holds a
newline, and only the commands hold spaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Layout:
    """One family of distributions: its paths, names and commands."""

    binary: str
    service: str
    """systemd's unit."""
    config: str
    """The main configuration file, which includes `stub`'s folder."""
    envvars: str
    """Shell file that sets what `config` refers to, and arguments of the binary."""
    modules: str
    """Folder of `mod_*.so`."""
    stub: str
    """The one file that Portico adds to the distribution's configuration."""
    listen_files: tuple[str, ...]
    """Files of the distribution that hold `Listen` lines."""
    pid_file: str
    log_dir: str
    install: str
    """Command that installs Apache on a bare server."""
    selinux_port_type: str
    """The type of a TCP port that SELinux lets Apache bind; empty where SELinux is not usual."""
    selinux_install: str
    """Command that installs `semanage`."""


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        # https://sources.debian.org/src/apache2/2.4.66-1~deb12u1/debian/config-dir/
        "debian": Layout(
            binary="/usr/sbin/apache2",
            service="apache2",
            config="/etc/apache2/apache2.conf",
            envvars="/etc/apache2/envvars",
            modules="/usr/lib/apache2/modules",
            # Read after the modules and before sites-enabled, so that Portico's virtual hosts
            # come first on their ports.
            stub="/etc/apache2/conf-enabled/portico.conf",
            listen_files=("/etc/apache2/ports.conf",),
            pid_file="/var/run/apache2/apache2.pid",
            log_dir="/var/log/apache2",
            # A new machine's cloud-init may hold the lock for minutes.
            install=(
                "apt-get -q -o DPkg::Lock::Timeout=300 update && "
                # What is there already is neither upgraded nor restarted, and nothing is asked.
                "NEEDRESTART_SUSPEND=1 DEBIAN_FRONTEND=noninteractive apt-get -qy "
                "-o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "
                "--no-upgrade --no-install-recommends install apache2 openssl curl iproute2"
            ),
            selinux_port_type="",
            selinux_install="",
        ),
        # https://src.fedoraproject.org/rpms/httpd
        "redhat": Layout(
            binary="/usr/sbin/httpd",
            service="httpd",
            config="/etc/httpd/conf/httpd.conf",
            envvars="/etc/sysconfig/httpd",
            modules="/usr/lib64/httpd/modules",
            # conf.d/*.conf is read in alphabetical order, and the first virtual host of a port is
            # its default.
            stub="/etc/httpd/conf.d/00-portico.conf",
            listen_files=("/etc/httpd/conf/httpd.conf", "/etc/httpd/conf.d/ssl.conf"),
            pid_file="/run/httpd/httpd.pid",
            log_dir="/var/log/httpd",
            # Amazon Linux has curl-minimal, which conflicts with curl.
            # ssl.conf names a certificate that httpd's first start would make.
            install=(
                "dnf -qy install httpd mod_ssl mod_http2 openssl iproute && "
                "{ ! test -x /usr/libexec/httpd-ssl-gencerts || /usr/libexec/httpd-ssl-gencerts; }"
            ),
            selinux_port_type="http_port_t",
            selinux_install="dnf -qy install policycoreutils-python-utils",
        ),
    }
)
