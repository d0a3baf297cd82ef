
# --- Apache's processes -------------------------------------------------------------------------

# Runs the binary as the distribution does, with what the running one was started with, and without
# the lock, which it would hold for ever.
httpd() (
    set +eu
    # shellcheck disable=SC2034 # read by Debian's envvars
    APACHE_CONFDIR=${envvars%/*}
    # shellcheck disable=SC1090
    [ ! -r "$envvars" ] || . "$envvars"
    [ -z "$APACHE_RUN_DIR" ] || install -d "$APACHE_RUN_DIR"
    # Its folder may be everybody's, so that whatever has this name already is not touched.
    [ -z "$APACHE_LOCK_DIR" ] || [ -e "$APACHE_LOCK_DIR" ] || [ -L "$APACHE_LOCK_DIR" ] ||
        install -d -o "$APACHE_RUN_USER" "$APACHE_LOCK_DIR"
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -n "$OPEN_FILES" 2>/dev/null
    # shellcheck disable=SC2086 # Debian's and Red Hat's name for further arguments
    exec "$binary" $APACHE_ARGUMENTS $OPTIONS ${PORTICO_DEFINES-$(defines)} "$@" 9>&-
)

# In this network namespace alone: another server of a sandbox, or a rehearsal, is another Apache.
program_pids() {
    [ -n "$binary" ] || return 0
    find /proc/[0-9]*/exe -maxdepth 0 -lname "$(readlink -f "$binary")*" 2>/dev/null |
        while IFS=/ read -r _ _ pid _; do
            [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] || echo "$pid"
        done
}

# Whether a process leads its group, as the first one does and a child never, though it outlives it.
leads() { [ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 3)" = "$1" ]; }

# Whether a process has another configuration, as those of Debian's apache2@ and Red Hat's httpd@.
is_another() {
    for place in $({ tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^APACHE_CONFDIR=//p' &&
        tr '\0' '\n' <"/proc/$1/cmdline" | sed -n -e '/^-[df]$/{n;p;}' -e 's/^-[df]\(.\)/\1/p'; } 2>/dev/null); do
        case $config in
        "$place" | "${place%/}"/* | */"$place") ;;
        *) return 0 ;;
        esac
    done
    return 1
}

# The process that signals go to: the PidFile's, or where that is stale, the one that leads the
# others. Fails where none runs.
master() {
    pids=$(program_pids)
    pid=$(cat "$pid_file" 2>/dev/null || :)
    ! echo "$pids" | grep -qx "${pid:-none}" || { echo "$pid" && return; }
    for pid in $pids; do
        ! leads "$pid" || is_another "$pid" || { echo "$pid" && return; }
    done
    return 1
}

# The first process and its children.
apache_pids() {
    pid=$(master) || return 0
    echo "$pid"
    program_pids | sed 's|.*|/proc/&/status|' | xargs -r grep -ls "^PPid:[[:space:]]*$pid\$" | cut -d / -f 3
}

# The -D arguments of the running one, such as those of OPTIONS in systemd's unit.
defines() {
    pid=$(master) || return 0
    tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n -e '/^-D$/{n;s/^/-D/;}' -e '/^-D[^][:space:]*?[]*$/p' |
        grep -v -x -e -DFOREGROUND -e -DNO_DETACH || :
}

# --- Apache's slots -----------------------------------------------------------------------------

# The number in the server's own ServerLimit; nothing without one. The last one holds.
own_server_limit() {
    httpd -t -D DUMP_INCLUDES 2>/dev/null | sed -n 's/^ *([0-9*]*) //p' | while read -r file; do
        case $file in
        "$ROOT"/*) ;;
        *) sed -n 's/^[[:space:]]*ServerLimit[[:space:]]\{1,\}\([0-9]\{1,\}\).*/\1/Ip' "$file" ;;
        esac
    done | tail -n 1
}

# ServerLimit, which holds from Apache's start and which nothing tells later.
note_slots() {
    mkdir -p "${SLOTS%/*}"
    sed -n -e 's/^Define portico_server_limit //p' -e 's/^ *ServerLimit //p' \
        "$stub" "$ROOT/current/portico.conf" 2>/dev/null | head -n 1 >"$SLOTS"
    [ -s "$SLOTS" ] || rm -f "$SLOTS"
}

