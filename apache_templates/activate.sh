#!/bin/sh
# Makes an uploaded release of Portico's Apache configuration live, or leaves all as it was.
#
#   sh activate.sh FOLDER    FOLDER holds portico.conf, manifest and this script
#
# Exit status: 0 the release is live; 1 refused, and nothing that is served has changed; 2 rolled
# back to the release before; 3 not every port answers, or the way back failed; 4 the worker was
# killed, and the next run sets right what it left.
#
# The caller's session only watches. The work is done by a detached process, which goes on when the
# session is lost, one at a time. On the server:
#
#   /etc/portico/releases/ID/   manifest, activate.sh and uploaded.conf as uploaded; made of them:
#                               portico.conf, health, sites/DOMAIN.conf (extra_config), listen/PORT
#   /etc/portico/current        link to the release that Apache reads, now and after a reboot
#   /etc/portico/tls/DOMAIN/    certificate and key between balancer and Apache
#   /var/lib/portico/           lock, journal of an unfinished run, serial of the last plan, logs
#
# The distribution's Apache gets one file that includes the current release (the stub), and each of
# its own Listen lines holds only while the current release does not listen on that port: so one
# rename switches everything, also the first time. Apache's variable portico_release, which the stub
# sets to the current release, lets a candidate be tested beside it. Within a release all paths are
# absolute, as a site's own directives could change the variable.
set -eu
trap 'echo "portico: activate.sh was cut on its way: apply again" >&2; exit 1' EXIT

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022

ROOT=/etc/portico
STATE=/var/lib/portico
JOURNAL=$STATE/journal
HTTP_PORT=80
PROBE_HOST=portico.invalid # nobody's site: port 80's first virtual host
LOCK_SECONDS=300           # for a run before this one
KEEP=5                     # releases
NEED_KB=8192               # free, where files are written
NEED_INODES=1024
OPEN_FILES=65536           # each port is an open file, each log another one
# The lines of an extra_config that define or undefine one of portico_logs, portico_release.
PORTICOS_OWN='^[[:space:]]*(un)?define[[:space:]]+[^[:alnum:]]?portico_'

say() { printf 'portico: %s\n' "$*"; }

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

# --- what the manifest says ---------------------------------------------------------------------

values() { sed -n "s/^$1 //p" "$manifest"; }

load() {
    manifest=$1
    release=$(values release)
    serial=$(values serial)
    health_path=$(values health-path)
    binary=$(values binary)
    service=$(values service)
    config=$(values config)
    envvars=$(values envvars)
    stub=$(values stub)
    listen_files=$(values listen-file)
    pid_file=$(values pid-file)
    log_dir=$(values log-dir)
    ports=$({ echo "$HTTP_PORT" && values site | cut -d ' ' -f 2; } | paste -s -d ' ' -)
    patience=$((15 + $(values site | wc -l) / 10))
}

# A file that lost its end, or that was mixed with another upload's, is refused.
check_upload() {
    conf=${2:-portico.conf}
    for file in manifest "$conf"; do
        [ -s "$1/$file" ] || refuse "the upload has no $file: apply again"
    done
    [ "$(head -n 1 "$1/manifest")" = "portico-manifest 1" ] ||
        refuse "the manifest is of another version of Portico than this script"
    [ "$(tail -n 1 "$1/manifest")" = end ] || refuse "the manifest was cut on its way: apply again"
    manifest=$1/manifest
    [ "$(values conf-sha256)" = "$(sha256 "$1/$conf")" ] ||
        refuse "portico.conf was cut or changed on its way (checksum): apply again"
}

sha256() { sha256sum "$1" | cut -d ' ' -f 1; }

# A plan that waited must not undo a newer one, and two fleets must not take turns.
check_order() {
    digits=$(echo "$serial" | tr -cd 0-9)
    newest=$(cat "$STATE/serial" 2>/dev/null || :)
    [ "$digits" -ge "$(echo "0$newest" | tr -cd 0-9)" ] ||
        refuse "this plan is of $serial, but one of $newest is live already: plan again"
    [ -e "$ROOT/current/manifest" ] || return 0
    for word in fleet server; do
        theirs=$(sed -n "s/^$word //p" "$ROOT/current/manifest")
        [ "$theirs" = "$(values $word)" ] ||
            refuse "$word '$theirs' owns this machine, not '$(values $word)':" \
                "remove $ROOT/current on it to hand it over"
    done
}

