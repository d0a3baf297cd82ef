#!/bin/sh
# As root: installs the Debian packages named, and starts and enables none of their services.
set -eu

guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
    trap 'rm -f "$guard"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod 755 "$guard"
fi

export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=300 update
[ $# -eq 0 ] && exit
apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@"

for package in "$@"; do
    case $package in
        haproxy) units=haproxy.service ;;
        openssh-server) units='ssh.service ssh.socket' ;;
        *) continue ;;
    esac
    if [ -d /run/systemd/system ]; then
        for unit in $units; do
            systemctl disable --now "$unit" || true
        done
    fi
done
