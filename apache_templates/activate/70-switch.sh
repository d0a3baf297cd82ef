
# --- the switch, and the way back ---------------------------------------------------------------

noted() { grep -q "^$1\$" "$JOURNAL"; }

# One rename; without a release the distribution's own configuration holds. Fails also where set -e
# does not hold.
point_at() {
    flush
    if [ -n "$1" ]; then
        ln -sfn "releases/${1##*/}" "$ROOT/current.new" || return 1
        mv -T "$ROOT/current.new" "$ROOT/current" || return 1
    else
        rm -f "$ROOT/current" || return 1
    fi
    flush
}

begin_journal() {
    previous=$(current)
    before=$(release_of "$previous")
    [ "$before" != "$release" ] || before=$(release_before)
    [ -z "$previous" ] || [ -e "$previous/live" ] || : >"$previous/live"
    {
        echo "candidate $candidate"
        echo "previous $previous"
        echo "before $before"
        ! master >/dev/null || echo running
    } >"$JOURNAL.new"
    replace "$JOURNAL.new" "$JOURNAL"
}

# Balancers find this server unhealthy and send it nothing new, if its release heeds that. It ends
# by itself, in Apache's local time: a drain must not outlive a worker that was killed.
drain() {
    seconds=$(values drain)
    [ "${seconds:-0}" -gt 0 ] && [ -n "$previous" ] && master >/dev/null || return 0
    grep -q "$DRAINING" "$previous/portico.conf" || return 0
    step "draining: balancers find this server unhealthy, for $seconds s"
    if ! drained_by_hand; then
        mkdir -p "${DRAINING%/*}"
        date -d "+$((seconds + 3 * patience)) seconds" +%Y%m%d%H%M%S >"$DRAINING.new"
        chcon -R --reference="${pid_file%/*}" "${DRAINING%/*}" 2>/dev/null || : # SELinux: for Apache to read
        mv "$DRAINING.new" "$DRAINING"
        drained=yes
    fi
    wait_for "$seconds"
    check_ports
}

# An operator's own is empty, and stays.
drained_by_hand() { [ -e "$DRAINING" ] && [ ! -s "$DRAINING" ]; }

undrain() { [ ! -s "$DRAINING" ] || rm -f "$DRAINING"; }

# A signal ends it at once; what then sleeps on does not hold the lock.
wait_for() {
    sleep "$1" 9>&- &
    wait $!
}

reload() {
    bring_up || refuse "Apache cannot be reloaded or started"
    serves master >/dev/null || refuse "$(master >/dev/null || echo "Apache ended; ")$(shortcomings)"
}

switch() {
    step "switching to release $release"
    echo switched >>"$JOURNAL"
    point_at "$candidate"
    modules=$(loaded)
    reload
    # At a start Apache reads all twice, and some modules wait for the second time. One that comes with
    # a reload is left half set up: mod_http2 (2.4.71) then ends a process at a request over TLS 1.2.
    if [ -n "$modules" ] && [ "$(loaded)" != "$modules" ]; then
        say "reloading once more, for the modules that came with it"
        reload
        sleep 1
    fi
    : >"$candidate/live"
}

# One rename ends the run: from here on nothing takes the release back, and `last` tells which one
# was live before it.
commit() {
    step "recording release $release"
    enable_boot
    record_serial
    flush
    trap '' HUP INT TERM # the journal's end and the success are one
    replace "$JOURNAL" "$STATE/last" || [ ! -e "$JOURNAL" ]
    success="release $release is live on $(echo "$ports" | wc -w) ports"
    trap 'exit 1' HUP INT TERM
}

# Balancers take a while to send requests again: until then no other server may be changed.
settle() {
    seconds=$(values settle)
    [ -n "$drained" ] && [ "${seconds:-0}" -gt 0 ] || return 0
    step "waiting until balancers find this server healthy, for $seconds s"
    wait_for "$seconds"
}

# Undoes a run that failed or was interrupted at any step, also in the middle of this. Fails where
# the release before does not answer either; the journal stays where the link cannot be changed.
recover() {
    previous=$(said previous "$JOURNAL")
    load "$(said candidate "$JOURNAL")/manifest"
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

# Before Apache starts. Power was lost between the switch and its probe; or a package brought a
# Listen line back, of a port that Portico listens on. A run that holds the lock sees to its own
# switch and drain.
boot() {
    exec 9>"$STATE/lock"
    if flock -n 9; then
        undrain
        [ ! -e "$JOURNAL" ] || ! noted switched || point_at "$(said previous "$JOURNAL")"
    fi
    [ -e "$ROOT/current/manifest" ] || return 0
    load "$ROOT/current/manifest"
    beside=-boot
    guard_listen_files
    note_slots
}