# A machine whose clock is ahead made the plan: its serial must not lock out the others.
record_serial() {
    now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    printf '%s\n%s\n' "$serial" "$now" | sort | head -n 1 >"$STATE/serial"
}

# --- Apache's processes -------------------------------------------------------------------------

# Runs the binary as the distribution does, without the lock, which it would hold for ever.
httpd() (
    set +eu
    # shellcheck disable=SC2034 # read by Debian's envvars
    APACHE_CONFDIR=${envvars%/*}
    # shellcheck disable=SC1090
    [ ! -r "$envvars" ] || . "$envvars"
    [ -z "$APACHE_RUN_DIR" ] || install -d "$APACHE_RUN_DIR"
    [ -z "$APACHE_LOCK_DIR" ] || install -d -o "$APACHE_RUN_USER" "$APACHE_LOCK_DIR"
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -n "$OPEN_FILES" 2>/dev/null
    # shellcheck disable=SC2086 # Debian's and Red Hat's name for further arguments
    exec "$binary" $APACHE_ARGUMENTS $OPTIONS "$@" 9>&-
)

# Of this network namespace alone: another server of a sandbox, or a rehearsal, is another Apache.
apache_pids() {
    find /proc/[0-9]*/exe -maxdepth 0 -lname "$(readlink -f "$binary")*" 2>/dev/null |
        while IFS=/ read -r _ _ pid _; do
            [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] || echo "$pid"
        done
}

# The process that signals go to: the PidFile's, or where that is stale, the one whose parent is no
# Apache. Fails where none runs.
master() {
    pids=" $(apache_pids | tr '\n' ' ')"
    pid=$(cat "$pid_file" 2>/dev/null || :)
    case $pids in
    *" ${pid:-none} "*) echo "$pid" && return ;;
    esac
    for pid in $pids; do
        parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null || :)
        case $pids in
        *" $parent "*) ;;
        *) echo "$pid" && return ;;
        esac
    done
    return 1
}

has_systemd() { [ -d /run/systemd/system ]; }

# Makes Apache read the current release: graceful, or a start where it does not run.
bring_up() {
    if pid=$(master); then
        prlimit --pid "$pid" --nofile=$OPEN_FILES:$OPEN_FILES 2>/dev/null || :
        kill -USR1 "$pid"
        return
    fi
    rm -f "$pid_file" # whoever has this number now is no Apache
    if has_systemd; then
        systemctl reset-failed "$service" 2>/dev/null || :
        systemctl start "$service"
    else
        httpd -k start >"$run/start" 2>&1 || { telling <"$run/start" | indent && return 1; }
    fi
}

take_down() {
    if has_systemd; then systemctl stop "$service"; else kill -TERM "$(master)"; fi
}

# --- probes -------------------------------------------------------------------------------------

# A line a port: port, status (000 without an answer), release in the header.
answers() {
    for port in $ports; do
        scheme=https
        [ "$port" != "$HTTP_PORT" ] || scheme=http
        echo "url = $scheme://127.0.0.1:$port$health_path"
    done | {
        timeout "$patience" curl -q --silent --insecure --noproxy '*' --http1.1 --max-time 10 \
            --header "Host: $PROBE_HOST" --dump-header - \
            --write-out '\nportico-probe: %{url_effective} %{http_code}\n' --config - || :
    } | awk '
        tolower($1) == "portico-release:" { release = $2; sub(/\r/, "", release) }
        $1 == "portico-probe:" {
            split($2, url, "/"); sub(/.*:/, "", url[3])
            print url[3], $3, release
            release = ""
        }'
}

# Waits until every port serves the loaded release. Gives up early where the command that is given
# fails, as then nothing will come, or where this very release answers with another status.
serves() {
    deadline=$(($(date +%s) + patience))
    while :; do
        wrong=$(answers | awk -v release="$release" -v ports="$ports" '
            { seen[$1] = 1 }
            $2 != 200 || $3 != release { print }
            END {
                count = split(ports, all, " ")
                for (i = 1; i <= count; i++) if (!seen[all[i]]) print all[i], "000"
            }')
        [ -n "$wrong" ] || return 0
        "$@" || return 1
        ! echo "$wrong" | grep -q " [1-9][0-9]* $release\$" || return 1
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

# Which ports do not, in words.
shortcomings() {
    echo "$wrong" | while read -r port status found; do
        domain=$(values site | awk -v port="$port" '$2 == port { print $1 }')
        case $status in
        000 | "") echo "port $port${domain:+ ($domain)} does not answer" ;;
        200) echo "port $port${domain:+ ($domain)} serves release ${found:-unknown}" ;;
        *) echo "port $port${domain:+ ($domain)} answers $status at $health_path" ;;
        esac
    done | head -n 5 | together
}

