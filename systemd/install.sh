#!/bin/bash
# Installs cutoutd as a systemd service, on Debian 12 and alike; run it from a copy of the source, as root.
#
#   systemd/install.sh [options]      install, or bring an installation up to date; safe to run again
#   systemd/install.sh uninstall      stop it and take it away; configuration, key and ledger stay
#   systemd/install.sh purge          and those as well; photos and cutouts are never touched
#
#   --input DIR, --output DIR   the watched tree and its mirror (/srv/photos/in, /srv/photos/out); made if missing
#   --group NAME                the group that shares them (photos); made if missing
#   --public-key KEY            of the project at Uploadcare; asked for if left out
#   --secret-key-file FILE      where the secret key is read from; asked for if left out
#   --encrypt                   keep the secret key encrypted to this machine (systemd-creds)
#   --dynamic-user              no permanent user: systemd makes one while the service runs
#   --without-program           /opt/cutoutd is there already: leave it alone
#   --without-start             leave starting to you
#
# What exists already is kept: configuration, key, folders with their owners and modes. The ledger is copied to
# /var/backups/cutoutd first (the last three are kept): an older version cannot read what a newer one has changed.
set -euo pipefail
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
PROGRAM=/opt/cutoutd CONFIGURATION=/etc/cutoutd UNITS=/etc/systemd/system BACKUPS=/var/backups/cutoutd
INPUT=/srv/photos/in OUTPUT=/srv/photos/out SHARED=photos PUBLIC_KEY='' KEY_FILE=''
HAS_PROGRAM='' WAS_RUNNING='' IS_ENCRYPTED='' IS_DYNAMIC='' STARTS=yes ACTION=install

say() { echo "install.sh: $*"; }
die() { say "$*" >&2; exit 1; }

options() {
    while [ $# -gt 0 ]; do
        case $1 in
            uninstall | purge) ACTION=$1 ;;
            --encrypt) IS_ENCRYPTED=yes ;;
            --dynamic-user) IS_DYNAMIC=yes ;;
            --without-program) HAS_PROGRAM=yes ;;
            --without-start) STARTS='' ;;
            --input | --output | --group | --public-key | --secret-key-file)
                [ $# -ge 2 ] || { say "$1 needs a value" >&2; exit 2; }
                case $1 in
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
}

# With the version that is being replaced, and while nothing runs: no fact may be missing from the copy, and no program
# may be replaced under a service that has not loaded all of it yet.
ledger() {
    [ -x "$PROGRAM/bin/cutoutd" ] && [ -e "$CONFIGURATION/config.yaml" ] || return 0
    ! systemctl is-active --quiet cutoutd || WAS_RUNNING=yes
    systemctl stop cutoutd 2>/dev/null || true
    local copy said
    copy=$BACKUPS/ledger-$(date +%Y%m%d-%H%M%S).sqlite
    install -d -m 700 "$BACKUPS"
    if said=$("$PROGRAM/bin/cutoutd" backup --force --config "$CONFIGURATION/config.yaml" "$copy" 2>&1); then
        say "kept a copy of the ledger: $copy"
        find "$BACKUPS" -name 'ledger-*.sqlite' | sort | head -n -3 | xargs -r -d '\n' rm -f
    else
        say "no copy of the ledger was made. ${said%%$'\n'*}"
    fi
}

program() {
    [ -z "$HAS_PROGRAM" ] || { [ -x "$PROGRAM/bin/cutoutd" ] || die "$PROGRAM/bin/cutoutd is not there"; return 0; }
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
    fi
    [ -x "$PROGRAM/bin/python" ] || python3 -m venv "$PROGRAM"
    if ! "$PROGRAM/bin/pip" install --quiet --disable-pip-version-check --upgrade "$SOURCE"; then
        [ -z "$WAS_RUNNING" ] || systemctl start cutoutd || true
        die "the program could not be installed; what was there is as it was"
    fi
    ln -sfn "$PROGRAM/bin/cutoutd" /usr/local/bin/cutoutd
}

people() {
    getent group "$SHARED" >/dev/null || groupadd --system "$SHARED"
    if [ -n "$IS_DYNAMIC" ]; then
        ! getent passwd cutoutd >/dev/null || getent passwd cutoutd | grep -q "Dynamic User" ||
            die "the user cutoutd exists, so systemd would not make one: userdel cutoutd first"
    else
        install -D -m 644 "$SOURCE/systemd/sysusers.d/cutoutd.conf" /etc/sysusers.d/cutoutd.conf
        systemd-sysusers /etc/sysusers.d/cutoutd.conf
        usermod --append --groups "$SHARED" cutoutd
    fi
}

folders() {
    local folder
    install -D -m 644 "$SOURCE/systemd/tmpfiles.d/cutoutd.conf" /etc/tmpfiles.d/cutoutd.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/cutoutd.conf
    for folder in "$INPUT" "$OUTPUT"; do
        [ -d "$folder" ] || { install -d -m 2770 -g "$SHARED" "$folder"; say "made $folder for the group $SHARED"; }
    done
}

