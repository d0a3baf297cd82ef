
# --- the steps before anything changes ----------------------------------------------------------

is_live() {
    folder=$(current)
    [ "$(release_of "$folder")" = "$release" ] && [ -s "$folder/sums" ] && [ -e "$stub" ] || return 1
    [ -z "$(hand_edits)" ] && master >/dev/null && serves false
}

# What Apache and this script need, and is not here.
missing() {
    for program in "$binary" curl openssl ip ss unshare; do
        command -v "$program" >/dev/null || echo "$program"
    done
    for file in "$config" $(sed -n 's/^  LoadModule [a-z0-9_]* "\(.*\)"$/\1/p' "$upload/portico.conf"); do
        [ -e "$file" ] || echo "$file"
    done
}

install_what_is_missing() {
    lack=$(missing)
    [ -n "$lack" ] || return 0
    step "installing Apache"
    sh -c "$(values install)" 9>&- || refuse "Apache cannot be installed: $(values install)"
    lack=$(missing)
    [ -z "$lack" ] || refuse "missing, also after $(values install): $(echo "$lack" | together)"
}

# What a folder's disk lacks, in words. One that does not count its inodes has 0 of them in all.
shortage() {
    df -Pk "$1" | awk -v folder="$1" -v need="${2:-$NEED_KB}" '
        NR == 2 && $4 < need { print folder " has " $4 " KB free, " need " are needed" }'
    df -Pi "$1" | awk -v folder="$1" -v need="$NEED_INODES" '
        NR == 2 && $2 > 0 && $4 < need { print folder " has " $4 " inodes free, " need " are needed" }'
}

# What the disks lack where a release is written, for an upload of these files.
shortages() {
    need=$((NEED_KB + 3 * $(du -ck "$@" | tail -n 1 | cut -f 1)))
    for path in "$ROOT" "$STATE" "$log_dir" "${pid_file%/*}" "${stub%/*}"; do
        [ ! -d "$path" ] || shortage "$path" "$need"
    done
}

check_room() {
    mkdir -p "$log_dir" "${pid_file%/*}"
    lack=$(shortages "$upload")
    [ -z "$lack" ] || refuse "$(echo "$lack" | together)"
}