# --- the steps before anything changes ----------------------------------------------------------

is_live() {
    [ "$(release_of "$(current)")" = "$release" ] && [ -e "$stub" ] || return 1
    unpack "$run/unpacked" "$(current)"
    diff -r -x manifest "$run/unpacked" "$(current)" >/dev/null || return 1
    for file in $listen_files; do
        [ ! -e "$file" ] || guarded "$file" | cmp -s - "$file" || return 1
    done
    master >/dev/null && serves false
}

install_what_is_missing() {
    if ! { [ -x "$binary" ] && [ -e "$config" ] && command -v curl && command -v openssl; } >/dev/null; then
        step "installing Apache"
        sh -c "$(values install)" 9>&- || refuse "Apache cannot be installed: $(values install)"
    fi
}

# What a folder's disk lacks, in words. One that does not count its inodes has 0 of them in all.
shortage() {
    df -Pk "$1" | awk -v folder="$1" -v need="$NEED_KB" '
        NR == 2 && $4 < need { print folder " has " $4 " KB free, " need " are needed" }'
    df -Pi "$1" | awk -v folder="$1" -v need="$NEED_INODES" '
        NR == 2 && $2 > 0 && $4 < need { print folder " has " $4 " inodes free, " need " are needed" }'
}

check_room() {
    mkdir -p "$log_dir" "${pid_file%/*}"
    for folder in "$ROOT" "$STATE" "$log_dir" "${pid_file%/*}"; do
        lack=$(shortage "$folder")
        [ -z "$lack" ] || refuse "$(echo "$lack" | together)"
    done
}

