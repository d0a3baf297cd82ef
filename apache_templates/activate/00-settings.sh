#!/bin/sh
# Makes a release of Portico's Apache configuration live, or leaves all as it was.
#
#   sh activate.sh FOLDER               FOLDER holds portico.conf, manifest and this script
#   sh activate.sh rollback [RELEASE]   a kept release; the one that was live before this one
#   sh activate.sh releases             what is kept
#   sh activate.sh status               how this server is
#
# Exit status: 0 the release is live; 1 refused, and nothing that is served has changed; 2 rolled
# back to the release before; 3 not every port answers, or the way back failed; 4 the worker was
# killed, and the next run sets right what it left.
#
# The caller's session only watches. The work is done by a detached process, which goes on when the
# session is lost, one at a time. On the server:
#
#   /etc/portico/releases/ID/   manifest, activate.sh and uploaded.conf as uploaded; made of them:
#                               portico.conf, health, sites/DOMAIN.conf (extra_config), listen/PORT;
#                               sums of all these, and live, touched when it went live
#   /etc/portico/current        link to the release that Apache reads, now and after a reboot
#   /etc/portico/tls/           certificates and keys between balancers and Apache
#   /var/lib/portico/           lock; journal of an unfinished run, and last, that of the last one
#                               that went well; serial of the last plan; originals of files that
#                               were changed, and written, what they became; edited, what others
#                               changed; runs, their logs
#   /run/portico/draining       while balancers are to find this server unhealthy
#   /run/portico/slots          how many processes Apache can have, as it was started
#
# The distribution's Apache gets one file that includes the current release (the stub), and each of
# its own Listen lines holds only while the current release does not listen on that port: so one
# rename switches everything, also the first time. Apache's variable portico_release, which the stub
# sets to the current release, lets a candidate be tested beside it. Within a release all paths are
# absolute, as a site's own directives could change the variable. The stub also tells a release of
# the server's own ServerLimit, by portico_server_limit.
set -eu
trap 'echo "portico: activate.sh was cut on its way: apply again" >&2; exit 1' EXIT

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022

ROOT=/etc/portico
STATE=/var/lib/portico
JOURNAL=$STATE/journal
DRAINING=/run/portico/draining
SLOTS=/run/portico/slots
HTTP_PORT=80
PROBE_HOST=portico.invalid # nobody's site: port 80's first virtual host
LOCK_SECONDS=300           # for a run before this one
RUNS=5                     # whose logs are kept
EDITS=10                   # runs that found changes of others, which are kept
NEED_KB=8192               # free, where files are written, and three times the upload
NEED_INODES=1024
OPEN_FILES=65536           # each port is an open file, each log another one
# The lines of an extra_config that define or undefine one of portico_logs, portico_release.
PORTICOS_OWN='^[[:space:]]*(un)?define[[:space:]]+[^[:alnum:]]?portico_'

server=''
reason=''

say() { printf 'portico: %s\n' "$*"; }

# The last line, which names the server, as many may be changed by one apply.
conclude() { say "${server:+$server: }$*"; }

step() {
    step=$*
    say "$step"
}

refuse() {
    reason=$*
    exit 1
}

# Apache's own lines but for success, and the wish for a global ServerName.
telling() { grep -v -e '^Syntax OK' -e 'AH0055[78]:' || :; }

# Lines as one, in words.
together() { awk -v between="${1:-; }" '{ printf "%s%s", (NR > 1 ? between : ""), $0 } END { print "" }'; }

indent() { sed 's/^/    /'; }

# By a clock that nobody sets.
uptime() { cut -d . -f 1 /proc/uptime; }

utc() { date -u "$@" +%Y-%m-%dT%H:%M:%SZ; }

sha256() { sha256sum "$1" | cut -d ' ' -f 1; }

# A new file takes an old one's place, whole or not at all, also where power is lost.
replace() { sync "$1" && mv -T "$1" "$2" && sync "${2%/*}"; }

# All that was written so far is on the disk before what comes next; sync of old knows no files.
flush() { sync -f "$ROOT" "$STATE" 2>/dev/null || sync; }

newest_first() {
    find "$@" -printf '%T@ %p\n' 2>/dev/null | sort -rn | cut -d ' ' -f 2-
}

has_systemd() { [ -d /run/systemd/system ]; }
