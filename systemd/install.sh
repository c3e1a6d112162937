#!/bin/bash
# Installs cutoutd as a systemd service, on Debian 12 and alike; run it from a copy of the source, as root.
#
#   systemd/install.sh [options]      install, or bring an installation up to date; safe to run again
#   systemd/install.sh uninstall      stop it and take it away, with all instances; configuration, key and ledger stay
#   systemd/install.sh purge          and those as well; photos and cutouts are never touched
#
#   --instance NAME             cutoutd@NAME instead of cutoutd: a configuration, key, ledger and folders of its own
#   --input DIR, --output DIR   the watched tree and its mirror (/srv/photos/in, /srv/photos/out); made if missing
#   --group NAME                the group that shares them (photos); made if missing
#   --public-key KEY            of the project at Uploadcare; asked for if left out
#   --secret-key-file FILE      where the secret key is read from; asked for if left out
#   --encrypt                   keep the secret key encrypted to this machine (systemd-creds)
#   --dynamic-user              no permanent user: systemd makes one while the service runs
#   --without-program           /opt/cutoutd is there already: leave it alone
#   --without-start             leave starting to you
#
# What exists already is kept: configuration, key, folders with their owners and modes. All ledgers are copied to
# /var/backups/cutoutd first (the last three of each are kept): an older version cannot read what a newer one has
# changed. An installation that fails half-way takes back what it made. At the end: cutoutd check, and the first status.
set -euo pipefail
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
PROGRAM=/opt/cutoutd CONFIGURATION=/etc/cutoutd UNITS=/etc/systemd/system BACKUPS=/var/backups/cutoutd
NAME='' INPUT='' OUTPUT='' SHARED='' PUBLIC_KEY='' KEY_FILE=''
HAS_PROGRAM='' IS_ENCRYPTED='' IS_DYNAMIC='' STARTS=yes ACTION=install IS_COMPLETE=''
RUNNING=() UNDO=() OUTDATED=()

say() { echo "install.sh: $*"; }
die() { say "$*" >&2; exit 1; }

# A link that leads nowhere is there, too.
lies_there() { [ -e "$1" ] || [ -L "$1" ]; }

options() {
    while [ $# -gt 0 ]; do
        case $1 in
            uninstall | purge) ACTION=$1 ;;
            --encrypt) IS_ENCRYPTED=yes ;;
            --dynamic-user) IS_DYNAMIC=yes ;;
            --without-program) HAS_PROGRAM=yes ;;
            --without-start) STARTS='' ;;
            --instance | --input | --output | --group | --public-key | --secret-key-file)
                [ -n "${2:-}" ] || { say "$1 needs a value" >&2; exit 2; }
                case $1 in
                    --instance) NAME=$2 ;;
                    --input) INPUT=$(realpath -m "$2") ;;
                    --output) OUTPUT=$(realpath -m "$2") ;;
                    --group) SHARED=$2 ;;
                    --public-key) PUBLIC_KEY=$2 ;;
                    --secret-key-file) KEY_FILE=$2 ;;
                esac
                shift ;;
            *) sed -n '2,20p' "$0" | sed 's/^# \{0,1\}//' >&2; [ "$1" = --help ] && exit 0; exit 2 ;;
        esac
        shift
    done
    # A name with a dot first would be hidden, or lead out of its folder.
    [[ $NAME =~ ^([a-z0-9][a-z0-9_.-]*)?$ && $NAME != config ]] ||
        { say "--instance takes small letters, digits, '_', '.' and '-', a letter or digit first; config is the service itself" >&2; exit 2; }
    INPUT=${INPUT:-/srv/photos${NAME:+/$NAME}/in} OUTPUT=${OUTPUT:-/srv/photos${NAME:+/$NAME}/out}
}

# The places of one service, by the name of its instance; an empty name is the service itself.
unit_of() { echo "cutoutd${1:+@$1}"; }
settings_of() { echo "$CONFIGURATION/${1:-config}.yaml"; }
key_of() { echo "$CONFIGURATION/${1:+$1.}secret-key"; }
state_of() { echo "/var/lib/cutoutd${1:+-$1}"; }
backups_of() { echo "$BACKUPS${1:+/$1}"; }