# A release that is current and was changed by hand gets a second folder, as the link must be able
# to move from one to the other.
stage() {
    candidate=$ROOT/releases/$release
    [ "$(current)" != "$candidate" ] || candidate=$candidate.again
    rm -rf "$candidate" "$candidate.new"
    unpack "$candidate.new" "$candidate"
    check_upload "$candidate.new" uploaded.conf
    own=$(cd "$candidate.new/sites" && grep -EHis "$PORTICOS_OWN" ./*.conf |
        sed 's|^./\(.*\)[.]conf:[[:space:]]*|\1: |' | head -n 5 | together)
    [ -z "$own" ] || refuse "an extra_config may not change Portico's own variables: $own"
    mv -T "$candidate.new" "$candidate"
    load "$candidate/manifest"
}

# Makes of the upload a new folder, which Apache is to read as the second one.
unpack() {
    rm -rf "$1"
    mkdir "$1" "$1/listen" "$1/sites"
    cp "$upload/manifest" "$upload/activate.sh" "$1"
    cp "$upload/portico.conf" "$1/uploaded.conf"
    (
        cd "$1"
        echo "$release" >health
        for port in $ports; do : >"listen/$port"; done
        awk '
            $1 == "#begin" { file = "sites/" $2 ".conf"; printf "" >file; next }
            $1 == "#end" { close(file); file = ""; next }
            file && sub(/^ *#\| ?/, "") { print >file }' uploaded.conf
        sed "s|\${portico_release}|$2|g" uploaded.conf >portico.conf
        chmod -R go= uploaded.conf portico.conf sites
    )
}

# Made once a domain, for ten years; a pair that is damaged is made anew.
make_certificates() {
    [ -d "$ROOT/tls" ] || mkdir -m 0700 "$ROOT/tls"
    count=$(values site | awk '$3 == "made"' | wc -l)
    number=0
    values site | awk '$3 == "made"' | while read -r domain _ _ certificate _; do
        number=$((number + 1))
        folder=${certificate%/*}
        ! (cd "$folder" && find . -name sums -mtime -3500 | grep -q . &&
            sha256sum --status --check sums) 2>/dev/null || continue
        say "making the certificate between balancer and Apache of $domain ($number of $count)"
        rm -rf "$folder.new"
        mkdir -m 0700 "$folder.new"
        (
            umask 077
            cd "$folder.new"
            printf '%s\n' "[req]" "distinguished_name = subject" "x509_extensions = extensions" \
                "prompt = no" "[subject]" "O = Portico" "[extensions]" \
                "subjectAltName = DNS:$domain" "basicConstraints = CA:FALSE" >request
            openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 3650 -config request \
                -keyout key.pem -out certificate.pem 2>log || { indent <log && exit 1; }
            rm request log
            sha256sum key.pem certificate.pem >sums
        )
        rm -rf "$folder"
        mv -T "$folder.new" "$folder"
    done
}

# Apache's own configuration test does not see a key that does not belong to its certificate.
check_certificates() {
    values site | awk '$3 == "given"' | while read -r domain _ _ certificate key; do
        public=$(openssl x509 -noout -pubkey -in "$certificate" 2>/dev/null) ||
            { echo "$domain: $certificate is missing, cut, or no certificate" && exit 1; }
        private=$(openssl pkey -pubout -passin pass: -in "$key" 2>/dev/null) ||
            { echo "$domain: $key is missing, cut, locked by a passphrase, or no key" && exit 1; }
        [ "$public" = "$private" ] ||
            { echo "$domain: the key $key does not belong to the certificate $certificate" && exit 1; }
    done
}

# SELinux lets Apache bind only ports of its own type.
label_ports() {
    type=$(values selinux-port-type)
    [ -n "$type" ] && [ "$(getenforce 2>/dev/null)" = Enforcing ] || return 0
    command -v semanage >/dev/null || sh -c "$(values selinux-install)" </dev/null ||
        refuse "SELinux is enforcing and semanage cannot be installed: $(values selinux-install)"
    labelled=" $(semanage port -l | awk -v type="$type" '$1 == type && $2 == "tcp"' | tr -s ',\t ' ' ') "
    for port in $ports; do
        case $labelled in
        *" $port "*) ;;
        *) echo "port -a -t $type -p tcp $port" ;;
        esac
    done >"$run/labels"
    if [ -s "$run/labels" ] && ! semanage import <"$run/labels" 2>/dev/null; then
        # A port that has a type already: one by one.
        while read -r _ _ _ _ _ _ port; do
            semanage port -a -t "$type" -p tcp "$port" 2>/dev/null ||
                semanage port -m -t "$type" -p tcp "$port" ||
                refuse "SELinux's type $type cannot be given to port $port"
        done <"$run/labels"
    fi
    restorecon -R "$ROOT"
}

# --- the distribution's own files ---------------------------------------------------------------

# The file with each Listen line made to hold only while Portico does not listen on its port.
guarded() {
    awk '
        /^# portico begins/ { inside = 1 }
        tolower($1) == "listen" {
            port = $2
            sub(/.*:/, "", port)
            print "# portico begins: this holds while the current release does not listen on " port
            print "<IfDefine !portico_release>\nDefine portico_release \"'"$ROOT"'/current\"\n</IfDefine>"
            print "<IfFile !\"${portico_release}/listen/" port "\">\n" $0 "\n</IfFile>\n# portico ends"
            next
        }
        !inside { print }
        /^# portico ends/ { inside = 0 }' "$1"
}

# Changes nothing of what is served: without a current release all holds as before.
prepare_distribution() {
    for file in $listen_files; do
        [ -e "$file" ] || continue
        file=$(readlink -f "$file")
        cp -p "$file" "$file.portico"
        guarded "$file" >"$file.portico"
        if cmp -s "$file" "$file.portico"; then
            rm "$file.portico"
            continue
        fi
        mkdir -p "$STATE/originals${file%/*}"
        [ -e "$STATE/originals$file" ] || cp -p "$file" "$STATE/originals$file"
        mv "$file.portico" "$file"
    done
    cat >"$stub.portico" <<STUB
# Portico manages this file: it includes the release that $ROOT/current names.
<IfDefine !portico_release>
  Define portico_release "$ROOT/current"
</IfDefine>
IncludeOptional "\${portico_release}/portico.conf"
STUB
    mv "$stub.portico" "$stub"
}

# After a first release that failed; a file that somebody else has changed since keeps its guards,
# which hold nothing back without a release.
restore_distribution() {
    rm -f "$stub"
    for file in $listen_files; do
        original=$STATE/originals$(readlink -f "$file" || :)
        if [ -f "$original" ] && guarded "$original" | cmp -s - "$file"; then
            file=$(readlink -f "$file")
            cp -p "$original" "$file.portico" # rather than mv, for SELinux's label
            mv "$file.portico" "$file"
            rm "$original"
        fi
    done
}

# --- the candidate's trial ----------------------------------------------------------------------

# SELinux lets Apache write into a pipe of ours, but into no file.
test_configuration() {
    hiding=$(httpd -C "Define portico_release $candidate" -t -D DUMP_VHOSTS 2>/dev/null | hiding_hosts)
    [ -z "$hiding" ] || refuse "virtual hosts of single addresses hide ports of Portico's: $hiding"
    outcome=0
    told=$(httpd -C "Define portico_release $candidate" -t 2>&1) || outcome=$?
    printf '%s\n' "$told" >"$run/test"
    telling <"$run/test" | indent
    [ "$outcome" = 0 ] ||
        refuse "Apache refuses the configuration:" \
            "$(telling <"$run/test" | grep -v Warning: | sed 's/.*: \(Syntax error\)/\1/' |
                together ' ')$(competitors "$run/test")"
}

# An address with its port comes before *, also where the probe, on another address, passes.
hiding_hosts() {
    awk -v ports=" $ports " '
        /^[^ ]+:[0-9*]+ / {
            port = $1
            sub(/.*:/, "", port)
            found = $1 !~ /^[*]:/ && (port == "*" || index(ports, " " port " ")) ? $1 : ""
        }
        found && match($0, /[(].*[)]/) { print found " " substr($0, RSTART, RLENGTH); found = "" }' |
        together
}

# Apache's configuration test does not open ports, keys and files: starting it does. In a network
# of its own the candidate has all its ports, and ends with its first process.
rehearse() {
    rm -rf "${pid_file%/*}"/portico.*
    trial=$(mktemp -d "${pid_file%/*}/portico.XXXXXX") # where SELinux lets Apache write
    outcome=0
    timeout -k 5 $((patience * 2)) unshare --net --pid --fork --kill-child -- \
        sh "$candidate/activate.sh" rehearsal "$candidate" "$trial" 9>&- || outcome=$?
    found=$(tail -n 1 "$trial/reason" 2>/dev/null || echo "no answer in time")
    rm -rf "$trial"
    [ "$outcome" = 0 ] || refuse "the trial beside the live Apache failed: $found"
}

rehearsal() {
    load "$1/manifest"
    ip link set lo up
    # An address of the machine's, in an operator's Listen, is not one of this network's.
    for family in ipv4 ipv6; do echo 1 >/proc/sys/net/$family/ip_nonlocal_bind; done 2>/dev/null || :
    httpd -D FOREGROUND -C "Define portico_release $1" -C "Define portico_logs $2" \
        -c "PidFile $2/pid" -c "DefaultRuntimeDir $2" -c "ErrorLog $2/error.log" >"$2/output" 2>&1 &
    pid=$!
    ! serves kill -0 "$pid" 2>/dev/null || exit 0
    cat "$2/output" "$2/error.log" "$2/portico-error.log" 2>/dev/null | telling |
        sed -e '/:\(notice\|info\|warn\)\]/d' -e 's/^\[[^]]*\] //' -e 's/\[pid [^]]*\] //' |
        grep -v Warning: >"$2/complaints" || :
    tail -n 5 "$2/complaints" | indent
    if kill -0 "$pid" 2>/dev/null; then
        shortcomings >"$2/reason"
    else
        {
            grep -m 1 -e ':\(emerg\|alert\|crit\|error\)\]' -e '^(' "$2/complaints" ||
                tail -n 1 "$2/complaints"
            competitors "$2/complaints"
        } | together >"$2/reason"
    fi
    exit 1
}

# Other Listen lines, where Apache complains of a port that is listened on twice.
competitors() {
    ! grep -q -e AH00072 -e 'multiple Listeners' "$1" || printf ' (look at %s)' \
        "$(grep -Ers '^[[:space:]]*[Ll]isten[[:space:]]' "${config%/*}" "${stub%/*}" | sort -u | together)"
}

# Ports that some other program holds would end Apache at its reload.
check_ports() {
    held=$(ss -Hltnp | awk -v wanted=" $ports " -v ours=" $(apache_pids | tr '\n' ' ')" '
        { port = $4; sub(/.*:/, "", port) }
        index(wanted, " " port " ") {
            count = split($0, parts, "pid=")
            for (i = 2; i <= count; i++) if (index(ours, " " parts[i] + 0 " ")) next
            split($0, quoted, "\"")
            print "port " port " is held by " (count > 1 ? quoted[2] " (pid " parts[2] + 0 ")" : "another program")
        }')
    [ -z "$held" ] || refuse "$(echo "$held" | sort -u | together)"
}

# --- the switch, and the way back ---------------------------------------------------------------

current() { readlink -e "$ROOT/current" || :; }

release_of() { sed -n 's/^release //p' "$1/manifest" 2>/dev/null || :; }

noted() { grep -q "^$1\$" "$JOURNAL"; }

# One rename; without a release the distribution's own configuration holds. Fails also where set -e
# does not hold.
point_at() {
    sync
    if [ -n "$1" ]; then
        ln -sfn "releases/${1##*/}" "$ROOT/current.new" || return 1
        mv -T "$ROOT/current.new" "$ROOT/current" || return 1
    else
        rm -f "$ROOT/current" || return 1
    fi
    sync
}

