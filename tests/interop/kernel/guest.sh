#!/bin/bash
# Linux kernel guests (user-mode Linux, Debian's 6.1) as IPsec peers.
#   guest.sh build                    once: fetch and unpack the kernel into the cache
#   guest.sh up DIR NETNS IFACE...    boot; eth0, eth1, ... are AF_PACKET on the IFACEs of NETNS
#   guest.sh exec DIR COMMAND         run a shell command inside; output and exit status come back
#   guest.sh down DIR                 power off
# DIR holds the state of one guest. The guest's root is this machine's own file system, read-only.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SALLYPORT_INTEROP_CACHE:-$here/../../../build/interop-cache}
kernel=$cache/kernel

die() { echo "guest.sh: $*" >&2; exit 1; }

unpack_kernel() {
  local package=user-mode-linux
  cd "$1"
  apt-get download -qq $package 2>/dev/null || { apt-get update -qq; apt-get download -qq $package; }
  dpkg-deb -x $package*.deb .
  mkdir -p lib && mv usr/lib/uml/modules lib/modules && mv usr/bin/linux.uml .
  rm -rf usr etc $package*.deb
  depmod -b . "$(ls lib/modules)"
  gcc -O2 -Wall -shared -fPIC -o xstate_shim.so "$here/xstate_shim.c"
}

build() {
  mkdir -p "$cache"
  exec 9>"$cache/lock" && flock 9
  [ -e "$kernel/xstate_shim.so" ] && [ "$kernel/xstate_shim.so" -nt "$here/xstate_shim.c" ] && return
  local partial=$cache/kernel.partial
  rm -rf "$partial" "$kernel" && mkdir "$partial"
  (unpack_kernel "$partial")
  mv "$partial" "$kernel"
}

# UML keeps its memory in a file: a tmpfs of the guest's own, since /dev/shm may be small or noexec.
boot='mount -t tmpfs -o size=1g guest "$1/memory" && shift && exec "$@"'

up() {
  local dir=$1 netns=$2 index=0 interface nics=()
  shift 2
  [ -e "$kernel/linux.uml" ] || die "run '$0 build' first"
  mkdir -p "$dir/memory" "$dir/jobs" && mkfifo "$dir/control"
  for interface in "$@"; do
    nics+=("vec$index:transport=raw,ifname=$interface,depth=128,gro=0,$(like "$netns" "$interface")")
    index=$((index + 1))
  done
  HOME=$dir TMPDIR=$dir/memory LD_PRELOAD=$kernel/xstate_shim.so \
    setsid ip netns exec "$netns" sh -c "$boot" boot "$dir" \
    "$kernel/linux.uml" mem=192M rootfstype=hostfs rootflags=/ ro init="$here/init" \
    initcall_blacklist=raid6_select_algo con=null con0=fd:0,fd:1 "${nics[@]}" \
    guest_dir="$dir" guest_modules="$kernel" guest_nics=$index \
    <>"$dir/control" >"$dir/console.log" 2>&1 &
  echo $! >"$dir/pid"
  await "$dir" "$dir/ready"
}

# The guest's end takes the interface's MTU, and a stable, locally administered address.
like() {
  local mac mtu
  mac=02:$(echo "$2" | md5sum | sed 's/\(..\)/\1:/g' | cut -c1-14)
  mtu=$(ip netns exec "$1" cat "/sys/class/net/$2/mtu")
  echo "mac=$mac,mtu=$mtu"
}

# The guest has 30 seconds to make the file appear.
await() {
  local dir=$1 file=$2 turns=1000
  until [ -e "$file" ]; do
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || die "guest died: $(tail -n 5 "$dir/console.log")"
    [ $((turns -= 1)) -gt 0 ] || die "guest is silent, see $dir/console.log"
    sleep 0.03
  done
}

run_inside() {
  local dir=$1 status job
  shift
  job=$(mktemp "$dir/jobs/XXXXXX")
  echo "$*" >"$job"
  basename "$job" >"$dir/control"
  await "$dir" "$job.status"
  cat "$job.out"
  return "$(cat "$job.status")"
}

# The guest has nothing to lose: its processes are a session of their own, made by setsid above.
down() { kill -9 -- "-$(cat "$1/pid")" 2>/dev/null || true; }

command=${1:-}
shift || true
case $command in
  build) build ;;
  up) up "$@" ;;
  exec) run_inside "$@" ;;
  down) down "$@" ;;
  *) sed -n '2,7s/^# //p' "$0"; exit 2 ;;
esac
