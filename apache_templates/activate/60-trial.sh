
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
    PORTICO_DEFINES=$(defines) timeout -k 5 $((patience * 2)) unshare --net --pid --fork --kill-child -- \
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