begin_journal() {
    previous=$(current)
    {
        echo "candidate $candidate"
        echo "previous $previous"
        ! master >/dev/null || echo running
    } >"$JOURNAL.new"
    mv "$JOURNAL.new" "$JOURNAL"
}

switch() {
    echo switched >>"$JOURNAL"
    point_at "$candidate"
    touch "$candidate"
    bring_up || refuse "Apache cannot be reloaded or started"
    serves master >/dev/null || refuse "$(master >/dev/null || echo "Apache ended; ")$(shortcomings)"
}

# Undoes a run that failed or was interrupted at any step, also in the middle of this. Fails where
# the release before does not answer either; the journal stays where the link cannot be changed.
recover() {
    previous=$(sed -n 's/^previous //p' "$JOURNAL")
    load "$(sed -n 's/^candidate //p' "$JOURNAL")/manifest"
    restarted=''
    if noted switched; then
        [ "$(current)" = "$previous" ] || point_at "$previous" || return 1
        ! noted running || master >/dev/null || restarted=yes
    fi
    [ -n "$previous" ] || restore_distribution
    back=0
    if noted switched; then
        if [ -n "$previous" ]; then
            load "$previous/manifest"
            bring_up && serves master >/dev/null || back=1
        elif noted running; then
            bring_up && sleep 1 && master >/dev/null || back=1
        elif master >/dev/null; then
            take_down
        fi
    fi
    rm -f "$JOURNAL"
    return $back
}

