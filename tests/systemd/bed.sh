#!/bin/bash
# bed.sh: a real systemd as PID 1 of its own PID, mount, UTS, IPC,
# network and cgroup namespaces, on an overlay of this machine's root file
# system (or of a clean one). Needs root. Nothing leaves loopback.
#
#   bed.sh up              boot, building what is missing
#   bed.sh exec CMD...     run CMD inside, as root; exit status passed on
#   bed.sh copy SRC DST    copy a file or folder from here to DST inside
#   bed.sh pull SRC DST    copy a file or folder from inside to here
#   bed.sh status | down
#
# BED_NAME=bed      several beds can be up at once under different names
# BED_ROOT=host     overlay of / (no download at all where systemd is installed)
#          clean    overlay of a minimal Debian 12 (mmdebstrap, built once, cached)
# BED_CGROUP=unified  as Debian 12 is by default; MemoryMax=, TasksMax= and CPUQuota=
#                     are then accepted but NOT enforced where the host keeps the
#                     controllers in cgroup v1
#            hybrid   v1 controllers too: those limits are enforced
# BED_SHOW="FROM:TO ..."   folders of this machine to be seen inside, read-only
# BED_CACHE=/var/cache/systemd-bed    BED_PKGS: more packages for `clean`
set -euo pipefail
NAME=${BED_NAME:-bed} ROOT=${BED_ROOT:-host} CACHE=${BED_CACHE:-/var/cache/systemd-bed}
[[ $NAME =~ ^[A-Za-z0-9_-]+$ ]] || { echo "bad BED_NAME" >&2; exit 2; }
DIR=/run/systemd-bed/$NAME V1="memory pids cpu cpuacct devices blkio systemd"
CG2=$(awk '$3=="cgroup2"{print $2; exit}' /proc/mounts)

die() { echo "systemd-bed: $*" >&2; exit 1; }
# The pid of the inner PID 1, checked against its start time, so that a reused pid is never hit.
pid() {
    local p s
    read -r p s 2>/dev/null <"$DIR/pid" || return 1
    [ "$(start_of "$p")" = "$s" ] && echo "$p"
}
start_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
inside() { nsenter -t "$P" -m -u -i -n -p -C -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb SYSTEMD_PAGER= SYSTEMD_COLORS=0 "$@"; }

need() {   # need FILE PACKAGE: install only what is missing
    [ -e "$1" ] && return
    [ -n "${UPDATED:-}" ] || { apt-get update -qq >&2; UPDATED=1; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >&2
}

build_clean() {
    [ -e "$CACHE/rootfs/.complete" ] && return
    need /usr/bin/mmdebstrap mmdebstrap
    rm -rf "$CACHE/rootfs"; mkdir -p "$CACHE"
    mmdebstrap --variant=apt --include="systemd,dbus,python3${BED_PKGS:+,$BED_PKGS}" --dpkgopt=force-unsafe-io \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$CACHE/rootfs" $(ls /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null) >"$CACHE/build.log" 2>&1 \
        || { tail -5 "$CACHE/build.log" >&2; die "mmdebstrap failed, see $CACHE/build.log"; }
    touch "$CACHE/rootfs/.complete"
}

up() {
    if P=$(pid); then echo "already up, pid $P"; return; fi
    [ "$(id -u)" = 0 ] || die "needs root"
    [ -n "$CG2" ] || die "no cgroup2 mount"
    local lower=/
    case $ROOT in
        host) need /lib/systemd/systemd systemd; need /usr/bin/dbus-daemon dbus ;;
        clean) build_clean; lower=$CACHE/rootfs ;;
        *) die "BED_ROOT is host or clean" ;;
    esac
    clean_up
    mkdir -p "$DIR" "$CG2/systemd-bed-$NAME"
    cat >"$DIR/init" <<'INIT'
