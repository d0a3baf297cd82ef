
# --- the worker, and the session that watches it ------------------------------------------------

work() {
    run=$1 upload=$2 locked='' success='' drained=''
    echo $$ >"$run/pid"
    exec </dev/null >>"$run/log" 2>&1
    trap finish EXIT
    trap 'exit 1' HUP INT TERM
    step "waiting for the lock"
    exec 9>"$STATE/lock"
    flock -w "$LOCK_SECONDS" 9 || refuse "another run is at work, for more than $LOCK_SECONDS s"
    locked=yes
    undrain
    if [ -e "$JOURNAL" ]; then
        step "setting right what an interrupted run left"
        recover || say "the release before does not answer on every port"
        [ ! -e "$JOURNAL" ] || refuse "$ROOT/current cannot be set to the release before"
    fi
    mkdir -p "$ROOT/releases"
    sweep
    if [ "$upload" = rollback ]; then
        upload=$run/upload
        rebuild "${3-}"
    fi
    step "checking the upload"
    check_upload "$upload"
    load "$upload/manifest"
    check_owner
    check_order
    check_boot
    if is_live; then
        prepare_boot
        enable_boot
        record_serial
        success="release $release is live already"
        exit 0
    fi
    install_what_is_missing
    check_room
    step "staging release $release"
    stage
    keep_edits
    mend
    begin_journal
    step "making certificates between balancers and Apache"
    make_certificates
    reason=$(check_certificates) || exit 1
    note_ended_certificates
    label_ports
    prepare_distribution
    step "testing the configuration"
    test_configuration
    step "starting it beside the live one, in a network of its own"
    rehearse
    check_ports
    check_slots
    step "having systemd start the right release at a boot"
    prepare_boot
    drain
    switch
    commit
    undrain
    prune || :
    settle
}

# The last line says how it went, as Terraform shows the end of the output.
finish() {
    trap - EXIT
    trap '' HUP INT TERM
    set +e
    [ -z "$locked" ] || undrain
    error=$(tail -n 1 "$run/log" | sed -e '/^portico: /d' -e 's/^ */: /')
    if [ -n "$success" ]; then
        status=0
        conclude "$success"
    else
        status=1
        outcome="refused: every site is served as before: "
        [ -z "${binary-}" ] || master >/dev/null || outcome="refused: nothing was changed, and Apache does not run: "
        if [ -n "$locked" ] && [ -e "$JOURNAL" ]; then
            ! noted switched || { status=2 && outcome="rolled back: every site is served as before: "; }
            recover || { status=3 && outcome="rolled back, but not every port answers: "; }
            [ "$status$restarted" != 2yes ] ||
                outcome="rolled back: Apache had ended and was restarted; every site is served again: "
            [ ! -e "$JOURNAL" ] || outcome="not rolled back, as $ROOT/current cannot be changed: "
        fi
        conclude "$outcome${reason:-failed at: $step$error}"
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
        killed) conclude "the worker was killed; the next run sets right what it left" && exit 4 ;;
        esac
        sleep 0.2
    done
}

begin() {
    case $# in
    1) [ -d "$1" ] || [ "$1" = status ] || [ "$1" = releases ] || [ "$1" = rollback ] || usage ;;
    2) [ "$1" = rollback ] || usage ;;
    *) usage ;;
    esac
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null ||
            { conclude "refused: $(id -un) needs sudo without a password on this machine" && exit 1; }
        exec sudo -n sh "$0" "$@"
    fi
    case $1 in
    status | releases) "report_$1" && exit ;;
    rollback) manifest=$ROOT/current/manifest script=$0 ;;
    *) upload=$(cd "$1" && pwd) && manifest=$upload/manifest script=$upload/activate.sh && set -- "$upload" ;;
    esac
    server=$(values server | head -n 1 | tr -cd '[:alnum:].-')
    # Others could hold the lock by reading it, and read what was edited.
    lack=$({ install -d -m 0700 "$STATE" && mkdir -p "$STATE/runs" && shortage "$STATE"; } 2>&1 | together)
    [ -z "$lack" ] || { conclude "refused: every site is served as before: $lack" && exit 1; }
    { run=$(mktemp -d "$STATE/runs/$(date -u +%Y%m%dT%H%M%SZ).XXXXXX") &&
        cp "$script" "$run/activate.sh" && : >"$run/log"; } ||
        { conclude "refused: every site is served as before: $STATE cannot be written" && exit 1; }
    set -- sh "$run/activate.sh" work "$server" "$run" "$@"
    { has_systemd && systemd-run --quiet --collect --unit="portico-$$" "$@" 2>/dev/null; } ||
        setsid "$@" </dev/null >/dev/null 2>&1 &
    watch
}

usage() {
    echo "usage: sh activate.sh FOLDER | rollback [RELEASE] | releases | status" >&2
    exit 1
}

main() {
    trap - EXIT
    case ${1-} in
    work) server=$2 && shift 2 && work "$@" ;;
    rehearsal | boot) "$@" ;;
    *) begin "$@" ;;
    esac
}

main "$@"