newest_first() {
    find "$1" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -rn | cut -d ' ' -f 2-
}

# Releases that are neither current nor the one before, but for the newest few; uploads and logs.
prune() {
    newest_first "$ROOT/releases" | grep -Fvx -e "$candidate" -e "${previous:-none}" |
        tail -n "+$((KEEP - 1))" | while read -r old; do rm -rf "$old"; done
    newest_first "$STATE/runs" | tail -n "+$((KEEP + 1))" | while read -r old; do rm -rf "$old"; done
    case $upload in
    */.portico/"$release") rm -rf "$upload" ;;
    esac
}

# systemd's Apache: room for a port and a log a site, also in Debian's apache2ctl, and at a boot the
# last release that was seen to answer.
prepare_boot() {
    has_systemd || return 0
    folder=/etc/systemd/system/$service.service.d
    text="[Service]
LimitNOFILE=$OPEN_FILES
Environment=\"APACHE_ULIMIT_MAX_FILES=ulimit -n $OPEN_FILES\"
ExecStartPre=-+/bin/sh $ROOT/current/activate.sh boot"
    [ "$(cat "$folder/portico.conf" 2>/dev/null || :)" != "$text" ] || return 0
    { mkdir -p "$folder" && echo "$text" >"$folder/portico.conf" && systemctl daemon-reload; } || {
        rm -f "$folder/portico.conf"
        refuse "systemd does not take $folder/portico.conf"
    }
}

# Power was lost between the switch and its probe. A run that holds the lock starts Apache itself.
boot() {
    exec 9>"$STATE/lock"
    flock -n 9 || return 0
    [ -e "$JOURNAL" ] || return 0
    ! noted switched || point_at "$(sed -n 's/^previous //p' "$JOURNAL")"
}

# --- the worker, and the session that watches it ------------------------------------------------