# The names of all services that there is any trace of, the service itself first as an empty line.
services() {
    local name
    echo
    {
        # Another file beside the configurations, such as an old one, is no instance.
        for name in "$CONFIGURATION"/*.yaml; do
            name=$(basename "$name" .yaml)
            if [ -e "$(state_of "$name")" ] || [ -e "$(key_of "$name")" ]; then echo "$name"; fi
        done
        find "$UNITS" -maxdepth 1 -name 'cutoutd@?*.service.d' -printf '%f\n' | sed 's/^cutoutd@//; s/\.service\.d$//'
        find "$UNITS" -path '*.wants/cutoutd@?*.service' -printf '%f\n' | sed 's/^cutoutd@//; s/\.service$//'
        systemctl list-units --all --plain --no-legend 'cutoutd@*.service' | sed 's/^cutoutd@//; s/\.service .*$//'
    } | sort -u | grep -vxE 'config|' || true
}

# The services that this run is about.
concerned() { if [ -n "$NAME" ]; then echo "$NAME"; else services; fi; }

undo_later() { UNDO+=("$(printf '%q ' "$@")"); }

finish() {
    local code=$? step
    trap - EXIT
    if [ "$code" != 0 ] && [ "$ACTION" = install ]; then
        if [ -z "$IS_COMPLETE" ] && [ ${#UNDO[@]} -gt 0 ]; then
            say "it failed half-way: what it had made is taken back" >&2
            for ((step = ${#UNDO[@]} - 1; step >= 0; step--)); do eval "${UNDO[step]}" || true; done
            systemctl daemon-reload || true
        fi
        [ ${#RUNNING[@]} = 0 ] || systemctl start "${RUNNING[@]}" || true
    fi
    exit "$code"
}

# With the version that is being replaced, and while nothing runs: no fact may be missing from the copy, and no program
# may be replaced under a service that has not loaded all of it yet.
ledgers() {
    [ -x "$PROGRAM/bin/cutoutd" ] || return 0
    local name names=()
    # A program that stays needs only the service in question to stop.
    if [ -n "$HAS_PROGRAM" ]; then names=("$NAME"); else mapfile -t names < <(services); fi
    for name in "${names[@]}"; do
        # One that runs with an earlier configuration would not start again.
        ! systemctl is-active --quiet "$(unit_of "$name")" ||
            "$PROGRAM/bin/cutoutd" systemd-dropin --config "$(settings_of "$name")" >/dev/null ||
            die "$(unit_of "$name") runs, but would not start again with these faults; mend them first: nothing was changed"
    done
    for name in "${names[@]}"; do
        ! systemctl is-active --quiet "$(unit_of "$name")" || RUNNING+=("$(unit_of "$name")")
        systemctl stop "$(unit_of "$name")" 2>/dev/null || true
        ! systemctl is-active --quiet "$(unit_of "$name")" || die "$(unit_of "$name") could not be stopped; nothing was changed"
    done
    for name in "${names[@]}"; do back_up "$name"; done
}

back_up() {
    local folder copy said
    [ -f "$(settings_of "$1")" ] || return 0
    folder=$(backups_of "$1")
    copy=$folder/ledger-$(date +%Y%m%d-%H%M%S).sqlite
    install -d -m 700 "$BACKUPS" "$folder"
    if said=$("$PROGRAM/bin/cutoutd" backup --force --config "$(settings_of "$1")" "$copy" 2>&1); then
        say "kept a copy of the ledger: $copy"
        find "$folder" -maxdepth 1 -name 'ledger-*.sqlite' | sort | head -n -3 | xargs -r -d '\n' rm -f
    else
        say "no copy of the ledger of $(unit_of "$1") was made. ${said%%$'\n'*}"
        rmdir --ignore-fail-on-non-empty "$folder" 2>/dev/null || true
        rmdir --ignore-fail-on-non-empty "$BACKUPS" 2>/dev/null || true
    fi
}

program() {
    [ -z "$HAS_PROGRAM" ] || { [ -x "$PROGRAM/bin/cutoutd" ] || die "$PROGRAM/bin/cutoutd is not there"; return 0; }
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
    fi
    if [ ! -x "$PROGRAM/bin/python" ]; then
        lies_there "$PROGRAM" || undo_later rm -rf "$PROGRAM"
        python3 -m venv "$PROGRAM"
    fi
    "$PROGRAM/bin/pip" install --quiet --disable-pip-version-check --upgrade "$SOURCE" ||
        die "the program could not be installed; what was there is as it was"
    if [ -e /usr/local/bin/cutoutd ] && [ ! -L /usr/local/bin/cutoutd ]; then
        say "kept /usr/local/bin/cutoutd, which is another program; this one is $PROGRAM/bin/cutoutd"
        return
    fi
    lies_there /usr/local/bin/cutoutd || undo_later rm -f /usr/local/bin/cutoutd
    ln -sfn "$PROGRAM/bin/cutoutd" /usr/local/bin/cutoutd
}

# An installation that is there already has answered this question, and so has another instance.
agree_on_group() {
    [ ! -e "$(settings_of "$NAME")" ] || return 0
    ! id -nG cutoutd 2>/dev/null | tr ' ' '\n' | grep -qxF -- "$SHARED" || return 0
    local members answer
    members=$(getent group "$SHARED" | cut -d: -f4)
    [ -t 0 ] || die "the group $SHARED exists already (members: ${members:-none}); say --group $SHARED to share the folders with it, or name another"
    read -rp "The group $SHARED exists already (members: ${members:-none}). Share the folders with it? [y/N] " answer || answer=''
    [[ $answer =~ ^[yY] ]] || die "name another group: --group NAME"
}

people() {
    local is_named=$SHARED
    SHARED=${SHARED:-photos}
    if ! getent group "$SHARED" >/dev/null; then
        groupadd --system "$SHARED"
        undo_later groupdel "$SHARED"
    elif [ -z "$is_named" ]; then
        agree_on_group
    fi
    if [ -n "$IS_DYNAMIC" ]; then
        ! getent passwd cutoutd >/dev/null || getent passwd cutoutd | grep -q "Dynamic User" ||
            die "the user cutoutd exists, so systemd would not make one: userdel cutoutd first"
    else
        getent passwd cutoutd >/dev/null || undo_later userdel cutoutd
        place /etc/sysusers.d/cutoutd.conf "$SOURCE/systemd/sysusers.d/cutoutd.conf"
        systemd-sysusers /etc/sysusers.d/cutoutd.conf
        usermod --append --groups "$SHARED" cutoutd
    fi
}

# place TARGET SOURCE
place() {
    undo_folders "$(dirname "$1")"
    lies_there "$1" || undo_later rm -f "$1"
    install -D -T -m 644 "$2" "$1"
}

# All that is missing of a path, so that no folder stays behind.
undo_folders() {
    local folder=$1 missing=() index
    while [ ! -e "$folder" ]; do missing+=("$folder"); folder=$(dirname "$folder"); done
    for ((index = ${#missing[@]} - 1; index >= 0; index--)); do undo_later rmdir "${missing[index]}"; done
}

folders() {
    local folder
    place /etc/tmpfiles.d/cutoutd.conf "$SOURCE/systemd/tmpfiles.d/cutoutd.conf"
    undo_folders "$CONFIGURATION"
    systemd-tmpfiles --create /etc/tmpfiles.d/cutoutd.conf
    for folder in "$INPUT" "$OUTPUT"; do
        [ -d "$folder" ] && continue
        undo_folders "$folder"
        install -d -m 2770 -g "$SHARED" "$folder"
        say "made $folder for the group $SHARED"
    done
}

configuration() {
    local file
    file=$(settings_of "$NAME")
    [ -e "$file" ] && { say "kept $file"; return; }
    [ ! -L "$file" ] || die "$file is a link that leads nowhere: remove it, or make what it leads to"
    [ -n "$PUBLIC_KEY" ] || read -rp "Uploadcare's public key: " PUBLIC_KEY || true
    [ -n "$PUBLIC_KEY" ] || die "no public key: --public-key"
    undo_later rm -f "$file"
    python3 - "$SOURCE/config.example.yaml" "$file" "$PUBLIC_KEY" "$(key_of "$NAME")" "$(state_of "$NAME")" "$INPUT" "$OUTPUT" <<'PYTHON'
import json, pathlib, re, sys
example, target, *values = sys.argv[1:]
text = pathlib.Path(example).read_text(encoding="utf-8")
# Another instance has a port already; a page that finds its port taken would be missing.
files = (file for file in pathlib.Path(target).parent.glob("*.yaml") if file.is_file())
others = (file.read_text(encoding="utf-8", errors="replace") for file in files)
taken = {int(port) for other in others for port in re.findall(r"""\blisten: *["']?[^\s"'#]*:(\d+)""", other)}
port = next(port for port in range(8717, 65536) if port not in taken)
yours = (
    "  public_key: demopublickey", "  secret_key_file: /etc/cutoutd/secret-key", "state_dir: /var/lib/cutoutd",
    "    input: /srv/photos/in", "    output: /srv/photos/out", "  listen: 127.0.0.1:8717",
)
for line, value in zip(yours, (*values, f"127.0.0.1:{port}")):
    key, _, given = line.partition(": ")
    assert text.count(line + "\n") == 1, line
    written = value if value == given or key == "  listen" else json.dumps(value, ensure_ascii=False)
    text = text.replace(line + "\n", f"{key}: {written}\n")
pathlib.Path(target).write_text(text, encoding="utf-8")
PYTHON
    chmod 644 "$file"
}

# The key is never an argument of a program: everybody can read those.
secret() {
    if [ -n "$KEY_FILE" ]; then cat "$KEY_FILE"; return; fi
    local key
    read -rsp "Uploadcare's secret key (not shown): " key || true
    echo >&2
    [ -n "$key" ] || die "no secret key: --secret-key-file"
    printf '%s\n' "$key"
}

credential() {
    local plain sealed
    plain=$(key_of "$NAME") sealed=$(key_of "$NAME").cred
    if [ -e "$sealed" ] || [ -e "$plain" ] && [ -z "$KEY_FILE" ]; then
        say "kept the secret key"
        [ -z "$IS_ENCRYPTED" ] || [ -e "$sealed" ] || say "it is not encrypted: to have that, add --secret-key-file $plain"
        return
    fi
    undo_later rm -f "$plain.new" "$sealed.new"
    # The other form goes only at the very end: a failure before that must leave one.
    if [ -n "$IS_ENCRYPTED" ]; then
        [ -e "$sealed" ] || undo_later rm -f "$sealed"
        secret | systemd-creds encrypt --quiet --name=uploadcare-secret-key - "$sealed.new"
        mv "$sealed.new" "$sealed"
        OUTDATED+=("$plain")
        undo_later sed -i 's|^  #   secret_key_file: |  secret_key_file: |' "$(settings_of "$NAME")"
        sed -i "s|^  secret_key_file: .*$|  # &|" "$(settings_of "$NAME")"
    else
        [ -e "$plain" ] || undo_later rm -f "$plain"
        (umask 077; secret >"$plain.new")
        mv "$plain.new" "$plain"
        [ ! -e "$sealed" ] || undo_later mv "$sealed.old" "$sealed"
        [ ! -e "$sealed" ] || { mv "$sealed" "$sealed.old"; OUTDATED+=("$sealed.old"); }
        sed -i 's|^  #   secret_key_file: |  secret_key_file: |' "$(settings_of "$NAME")"
    fi
}

# A drop-in of ours, or none.
drop_in() {
    local file
    file=$UNITS/$(unit_of "$NAME").service.d/$1.conf
    undo_folders "${file%/*}"
    lies_there "$file" || undo_later rm -f "$file" "$file.new"
    mkdir -p "${file%/*}"
    cat >"$file.new"
    if [ -s "$file.new" ]; then mv "$file.new" "$file"; else rm -f "$file.new" "$file"; fi
}

units() {
    local unit sealed
    for unit in cutoutd cutoutd@ cutoutd-failure@; do place "$UNITS/$unit.service" "$SOURCE/systemd/$unit.service"; done
    "$PROGRAM/bin/cutoutd" systemd-dropin --config "$(settings_of "$NAME")" | drop_in folders
    sealed=$(key_of "$NAME").cred
    if [ -e "$sealed" ]; then
        printf '[Service]\nLoadCredential=\nLoadCredentialEncrypted=uploadcare-secret-key:%s\n' "$sealed"
    fi | drop_in credential
    if [ -n "$IS_DYNAMIC" ]; then printf '[Service]\nDynamicUser=yes\n'; fi | drop_in user
    systemctl daemon-reload
}

start() {
    local unit
    unit=$(unit_of "$NAME")
    [ ${#RUNNING[@]} = 0 ] || systemctl start "${RUNNING[@]}" || die "not all that ran before has started: systemctl status ${RUNNING[*]}"
    [ -n "$STARTS" ] || { say "start it with: systemctl enable --now $unit"; return; }
    systemctl enable --quiet "$unit"
    systemctl restart "$unit" || { systemctl status --no-pager --lines 20 "$unit" || true; die "it did not start"; }
    verify
    say "$unit runs: put photos into $INPUT, find cutouts in $OUTPUT (systemctl status $unit)"
}

# As the service sees it. An encrypted key can be read by services only, so the check is run as one. The folder of a user
# that systemd makes is hidden from all others, so the check is run inside the service, with the ids of its process.
verify() {
    local settings sealed variable process as_service=() seen_by=(--user cutoutd) is_well=yes
    settings=$(settings_of "$NAME") sealed=$(key_of "$NAME").cred
    if [ "$(systemctl show --property=DynamicUser --value "$(unit_of "$NAME")")" = yes ]; then
        process=$(systemctl show --property=MainPID --value "$(unit_of "$NAME")")
        seen_by=()
        as_service=(nsenter --target "$process" --mount setpriv "--reuid=$(id_of "$process" Uid)" "--regid=$(id_of "$process" Gid)"
            "--groups=$(sed -n 's/^Groups:\s*//p' "/proc/$process/status" | xargs | tr ' ' ,)"
            env "CREDENTIALS_DIRECTORY=/run/credentials/$(unit_of "$NAME").service")
    elif [ -e "$sealed" ]; then
        as_service=(systemd-run -qdP -p "LoadCredentialEncrypted=uploadcare-secret-key:$sealed")
        for variable in UPLOADCARE_API_BASE UPLOADCARE_UPLOAD_BASE UPLOADCARE_CDN_BASE; do
            [ -z "${!variable:-}" ] || as_service+=(-E "$variable")
        done
    fi
    say "what cutoutd check finds as the service:"
    "${as_service[@]}" "$PROGRAM/bin/cutoutd" check "${seen_by[@]}" --config "$settings" || is_well=''
    say "what cutoutd status shows:"
    "$PROGRAM/bin/cutoutd" status --config "$settings" || is_well=''
    [ -n "$is_well" ] ||
        die "it is installed and runs, but not all is well: mend what is said above, then $(next_look "$settings" "${as_service[@]}")"
}