#!/bin/bash
# Runs as the new PID 1, in the new namespaces; ends as systemd.
set -e
DIR=$1 LOWER=$2 N=$DIR/root SHOW=$5
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$DIR/ov" ; mkdir "$DIR/ov/up" "$DIR/ov/work"
mount -t overlay -o "lowerdir=$LOWER,upperdir=$DIR/ov/up,workdir=$DIR/ov/work" overlay "$N"
mount -t proc -o nosuid,nodev,noexec proc "$N/proc"
# Global kernel settings stay out of reach: only the network ones are ours.
mount --bind "$N/proc/sys" "$N/proc/sys"; mount -o remount,ro,bind "$N/proc/sys"
[ ! -e "$N/proc/sysrq-trigger" ] || { mount --bind "$N/proc/sysrq-trigger" "$N/proc/sysrq-trigger"; mount -o remount,ro,bind "$N/proc/sysrq-trigger"; }
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$N/sys"
C=$N/sys/fs/cgroup
if [ "$3" = hybrid ]; then
    mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$C"; mkdir "$C/unified"
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$C/unified"
    for c in $4; do mkdir "$C/$c"; o=$c; [ $c != systemd ] || o=none,name=systemd,xattr
        mount -t cgroup -o "nosuid,nodev,noexec,$o" cgroup "$C/$c" || rmdir "$C/$c"; done
else
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$C"
fi
mount -t tmpfs -o mode=755,nosuid tmpfs "$N/dev"
for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    IFS=: read -r n a b <<<"$d"; mknod -m 666 "$N/dev/$n" c "$a" "$b"; done
mkdir "$N/dev/pts" "$N/dev/shm"; ln -s pts/ptmx "$N/dev/ptmx"
for l in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -s "/proc/self/${l#*:}" "$N/dev/${l%%:*}"; done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$N/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$N/dev/shm"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$N/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$N/tmp"
mkdir -p "$N/run/systemd/system" "$N/run/lock"
for pair in $SHOW; do mkdir -p "$N${pair#*:}"
    mount --bind "${pair%%:*}" "$N${pair#*:}"; mount -o remount,ro,bind "$N${pair#*:}"; done
ip link set lo up 2>/dev/null || python3 - <<'PY' 2>/dev/null || true
import fcntl,socket,struct
s=socket.socket(); fcntl.ioctl(s,0x8914,struct.pack("16sH14s",b"lo",0x1|0x40,b""))
PY
hostname "${DIR##*/}" 2>/dev/null || true
# Nothing that the host has enabled may start: a target with the journal and D-Bus only.
cat >"$N/run/systemd/system/bed.target" <<U
[Unit]
Description=Test bed
Requires=sysinit.target dbus.socket
After=sysinit.target dbus.socket
AllowIsolate=yes
U
for u in systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udev-trigger.service \
         systemd-sysctl.service systemd-modules-load.service systemd-timesyncd.service systemd-hwdb-update.service \
         systemd-random-seed.service systemd-resolved.service systemd-networkd.service systemd-remount-fs.service \
         systemd-binfmt.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
         sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount keyboard-setup.service \
         console-setup.service systemd-update-utmp.service systemd-firstboot.service systemd-sysusers.service \
         ldconfig.service systemd-journald-audit.socket swap.target local-fs.target.wants apparmor.service networking.service; do
    ln -sf /dev/null "$N/run/systemd/system/$u"; done
mkdir -p "$N/etc/systemd/journald.conf.d" "$N/etc/systemd/system.conf.d"
printf '[Journal]\nStorage=volatile\nForwardToConsole=no\nRateLimitBurst=0\nAudit=no\n' >"$N/etc/systemd/journald.conf.d/bed.conf"
: >"$N/etc/fstab" 2>/dev/null || true
rm -f "$N/etc/machine-id"; tr -d - </proc/sys/kernel/random/uuid >"$N/etc/machine-id"
cd "$N"; mkdir -p .oldroot; pivot_root . .oldroot
exec chroot . /bin/sh -c 'umount -l /.oldroot; rmdir /.oldroot
  # systemd itself does this only outside containers; LoadCredential= needs it to reach the service.
  mount --make-rshared /
  exec env -i container=systemd-bed PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-sys_boot,-syslog,-audit_control --inh-caps -sys_module,-sys_time,-sys_rawio,-sys_boot,-syslog,-audit_control \
  /lib/systemd/systemd --system --unit=bed.target --log-target=journal-or-kmsg --log-level=info --show-status=no </dev/null >/dev/null 2>&1'
