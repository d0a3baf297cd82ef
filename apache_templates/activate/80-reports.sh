
# --- how this server is -------------------------------------------------------------------------

nothing_here() {
    say "no release of Portico's is live on this server"
    exit 1
}

# Lines "word value…", the last one `end`. Changes nothing and waits for nobody.
report_status() {
    folder=$(current)
    [ -n "$folder" ] && [ -e "$folder/manifest" ] || nothing_here
    load "$folder/manifest"
    printf '%s\n' "release $release" "fleet $(values fleet)" "server $(values server)" "serial $serial" \
        "apache $(master >/dev/null && echo running || echo stopped)"
    case $(boot_state) in
    enabled*) echo "boot enabled" ;;
    unknown) echo "boot unknown" ;;
    *) echo "boot disabled" ;;
    esac
    if at_work; then
        echo "running yes"
    elif [ -e "$JOURNAL" ]; then
        echo "unfinished yes"
    fi
    ! grep -q "$DRAINING" "$folder/portico.conf" || drain_state
    hand_edits
    answers | awk -v ports="$ports" '
        { print "port", $1, $2, ($3 == "" ? "-" : $3); seen[$1] = 1 }
        END {
            count = split(ports, all, " ")
            for (i = 1; i <= count; i++) if (!seen[all[i]]) print "port", all[i], "000 -"
        }'
    values site | while read -r domain _ _ certificate _; do
        # notAfter=Nov 23 22:00:00 2036 GMT
        echo "$domain $certificate $(openssl x509 -noout -enddate -in "$certificate" 2>/dev/null)"
    done | awk '{
        month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", substr($3, 10)) + 2) / 3
        ends = NF < 6 ? "-" : sprintf("%s-%02d-%02dT%sZ", $6, month, $4, $5)
        print "certificate", $1, $2, ends
    }'
    sed -n 's/^ *RemoteIPInternalProxy /trusted-proxy /p' "$folder/portico.conf" | sort -u
    shortages "$folder/uploaded.conf" "$folder/manifest" "$folder/activate.sh" | sed 's/^/short /'
    echo end
}

# Whether a run is. It takes no lock for that, which a boot or a run could find taken.
at_work() {
    for pid in "$STATE"/runs/*/pid; do
        ! grep -Fqs "${pid%pid}activate.sh" "/proc/$(cat "$pid" 2>/dev/null)/cmdline" || return 0
    done
    return 1
}

# As Apache reads the file.
drain_state() {
    if drained_by_hand; then
        echo "draining by-hand"
    elif [ -e "$DRAINING" ] && [ "$(cat "$DRAINING")" -ge "$(date +%Y%m%d%H%M%S)" ] 2>/dev/null; then
        echo "draining for-change"
    fi
}

# A line a kept release, the last that was live first, with tabs: id, time of its plan, when it went
# live, number of sites, flags.
report_releases() {
    folders=$({ current && kept_folders; } | awk '!seen[$0]++')
    [ -n "$folders" ] || nothing_here
    before=$(folder_of "$(release_before)")
    echo "$folders" | while read -r folder; do
        [ -e "$folder/manifest" ] || continue
        flags=$(
            [ "$folder" != "$(current)" ] || echo current
            [ "$folder" != "$before" ] || echo previous
            [ -z "$(changes "$folder")" ] || echo edited
        )
        printf '%s\t%s\t%s\t%s\t%s\n' "$(release_of "$folder")" "$(said serial "$folder/manifest")" \
            "$([ -e "$folder/live" ] && utc -r "$folder/live" || echo -)" \
            "$(said site "$folder/manifest" | wc -l)" "$(echo "${flags:--}" | together ,)"
    done | awk -F '\t' '!seen[$1]++'
}

kept_ids() {
    kept_folders | while read -r folder; do release_of "$folder"; done | awk '!seen[$0]++' | together ', '
}

# The upload of a kept release, as of now, with the script that runs.
rebuild() {
    id=${1:-$(release_before)}
    [ -n "$id" ] || refuse "no release was live before this one; kept: $(kept_ids)"
    folder=$(folder_of "$id")
    [ -n "$folder" ] || refuse "release $id is not kept; kept: $(kept_ids)"
    changed=$(changes "$folder" | grep -e '/uploaded.conf$' -e '/manifest$' | together)
    [ -z "$changed" ] || refuse "release $id was changed by hand: $changed"
    mkdir "$upload"
    cp "$folder/uploaded.conf" "$upload/portico.conf"
    cp "$run/activate.sh" "$upload"
    now=$({ utc && head -n 1 "$STATE/serial" 2>/dev/null; } | sort | tail -n 1)
    sed "s/^serial .*/serial $now/" "$folder/manifest" >"$upload/manifest"
    say "rolling back to release $id"
}
