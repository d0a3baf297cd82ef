
# --- what a manifest says, and when it was planned ----------------------------------------------

# The values of a word in a file of words.
said() { sed -n "s/^$1 //p" "$2" 2>/dev/null || :; }

values() { said "$1" "$manifest"; }

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
    [ "$(said conf-sha256 "$1/manifest")" = "$(sha256 "$1/$conf")" ] ||
        refuse "portico.conf was cut or changed on its way (checksum): apply again"
}

# Two fleets must not take turns.
check_owner() {
    [ -e "$ROOT/current/manifest" ] || return 0
    for word in fleet server; do
        theirs=$(said $word "$ROOT/current/manifest")
        [ "$theirs" = "$(values $word)" ] ||
            refuse "$word '$theirs' owns this machine, not '$(values $word)':" \
                "remove $ROOT/current on it to hand it over"
    done
}

# A plan that waited must not undo a newer one. The time of a plan is by the clock of the machine
# that planned; beside it $STATE/serial holds when that plan came, by this machine's clock. Either
# clock may be wrong, so that what lies in the future of this one counts for nothing, but for
# another time from there: else a clock that was once ahead would lock everybody out.
check_order() {
    case $serial in
    [0-9]*-[0-9]*T[0-9]*Z) ;;
    *) refuse "the manifest does not say when it was planned: apply again" ;;
    esac
    now=$(utc)
    newest=$(awk -v now="$now" -v plan="$serial" '
        NR == 1 && plan > now { newest = $1 }
        plan <= now && $1 <= now && (newest == "" || $1 < newest) { newest = $1 }
        END { print (newest > plan ? newest : "") }' "$STATE/serial" 2>/dev/null || :)
    [ -z "$newest" ] || refuse "this plan is of $serial, but one of $newest is live already: plan again" \
        "(where that does not help, a clock is wrong: here it is $now)"
}

record_serial() {
    printf '%s\n' "$serial" "$(utc)" >"$STATE/serial.new"
    replace "$STATE/serial.new" "$STATE/serial"
}
