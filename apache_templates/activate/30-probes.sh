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
    deadline=$(($(uptime) + patience))
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
        [ "$(uptime)" -lt "$deadline" ] || return 1
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