work() {
    upload=$1 run=$2 locked='' reason='' previous=''
    echo $$ >"$run/pid"
    exec </dev/null >>"$run/log" 2>&1
    trap 'finish $?' EXIT
    trap 'exit 1' HUP INT TERM
    step "waiting for the lock"
    exec 9>"$STATE/lock"
    flock -w "$LOCK_SECONDS" 9 || refuse "another run holds the lock since $LOCK_SECONDS s"
    locked=yes
    if [ -e "$JOURNAL" ]; then
        step "setting right what an interrupted run left"
        recover || say "the release before does not answer on every port"
        [ ! -e "$JOURNAL" ] || refuse "$ROOT/current cannot be set to the release before"
    fi
    step "checking the upload"
    check_upload "$upload"
    load "$upload/manifest"
    check_order
    mkdir -p "$ROOT/releases"
    if is_live; then
        record_serial
        say "release $release is live already"
        exit 0
    fi
    install_what_is_missing
    check_room
    step "staging release $release"
    stage
    begin_journal
    step="making a certificate between balancer and Apache"
    make_certificates
    reason=$(check_certificates) || exit 1
    label_ports
    prepare_distribution
    step "testing the configuration"
    test_configuration
    step "starting it beside the live one, in a network of its own"
    rehearse
    check_ports
    step="having systemd start the right release at a boot"
    prepare_boot
    step "switching to release $release"
    switch
    record_serial
    rm "$JOURNAL"
    sync
    ! has_systemd || systemctl enable --quiet "$service" ||
        say "Apache does not start at the next boot: systemctl enable $service failed"
    prune || :
    say "release $release is live on $(echo "$ports" | wc -w) ports"
}

# The last line says how it went, as Terraform shows the end of the output.
finish() {
    status=$1
    trap - EXIT
    trap '' HUP INT TERM
    set +e
    if [ "$status" != 0 ]; then
        outcome="refused: every site is served as before: "
        if [ -n "$locked" ] && [ -e "$JOURNAL" ]; then
            ! noted switched || { status=2 && outcome="rolled back: every site is served as before: "; }
            recover || { status=3 && outcome="rolled back, but not every port answers: "; }
            [ "$status$restarted" != 2yes ] ||
                outcome="rolled back: Apache had ended and was restarted; every site is served again: "
            [ ! -e "$JOURNAL" ] || outcome="not rolled back, as $ROOT/current cannot be changed: "
        fi
        say "$outcome${reason:-failed at: $step}"
    fi
    echo "$status" >"$run/status.new"
    mv "$run/status.new" "$run/status"
    exit "$status"
}

watch() {
    shown=0 waited=0
    while :; do
        over=$([ ! -e "$run/status" ] || echo yes)
        pid=$(cat "$run/pid" 2>/dev/null || :)
        [ -n "$over" ] || kill -0 "${pid:-$$}" 2>/dev/null || [ -e "$run/status" ] || over=killed
        waited=$((waited + 1))
        [ -n "$pid" ] || [ "$waited" -lt 100 ] || over=killed
        size=$(wc -c <"$run/log")
        tail -c "+$((shown + 1))" "$run/log" | head -c "$((size - shown))"
        shown=$size
        case $over in
        yes) exit "$(cat "$run/status")" ;;
        killed) say "the worker was killed; the next run sets right what it left" && exit 4 ;;
        esac
        sleep 0.2
    done
}

begin() {
    [ $# = 1 ] && [ -d "$1" ] || { echo "usage: sh activate.sh FOLDER" >&2 && exit 1; }
    upload=$(cd "$1" && pwd)
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null ||
            { say "refused: $(id -un) needs sudo without a password on this machine" && exit 1; }
        exec sudo -n sh "$upload/activate.sh" "$upload"
    fi
    lack=$({ mkdir -p "$STATE" && shortage "$STATE"; } 2>&1 | together)
    [ -z "$lack" ] || { say "refused: every site is served as before: $lack" && exit 1; }
    mkdir -p "$STATE/runs"
    run=$(mktemp -d "$STATE/runs/$(date -u +%Y%m%dT%H%M%SZ).XXXXXX")
    : >"$run/log"
    { has_systemd && systemd-run --quiet --collect --unit="portico-$$" \
        sh "$upload/activate.sh" work "$upload" "$run" 2>/dev/null; } ||
        setsid sh "$upload/activate.sh" work "$upload" "$run" </dev/null >/dev/null 2>&1 &
    watch
}

main() {
    trap - EXIT
    case ${1-} in
    work | rehearsal | boot) "$@" ;;
    *) begin "$@" ;;
    esac
}

main "$@"