# As noted; before the first start with a release, the server's own, or httpd's. What Portico sets
# is of the event MPM alone.
slots() {
    default=16
    case $(loaded) in
    *mod_mpm_prefork*) limit=$(own_server_limit) default=256 ;;
    *mod_mpm_worker*) limit=$(own_server_limit) ;;
    *) limit=$(cat "$SLOTS" 2>/dev/null || own_server_limit) ;;
    esac
    echo "${limit:-$default}"
}

# How many children take a slot, and how many of them listen no more, as they have but connections of
# releases before. Without either it is a helper, such as mod_cgid's, which takes none.
taken_slots() {
    ss -Htanp | awk -v ours="$(apache_pids | tail -n +2 | tr '\n' ' ')" '
        { for (rest = $0; match(rest, /pid=[0-9]+/); rest = substr(rest, RSTART + RLENGTH))
            seen[($1 == "LISTEN"), substr(rest, RSTART + 4, RLENGTH - 4)] = 1 }
        END {
            count = split(ours, pids, " ")
            for (i = 1; i <= count; i++)
                if ((1, pids[i]) in seen) listening++
                else if ((0, pids[i]) in seen) left++
            print listening + left, left + 0
        }'
}

# A reload starts new processes in slots that are free: without any, nobody answers any more, and with
# few not many do.
check_slots() {
    master >/dev/null || return 0
    slots=$(slots)
    taken=$(taken_slots)
    left=${taken#* } taken=${taken% *}
    [ "$taken" -le $((slots - 4)) ] || [ "$left" = 0 ] ||
        refuse "$taken of Apache's $slots processes (ServerLimit) are taken, $left of them by requests" \
            "of releases before, such as WebSockets: wait for their end, or restart Apache"
}

# --- starting and reloading it -------------------------------------------------------------------

# Whether a process catches USR1: httpd ends by it until it serves.
takes_graceful() { grep -qs '^SigCgt:.*[2367abef]..$' "/proc/$1/status"; }

# Makes Apache read the current release: graceful, or a start where it does not run.
bring_up() {
    deadline=$(($(uptime) + patience))
    while pid=$(master); do
        if takes_graceful "$pid"; then
            prlimit --pid "$pid" --nofile=$OPEN_FILES:$OPEN_FILES 2>/dev/null || :
            kill -USR1 "$pid"
            return
        fi
        [ "$(uptime)" -lt "$deadline" ] || return 1
        sleep 0.2
    done
    rm -f "$pid_file" # whoever has this number now is no Apache
    note_slots
    if has_systemd; then
        systemctl reset-failed "$service" 2>/dev/null || :
        systemctl start "$service"
    else
        httpd -k start >"$run/start" 2>&1 || { telling <"$run/start" | indent && return 1; }
    fi
}

# The modules that Apache has loaded; none where it does not run.
loaded() {
    ! pid=$(master) || sed -n 's|.* \(/.*/mod_[^/]*[.]so\)$|\1|p' "/proc/$pid/maps" 2>/dev/null | sort -u
}

take_down() {
    if has_systemd; then systemctl stop "$service"; else kill -TERM "$(master)"; fi
}

# --- at a boot ----------------------------------------------------------------------------------

boot_state() {
    state=unknown
    ! has_systemd || state=$(systemctl is-enabled "$service" 2>/dev/null || :)
    echo "${state:-unknown}"
}

check_boot() {
    case $(boot_state) in
    masked*) refuse "systemd's unit $service is masked, Apache cannot start: systemctl unmask $service" ;;
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
    { mkdir -p "$folder" && echo "$text" >"$folder/portico.new" &&
        replace "$folder/portico.new" "$folder/portico.conf" && systemctl daemon-reload; } || {
        rm -f "$folder/portico.conf"
        refuse "systemd does not take $folder/portico.conf"
    }
}

enable_boot() {
    ! has_systemd || [ "$(boot_state)" = enabled ] || systemctl enable --quiet "$service" ||
        say "Apache does not start at the next boot: systemctl enable $service failed"
}
