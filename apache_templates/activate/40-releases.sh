
# --- releases on this server --------------------------------------------------------------------

current() { readlink -e "$ROOT/current" || :; }

release_of() { said release "$1/manifest"; }

# The release that was live before the current one; a journal that went well tells.
release_before() { said before "$STATE/last"; }

# Folders, those first that were live last.
kept_folders() {
    newest_first "$ROOT/releases" -mindepth 2 -maxdepth 2 -name live | sed 's|/live$||'
}

# The folder of a kept release. After a hand edit two may have the same one: the last that was live.
folder_of() {
    kept_folders | while read -r folder; do
        [ "$(release_of "$folder")" != "$1" ] || { echo "$folder" && break; }
    done
}

# What interrupted runs left: half a folder, one that was about to be replaced, one that never went
# live.
sweep() {
    before=$(folder_of "$(release_before)")
    find "$ROOT/releases" -mindepth 1 -maxdepth 1 | while read -r folder; do
        case $folder in
        "$(current)" | "$before") ;;
        *.new) rm -rf "$folder" ;;
        *.old) mv -T "$folder" "${folder%.old}" 2>/dev/null || rm -rf "$folder" ;;
        *) [ -e "$folder/live" ] || rm -rf "$folder" ;;
        esac
    done
}

# The current release and the one before stay, others up to `keep`, the oldest go first.
prune() {
    keep=$(values keep)
    {
        echo "$candidate"
        folder_of "$(release_before)"
        kept_folders
    } | awk '!seen[$0]++' | {
        seen=' ' count=0
        while read -r folder; do
            id=$(release_of "$folder")
            case $seen in
            *" $id "*) rm -rf "$folder" && continue ;;
            esac
            seen="$seen$id "
            count=$((count + 1))
            [ "$count" -le "${keep:-5}" ] || rm -rf "$folder"
        done
    }
    sweep
    newest_first "$STATE/runs" -mindepth 1 -maxdepth 1 | tail -n "+$((RUNS + 1))" |
        while read -r old; do rm -rf "$old"; done
    case $upload in
    */.portico/"$release" | "$run/upload") rm -rf "$upload" ;;
    esac
}

# --- what others changed ------------------------------------------------------------------------

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

# shellcheck disable=SC2016 # Apache's variable
stub_text() {
    printf '%s\n' \
        "# Portico manages this file: it includes the release that $ROOT/current names." \
        '<IfDefine !portico_release>' \
        "  Define portico_release \"$ROOT/current\"" \
        '</IfDefine>'
    own_server_limit | sed 's/^/Define portico_server_limit /'
    printf '%s\n' 'IncludeOptional "${portico_release}/portico.conf"'
}

# A line a file of a release: "edited PATH", also one that was added, or "missing PATH".
changes() {
    [ -s "$1/sums" ] || return 0
    (
        cd "$1"
        sha256sum --check sums 2>/dev/null |
            sed -n -e 's/^\(.*\): FAILED open or read$/missing \1/p' -e 's/^\(.*\): FAILED$/edited \1/p'
        find . -type f ! -path ./sums ! -path ./live | awk '
            FILENAME == ARGV[1] { known[substr($0, 67)] = 1; next }
            !($0 in known) { print "edited " $0 }' sums -
    ) | sed "s|^\([a-z]* \)\.|\1$1|"
}

# The same of the current release, the stub, and the Listen files that had guards.
hand_edits() {
    folder=$(current)
    [ -z "$folder" ] || changes "$folder"
    if [ -e "$STATE/written$stub" ]; then
        if [ ! -e "$stub" ]; then
            echo "missing $stub"
        else
            cmp -s "$STATE/written$stub" "$stub" || stub_text | cmp -s - "$stub" || echo "edited $stub"
        fi
    fi
    for file in $listen_files; do
        [ ! -e "$file" ] || [ ! -e "$STATE/originals$(readlink -f "$file")" ] ||
            guarded "$file" | cmp -s - "$file" || echo "edited $file"
    done
}

# Nothing of it is lost that is about to be overwritten.
keep_edits() {
    kept=$STATE/edited/${run##*/}
    hand_edits | while read -r word file; do
        case $word in
        missing) say "$file was removed by hand" ;;
        edited)
            mkdir -p "$kept${file%/*}"
            cp -p "$file" "$kept$file"
            say "$file was changed by hand; kept in $kept$file"
            ;;
        esac
    done
    newest_first "$STATE/edited" -mindepth 1 -maxdepth 1 | tail -n "+$((EDITS + 1))" |
        while read -r old; do rm -rf "$old"; done
}
