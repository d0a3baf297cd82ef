
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

# As noted; before the first start with a release, the server's own, or httpd's.
slots() {
    cat "$SLOTS" 2>/dev/null && return
    own=$(own_server_limit)
    echo "${own:-16}"
}

# How many processes listen no more, as they have but requests of releases before.
lingering() {
    ss -Hltnp | awk -v ours="$(apache_pids | tr '\n' ' ')" '
        { for (found = $0; match(found, /pid=[0-9]+/); found = substr(found, RSTART + RLENGTH))
            listening[substr(found, RSTART + 4, RLENGTH - 4)] = 1 }
        END {
            count = split(ours, pids, " ")
            for (i = 1; i <= count; i++) left += !listening[pids[i]]
            print left + 0
        }'
}

# A reload starts new processes in slots that are free: without any, nobody answers any more, and with
# few not many do.
check_slots() {
    master >/dev/null || return 0
    slots=$(slots)
    taken=$(($(apache_pids | wc -l) - 1))
    [ "$taken" -gt $((slots - 4)) ] || return 0
    left=$(lingering)
    [ "$left" = 0 ] ||
        refuse "$taken of Apache's $slots processes (ServerLimit) are taken, $left of them by requests" \
            "of releases before, such as WebSockets: wait for their end, or restart Apache"
}

# --- starting and reloading it -------------------------------------------------------------------

# Makes Apache read the current release: graceful, or a start where it does not run.
bring_up() {
    if pid=$(master); then
        prlimit --pid "$pid" --nofile=$OPEN_FILES:$OPEN_FILES 2>/dev/null || :
        kill -USR1 "$pid"
        return
    fi
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