configuration() {
    [ -e "$CONFIGURATION/config.yaml" ] && { say "kept $CONFIGURATION/config.yaml"; return; }
    [ -n "$PUBLIC_KEY" ] || read -rp "Uploadcare's public key: " PUBLIC_KEY || die "no public key: --public-key"
    python3 - "$SOURCE/config.example.yaml" "$CONFIGURATION/config.yaml" "$PUBLIC_KEY" "$INPUT" "$OUTPUT" <<'PYTHON'
import json, pathlib, sys
example, target, *values = sys.argv[1:]
text = pathlib.Path(example).read_text(encoding="utf-8")
yours = ("  public_key: demopublickey", "    input: /srv/photos/in", "    output: /srv/photos/out")
for line, value in zip(yours, values):
    assert text.count(line + "\n") == 1, line
    text = text.replace(line + "\n", line.partition(": ")[0] + ": " + json.dumps(value, ensure_ascii=False) + "\n")
pathlib.Path(target).write_text(text, encoding="utf-8")
PYTHON
    chmod 644 "$CONFIGURATION/config.yaml"
}

# The key is never an argument of a program: everybody can read those.
secret() {
    if [ -n "$KEY_FILE" ]; then cat "$KEY_FILE"; return; fi
    local key
    read -rsp "Uploadcare's secret key (not shown): " key || die "no secret key: --secret-key-file"
    echo >&2
    printf '%s\n' "$key"
}

credential() {
    local plain=$CONFIGURATION/secret-key sealed=$CONFIGURATION/secret-key.cred
    if [ -e "$sealed" ] || [ -e "$plain" ] && [ -z "$KEY_FILE" ]; then
        say "kept the secret key"
    elif [ -n "$IS_ENCRYPTED" ]; then
        secret | systemd-creds encrypt --quiet --name=uploadcare-secret-key - "$sealed.new"
        mv "$sealed.new" "$sealed"
        rm -f "$plain"
        sed -i 's|^  secret_key_file: /etc/cutoutd/secret-key$|  # &|' "$CONFIGURATION/config.yaml"
    else
        (umask 077; secret >"$plain.new")
        mv "$plain.new" "$plain"
        rm -f "$sealed"
    fi
}

# A drop-in of ours, or none.
drop_in() {
    local file=$UNITS/cutoutd.service.d/$1.conf
    mkdir -p "${file%/*}"
    cat >"$file.new"
    if [ -s "$file.new" ]; then mv "$file.new" "$file"; else rm -f "$file.new" "$file"; fi
}

units() {
    install -m 644 "$SOURCE"/systemd/cutoutd{,@,-failure@}.service "$UNITS/"
    "$PROGRAM/bin/cutoutd" systemd-dropin --config "$CONFIGURATION/config.yaml" | drop_in folders
    if [ -e "$CONFIGURATION/secret-key.cred" ]; then
        printf '[Service]\nLoadCredential=\nLoadCredentialEncrypted=uploadcare-secret-key:%s\n' \
            "$CONFIGURATION/secret-key.cred"
    fi | drop_in credential
    if [ -n "$IS_DYNAMIC" ]; then printf '[Service]\nDynamicUser=yes\n'; fi | drop_in user
    systemctl daemon-reload
}

start() {
    [ -n "$STARTS" ] || { say "start it with: systemctl enable --now cutoutd"; return; }
    systemctl enable --quiet cutoutd
    systemctl restart cutoutd || { systemctl status --no-pager --lines 20 cutoutd || true; die "it did not start"; }
    [ ! -e "$CONFIGURATION/secret-key.cred" ] || say "the key is encrypted for the service; to check as it: systemd-run -qdP \
-p LoadCredentialEncrypted=uploadcare-secret-key:$CONFIGURATION/secret-key.cred cutoutd check --user cutoutd"
    say "cutoutd runs: put photos into $INPUT, find cutouts in $OUTPUT (systemctl status cutoutd)"
}

remove() {
    systemctl disable --quiet --now cutoutd 2>/dev/null || true
    rm -f "$UNITS"/cutoutd{,@,-failure@}.service /etc/sysusers.d/cutoutd.conf /etc/tmpfiles.d/cutoutd.conf
    rm -f "$UNITS"/cutoutd.service.d/{folders,credential,user}.conf
    rmdir "$UNITS/cutoutd.service.d" 2>/dev/null || true
    systemctl daemon-reload
    [ -n "$HAS_PROGRAM" ] || rm -rf "$PROGRAM"
    [ ! -L /usr/local/bin/cutoutd ] || rm -f /usr/local/bin/cutoutd
    if [ "$ACTION" = purge ]; then
        rm -rf "$CONFIGURATION" /var/lib/cutoutd /var/lib/private/cutoutd "$BACKUPS"
        ! getent passwd cutoutd >/dev/null || userdel cutoutd
        say "cutoutd is gone; photos, cutouts and the group $SHARED are untouched"
    else
        say "cutoutd is uninstalled; $CONFIGURATION and /var/lib/cutoutd are kept (purge removes them)"
    fi
}

options "$@"
[ "$(id -u)" = 0 ] || die "needs root: sudo $0"
if [ "$ACTION" = install ]; then
    ledger; program; people; folders; configuration; credential; units; start
else
    remove
fi