id_of() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }

# A check that needs the inside of a service is made by this program only.
next_look() {
    if [ $# = 1 ]; then echo "look again: sudo cutoutd check --user cutoutd --config $1"; else echo "run this again"; fi
}

remove() {
    local name names=()
    [ -z "$NAME" ] || [ -e "$(settings_of "$NAME")" ] || services | grep -qxF -- "$NAME" || die "there is no instance $NAME"
    mapfile -t names < <(concerned)
    # First all stand still: a program that is taken away under a service could not even stop it in order.
    for name in "${names[@]}"; do
        systemctl disable --quiet --now "$(unit_of "$name")" 2>/dev/null || true
        ! systemctl is-active --quiet "$(unit_of "$name")" || die "$(unit_of "$name") could not be stopped; nothing was removed"
    done
    for name in "${names[@]}"; do
        rm -f "$UNITS/$(unit_of "$name").service.d"/{folders,credential,user}.conf
        rmdir "$UNITS/$(unit_of "$name").service.d" 2>/dev/null || true
        [ "$ACTION" != purge ] || forget "$name"
    done
    [ -n "$NAME" ] || remove_program
    systemctl daemon-reload
    if [ "$ACTION" = purge ]; then
        say "$(unit_of "$NAME") is gone${names[1]:+, with its instances}; photos, cutouts and their group are untouched"
    else
        say "$(unit_of "$NAME") is uninstalled${names[1]:+, with its instances}; configuration, keys and ledgers are kept (purge removes them)"
    fi
}

# Configuration, key, ledger and their copies.
forget() {
    local state
    state=$(state_of "$1")
    rm -f "$(settings_of "$1")" "$(key_of "$1")" "$(key_of "$1").cred"
    rm -rf "$state" "${state/lib/lib/private}"
    [ -z "$1" ] || rm -rf "$(backups_of "$1")"
}

remove_program() {
    rm -f "$UNITS"/cutoutd{,@,-failure@}.service /etc/sysusers.d/cutoutd.conf /etc/tmpfiles.d/cutoutd.conf
    [ -n "$HAS_PROGRAM" ] || rm -rf "$PROGRAM"
    [ ! -L /usr/local/bin/cutoutd ] || rm -f /usr/local/bin/cutoutd
    [ "$ACTION" = purge ] || return 0
    rm -rf "$CONFIGURATION" "$BACKUPS"
    ! getent passwd cutoutd >/dev/null || getent passwd cutoutd | grep -q "Dynamic User" || userdel cutoutd
}

options "$@"
[ "$(id -u)" = 0 ] || die "needs root: sudo $0"
trap finish EXIT
if [ "$ACTION" = install ]; then
    ledgers; program; people; folders; configuration; credential; units
    IS_COMPLETE=yes
    [ ${#OUTDATED[@]} = 0 ] || rm -f "${OUTDATED[@]}"
    start
else
    remove
fi