# A release that is current and was changed by hand gets a second folder, as the link must be able
# to move from one to the other. One that is kept stays until the new one is whole.
stage() {
    candidate=$ROOT/releases/$release
    [ "$(current)" != "$candidate" ] || candidate=$candidate.again
    rm -rf "$candidate.new"
    unpack "$upload" "$candidate.new" "$candidate"
    check_upload "$candidate.new" uploaded.conf
    own=$(cd "$candidate.new/sites" && grep -EHis "$PORTICOS_OWN" ./*.conf |
        sed 's|^./\(.*\)[.]conf:[[:space:]]*|\1: |' | head -n 5 | together)
    [ -z "$own" ] || refuse "an extra_config may not change Portico's own variables: $own"
    # What was live before stays kept, also where this run fails.
    [ ! -e "$candidate/live" ] || cp -p "$candidate/live" "$candidate.new/live"
    rm -rf "$candidate.old"
    [ ! -e "$candidate" ] || mv -T "$candidate" "$candidate.old"
    mv -T "$candidate.new" "$candidate"
    rm -rf "$candidate.old"
    load "$candidate/manifest"
}

# Makes of an upload a new folder, which Apache is to read as the third one; it is root's alone until
# the secrets in it are.
unpack() {
    mkdir -m 0700 "$2"
    mkdir "$2/listen" "$2/sites"
    cp "$1/manifest" "$1/activate.sh" "$2"
    cp "$1/portico.conf" "$2/uploaded.conf"
    (
        cd "$2"
        echo "$release" >health
        for port in $ports; do : >"listen/$port"; done
        awk '
            $1 == "#begin" { file = "sites/" $2 ".conf"; printf "" >file; next }
            $1 == "#end" { close(file); file = ""; next }
            file && sub(/^ *#\| ?/, "") { print >file }' uploaded.conf
        sed "s|\${portico_release}|$3|g" uploaded.conf >portico.conf
        chmod -R go= uploaded.conf portico.conf sites
        find . -type f ! -path ./sums -exec sha256sum {} + >sums
        chmod 0755 .
    )
}

# What is live is the way back. Where somebody changed it so that Apache refuses it, it is laid out
# anew as it was uploaded, in a folder beside it; Apache, which runs on, is told of nothing.
mend() (
    previous=$(current)
    [ -n "$previous" ] && [ "$(release_of "$previous")" != "$release" ] &&
        [ -n "$(changes "$previous")" ] && ! httpd -t 2>/dev/null || exit 0
    uploaded=$run/before
    mkdir "$uploaded"
    cp "$previous/manifest" "$previous/activate.sh" "$uploaded"
    cp "$previous/uploaded.conf" "$uploaded/portico.conf"
    (check_upload "$uploaded") || exit 0
    load "$uploaded/manifest"
    mended=$ROOT/releases/$release
    [ "$previous" != "$mended" ] || mended=$mended.again
    rm -rf "$mended" "$mended.new"
    unpack "$uploaded" "$mended.new" "$mended"
    cp -p "$previous/live" "$mended.new"
    mv -T "$mended.new" "$mended"
    point_at "$mended"
    say "what was changed by hand would not start: release $release is as it was uploaded"
)

# --- certificates between balancers and Apache --------------------------------------------------

# Made once a domain, for ten years; a pair that is damaged or about to end is made anew.
make_certificates() {
    [ -d "$ROOT/tls/ec" ] || install -d -m 0700 "$ROOT/tls" "$ROOT/tls/ec"
    find "$ROOT/tls" -name sums -mtime -3500 -exec awk '
        { folder = FILENAME; sub(/[^\/]*$/, "", folder); print $1 "  " folder $2 }' {} + |
        sha256sum --check 2>/dev/null | sed -n 's/: OK$//p' >"$run/sound"
    values site | awk '
        FILENAME == ARGV[1] { sound[$0] = 1; next }
        $3 != "given" && !(sound[$4] && sound[$5]) { print $1, $3, $4 }' "$run/sound" - >"$run/unsound"
    count=$(wc -l <"$run/unsound")
    number=0
    while read -r domain kind certificate; do
        number=$((number + 1))
        say "making the certificate between balancer and Apache of $domain ($number of $count)"
        make_pair "${certificate%/*}"
    done <"$run/unsound"
}

# A key that is whole stays: then one rename renews the pair, and a cold Apache can start before it
# as after it.
make_pair() {
    [ ! -e "$1~" ] || rm -rf "$1~"
    mkdir -m 0700 "$1~"
    printf '%s\n' "[req]" "distinguished_name = subject" "x509_extensions = extensions" \
        "prompt = no" "[subject]" "O = Portico" "[extensions]" \
        "subjectAltName = DNS:$domain" "basicConstraints = CA:FALSE" >"$run/request"
    kept=''
    ! { [ -e "$1/key.pem" ] && openssl pkey -noout -passin pass: -in "$1/key.pem"; } 2>/dev/null || kept=yes
    case $kind in
    ec) new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1' ;;
    *) new='-newkey rsa:2048' ;;
    esac
    (
        umask 077
        cd "$1~"
        [ -z "$kept" ] || { cp "$1/key.pem" key.pem && new='-new -key key.pem'; }
        # shellcheck disable=SC2086 # words
        openssl req -x509 $new -nodes -sha256 -days 3650 -config "$run/request" \
            -keyout key.pem -out certificate.pem 2>"$run/openssl" || { indent <"$run/openssl" && exit 1; }
        sha256sum key.pem certificate.pem >sums
    )
    if [ -n "$kept" ]; then
        replace "$1~/certificate.pem" "$1/certificate.pem"
        replace "$1~/sums" "$1/sums"
        rm -rf "$1~"
    else
        [ ! -e "$1" ] || { flush && rm -rf "$1"; }
        mv -T "$1~" "$1"
    fi
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

# Balancers take a certificate that has ended; a client that comes another way may not.
note_ended_certificates() {
    values site | awk '$3 == "given"' | while read -r domain _ _ certificate _; do
        openssl x509 -noout -checkend 0 -in "$certificate" >/dev/null ||
            say "$domain: $certificate has ended, which no balancer looks at: replace it"
    done
}

# --- the distribution's own files ---------------------------------------------------------------

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

guard_listen_files() {
    for file in $listen_files; do
        [ -e "$file" ] || continue
        file=$(readlink -f "$file")
        new=$file.portico${beside-}
        cp -p "$file" "$new"
        guarded "$file" >"$new"
        if cmp -s "$file" "$new"; then
            rm "$new"
            continue
        fi
        mkdir -p "$STATE/originals${file%/*}"
        [ -e "$STATE/originals$file" ] || cp -p "$file" "$STATE/originals$file"
        replace "$new" "$file"
    done
}

# Changes nothing of what is served: without a current release all holds as before.
prepare_distribution() {
    guard_listen_files
    mkdir -p "$STATE/written${stub%/*}"
    stub_text >"$STATE/written$stub"
    if ! cmp -s "$STATE/written$stub" "$stub"; then
        cp "$STATE/written$stub" "$stub.portico"
        replace "$stub.portico" "$stub"
    fi
}

# After a first release that failed; a file that somebody else has changed since keeps its guards,
# which hold nothing back without a release.
restore_distribution() {
    rm -f "$stub" "$STATE/written$stub"
    for file in $listen_files; do
        original=$STATE/originals$(readlink -f "$file" || :)
        if [ -f "$original" ] && guarded "$original" | cmp -s - "$file"; then
            file=$(readlink -f "$file")
            # A copy, for SELinux's label; set -e does not hold here.
            if cp -p "$original" "$file.portico" && replace "$file.portico" "$file"; then
                rm "$original"
            else
                rm -f "$file.portico"
            fi
        fi
    done
}