INIT
    mkdir -p "$DIR/ov" "$DIR/root"
    local cgs=$CG2/systemd-bed-$NAME v1='' c
    if [ "${BED_CGROUP:-unified}" = hybrid ]; then
        for c in $V1; do c=$(v1_dir "$c") && mkdir -p "$c" && cgs+=" $c"; done
        v1=$V1
    fi
    # The new cgroup must hold the process before its cgroup namespace is made.
    setsid bash -c 'for c in $1; do echo $$ >"$c/cgroup.procs"; done; exec unshare --mount --uts --ipc --net --pid --cgroup --fork --kill-child=SIGKILL \
        bash "$2/init" "$2" "$3" "$4" "$5" "$6"' - "$cgs" "$DIR" "$lower" "${BED_CGROUP:-unified}" "$v1" "${BED_SHOW:-}" </dev/null >"$DIR/log" 2>&1 &
    local outer=$! p='' i
    for ((i = 0; i < 200; i++)); do
        p=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null | tr -d ' ') || true
        [ -n "$p" ] && break
        kill -0 "$outer" 2>/dev/null || { cat "$DIR/log" >&2; die "did not start"; }
        sleep 0.02
    done
    echo "$p $(start_of "$p")" >"$DIR/pid"; echo "$outer $(start_of "$outer")" >"$DIR/outer"
    P=$p
    for ((i = 0; i < 600; i++)); do
        [ -d "/proc/$P" ] || { cat "$DIR/log" >&2; die "inner init ended"; }
        if [ -S "/proc/$P/root/run/systemd/private" ]; then
            s=$(inside systemctl is-system-running 2>/dev/null) || true
            case $s in running|degraded) echo "up, pid $P, $s"; return ;; esac
        fi
        sleep 0.05
    done
    inside systemctl list-jobs >&2 || true
    die "not up after 30 s (state: ${s:-none})"
}

# Our cgroup in one v1 hierarchy, under the one that this process is in already.
v1_dir() {
    local h=$1 d; [ "$h" = systemd ] && h=name=systemd
    d=$(awk -F: -v h="$h" '$2==h{print $3}' /proc/self/cgroup); [ -n "$d" ] && [ -d "/sys/fs/cgroup/$1$d" ] || return 1
    echo "/sys/fs/cgroup/$1${d%/}/systemd-bed-$NAME"
}

clean_up() {   # after the inner PID 1 ended, its namespaces and mounts are gone with it
    local c   # only empty cgroups of this bed's name can go: rmdir refuses any other
    find /sys/fs/cgroup -depth -type d -path "*/systemd-bed-$NAME*" \( -path "*/systemd-bed-$NAME" -o -path "*/systemd-bed-$NAME/*" \) \
        -exec rmdir {} + 2>/dev/null || true
    rm -rf "$DIR"
}

down() {
    if P=$(pid); then
        kill -s RTMIN+4 "$P" 2>/dev/null || true       # the clean power-off that systemd knows
        for ((i = 0; i < ${BED_DOWN_WAIT:-100}; i++)); do [ -d "/proc/$P" ] || break; sleep 0.1; done
        P=$(pid) && kill -KILL "$P" && sleep 0.3
    fi
    clean_up; echo down
}

case ${1:-} in
    up) up ;;
    down) down ;;
    status) P=$(pid) || die "not up"; inside systemctl is-system-running ;;
    exec) shift; P=$(pid) || die "not up"; inside "$@" ;;
    copy) P=$(pid) || die "not up"; [ $# = 3 ] || die "copy SRC DST"
        if [ -d "$2" ]; then tar -C "$2" -cf - . | inside sh -c 'mkdir -p "$1" && tar -C "$1" --no-same-owner -xf -' - "$3"
        else inside sh -c 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"' - "$3" "$(stat -c %a "$2")" <"$2"; fi ;;
    pull) P=$(pid) || die "not up"; [ $# = 3 ] || die "pull SRC DST"; cp -a "/proc/$P/root$2" "$3" ;;
    *) sed -n '2,18p' "$0"; exit 2 ;;
esac
