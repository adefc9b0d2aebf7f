# Sourced by every scenario: namespaces, cables, gateways, guests, captures and checks.
# Whatever happens, everything made here is taken away at the end.
set -euo pipefail

interop=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$interop/../.." && pwd)
build=${SALLYPORT_BUILD:-$root/build/release}
export SALLYPORT_INTEROP_CACHE=${SALLYPORT_INTEROP_CACHE:-$root/build/interop-cache}

scenario=$(basename "$0" .sh)
work=$(mktemp -d /tmp/sallyport-interop.XXXXXX)
lab=sp$$  # begins the name of every namespace
reason=
processes=()
namespaces=()
guests=()
mtu=1500
policies=0
workers=1  # of each gateway

finish() {
  local status=$? process guest namespace log
  trap - EXIT
  for process in "${processes[@]}"; do
    { kill -9 "$process" && wait "$process"; } 2>/dev/null || true
  done
  for guest in "${guests[@]}"; do "$interop/kernel/guest.sh" down "$work/$guest" || true; done
  for namespace in "${namespaces[@]}"; do ip netns delete "$lab-$namespace" || true; done
  case $status in
    0) echo "ok $scenario" ;;
    77) echo "skipped: $reason" ;;
    *)
      for log in "$work"/*.log; do
        [ -s "$log" ] && echo "--- end of $(basename "$log")" && tail -n 25 "$log"
      done
      echo "FAIL $scenario: ${reason:-stopped with status $status}"
      status=1
      ;;
  esac
  rm -rf /var/run/dpdk/sallyport-"$lab"-*
  if [ -z "${SALLYPORT_INTEROP_KEEP:-}" ]; then rm -rf "$work"; else echo "kept: $work"; fi
  exit "$status"
}
trap finish EXIT
trap 'reason=interrupted; exit 1' INT TERM

fail() { reason=$*; exit 1; }
skip() { reason=$*; exit 77; }
[ "$(id -u)" = 0 ] || skip "namespaces need root"

# check WHAT COMMAND...: one line a check; the first that fails ends the scenario.
check() {
  local what=$1
  shift
  if "$@" >>"$work/check.log" 2>&1; then echo "  $what"; else fail "$what"; fi
}

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
  local deadline=$(($(date +%s%N) + $1 * 1000000000))
  shift
  until "$@"; do
    [ "$(date +%s%N)" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

not() { ! "$@"; }

namespace() {
  local name
  for name in "$@"; do
    ip netns add "$lab-$name"
    namespaces+=("$name")
    ip -n "$lab-$name" link set lo up
    inside "$name" sysctl -q -w net.ipv6.conf.{all,default}.accept_dad=0 \
      net.ipv6.conf.default.router_solicitations=0
  done
}

# A namespace whose kernel only lends its links to a gateway and never speaks itself.
silent_namespace() {
  namespace "$@"
  local name
  for name in "$@"; do inside "$name" sysctl -q -w net.ipv6.conf.{all,default}.disable_ipv6=1; done
}

inside() { ip netns exec "$lab-$1" "${@:2}"; }

# cable NAMESPACE INTERFACE NAMESPACE INTERFACE: whole packets, real checksums.
cable() {
  ip link add "$2" netns "$lab-$1" type veth peer name "$4" netns "$lab-$3"
  plain_link "$1" "$2"
  plain_link "$3" "$4"
}

plain_link() {
  inside "$1" ethtool -K "$2" tx off rx off gso off tso off gro off >/dev/null 2>&1 || true
  ip -n "$lab-$1" link set "$2" mtu $mtu up
}

# address NAMESPACE INTERFACE ADDRESS/LENGTH [ROUTER]
address() {
  ip -n "$lab-$1" address add "$3" dev "$2"
  [ $# -lt 4 ] || ip -n "$lab-$1" route add default via "$4"
}

# background NAME NAMESPACE COMMAND...: its output goes to NAME.log; `stop NAME` ends it.
background() {
  ip netns exec "$lab-$2" "${@:3}" >"$work/$1.log" 2>&1 &
  processes+=($!)
  echo $! >"$work/$1.pid"
}

running() { kill -0 "$(cat "$work/$1.pid")" 2>/dev/null; }

# stop NAME [SIGNAL]: its exit status; 1 as well if it still runs after five seconds.
stop() {
  local pid
  pid=$(cat "$work/$1.pid")
  {
    kill "-${2:-TERM}" "$pid" && eventually 5 not running "$1" && wait "$pid"
  } 2>/dev/null  # the shell's own word about a killed process
}

# --- keys: random ones at each run, KEYS is hex ---

new_keys() {
  local bytes
  case $1 in gcm | ah-sha1) bytes=20 ;; cbc-sha1) bytes=36 ;; ah-sha256) bytes=32 ;; esac
  head -c $bytes /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# As `ip xfrm state` takes them: kernel_algorithm ALGORITHM KEYS
kernel_algorithm() {
  case $1 in
    gcm) echo "aead rfc4106(gcm(aes)) 0x$2 128" ;;
    cbc-sha1) echo "enc cbc(aes) 0x${2:0:32} auth-trunc hmac(sha1) 0x${2:32} 96" ;;
    ah-sha1) echo "auth-trunc hmac(sha1) 0x$2 96 $(kernel_alignment)" ;;
    ah-sha256) echo "auth-trunc hmac(sha256) 0x$2 128 $(kernel_alignment)" ;;
  esac
}

# AH over IPv4 is padded to $ah_alignment octets, 4 where nothing is said; Linux to 8.
kernel_alignment() { [ "${ah_alignment:-4}" = 8 ] || echo "flag align4"; }

sallyport_algorithm() {
  case $1 in
    gcm) printf '%s\n' 'transform = "aes128-gcm16"' 'unsafe_static_key = true' "key = \"$2\"" ;;
    cbc-sha1) printf '%s\n' 'transform = "aes128-cbc+hmac-sha1-96"' "key = \"${2:0:32}\"" \
      "integrity_key = \"${2:32}\"" ;;
    ah-sha1) printf '%s\n' 'transform = "hmac-sha1-96"' "integrity_key = \"$2\"" \
      "ah_alignment = ${ah_alignment:-4}" ;;
    ah-sha256) printf '%s\n' 'transform = "hmac-sha256-128"' "integrity_key = \"$2\"" \
      "ah_alignment = ${ah_alignment:-4}" ;;
  esac
}

# The IPsec protocol of an algorithm.
protocol_of() { case $1 in ah-*) echo ah ;; *) echo esp ;; esac; }

# --- Sallyport ---

frames=  # more arguments of net_af_packet devices

# configuration NAME: begins $work/NAME.toml with what every gateway has.
configuration() {
  install -m 600 /dev/null "$work/$1.toml"
  cat >"$work/$1.toml" <<T
[instance]
name = "$lab-$1"
run_directory = "$work/$1.run"
state_directory = "$work/$1.state"
inline_secrets = true

[dataplane]
workers = $workers
idle = "sleep"
T
}

# "one", "two" out of one,two
listed() { sed 's/[^,]\+/"&"/g; s/,/, /g' <<<"$1"; }

# port NAME PORT SIDE DEVICE [ADDRESS,...]
port() {
  cat >>"$work/$1.toml" <<T

[[port]]
name = "$2"
side = "$3"
device = "$4"
mtu = $mtu
${5:+addresses = [$(listed "$5")]}
T
}

# route NAME TO via|port WHAT
route() { printf '\n[[route]]\nto = "%s"\n%s = "%s"\n' "${@:2}" >>"$work/$1.toml"; }

# protect NAME MODE LOCAL REMOTE OUR_ENDPOINT ITS_ENDPOINT
# A policy for the SAs "out" and "in" that `security_association` adds, of $ipsec_protocol (esp).
protect() {
  local endpoints=
  policies=$((policies + 1))
  [ "$2" = transport ] || endpoints="endpoints = { local = \"$5\", remote = \"$6\" }, "
  cat >>"$work/$1.toml" <<T

[[policy]]
name = "site-$policies"
local = ["$3"]
remote = ["$4"]
action = "protect"
protect = { protocol = "${ipsec_protocol:-esp}", mode = "$2", ${endpoints}esn = false, sas = ["out", "in"] }
T
}

# security_association NAME out|in SPI ALGORITHM KEYS
# $esn (true or false), $window (packets) and $in_udp (yes) change what the policy says of it.
security_association() {
  local encapsulation=
  [ -z "${in_udp:-}" ] || encapsulation='encapsulation = {}'
  cat >>"$work/$1.toml" <<T

[[sa]]
name = "$2"
direction = "$2"
spi = $3
$(sallyport_algorithm "$4" "$5")
${esn:+esn = $esn}
${window:+replay_window = $window}
$encapsulation
T
}

# gateway NAME NAMESPACE: runs $work/NAME.toml and waits until it answers.
gateway() {
  [ -x "$build/sallyport" ] || skip "$build/sallyport is not built"
  mkdir -p "$work/$1.run"
  background "$1" "$2" "$build/sallyport" --config "$work/$1.toml"
  eventually 30 answers "$1" || fail "gateway $1 does not answer"
}

answers() {
  running "$1" || fail "gateway $1 ended"
  ctl "$1" show ports >/dev/null 2>&1
}

ctl() { "$build/sallyportctl" --socket "$work/$1.run/control.sock" "${@:2}"; }

# rows NAME WHAT FIELD...: a line for each row of `show WHAT`.
rows() {
  ctl "$1" show "$2" --json | /usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin)["ok"]["rows"]:
    print(*(row[field] for field in sys.argv[1:]))' "${@:3}"
}

# "SPI PACKETS" of each SA, sorted.
packets_of_sas() { rows "$1" sas spi packets | sort; }

dropped() {
  rows "$1" drops reason packets |
    awk -v reason="$2" '$1 == reason { packets = $2 } END { print packets + 0 }'
}

# Nothing but what kernels say to groups of their link, and what its sender was told is too big.
nothing_lost() {
  rows "$1" drops class reason packets |
    not grep -v -e ^consumed -e multicast -e punt_refused -e too_big
}

# Received and made here = sent, dropped, consumed, delivered and held, at a quiet moment.
accounts_balance() { eventually 2 balanced "$1" || { rows "$1" account balance; return 1; }; }
balanced() { [ "$(rows "$1" account balance)" = 0 ]; }

ended_well() { eventually 5 not running "$1" && wait "$(cat "$work/$1.pid")"; }

# --- Linux kernel guests ---

# guest NAME NAMESPACE INTERFACE...
guest() {
  "$interop/kernel/guest.sh" build || fail "cannot build the kernel guest"
  mkdir "$work/$1"
  guests+=("$1")
  "$interop/kernel/guest.sh" up "$work/$1" "$lab-$2" "${@:3}" || fail "guest $1 does not boot"
}

in_guest() { "$interop/kernel/guest.sh" exec "$work/$1" "${@:2}"; }

# Its kernel has counted no error of IPsec.
quiet_in_guest() { in_guest "$1" 'awk "\$2 { print; bad = 1 } END { exit bad }" /proc/net/xfrm_stat'; }

# --- traffic ---

echo_port=7007

# pings COMMAND... -- ADDRESS: COMMAND leads into a namespace or a guest.
pings() { "${@:1:$#-1}" "ping -n -q -c 5 -i 0.1 -W 2 ${*: -1}" | grep ' 5 received'; }

udp_crosses() { "${@:1:$#-1}" "$interop/udp_probe.py send ${*: -1} $echo_port 5 1400"; }

in_namespace() { inside "$1" sh -c "$2"; }

echo_server() {
  background "echo-$1" "$1" "$interop/udp_probe.py" echo $echo_port
  eventually 5 grep -q ready "$work/echo-$1.log" || fail "no echo server in $1"
}

# --- what was on the wire ---

# record NAME NAMESPACE INTERFACE: `recorded NAME FILTER` counts after `stop NAME`.
record() {
  background "$1" "$2" tcpdump -i "$3" -U --immediate-mode -w "$work/$1.pcap"
  eventually 5 grep -q 'listening on' "$work/$1.log" || fail "no capture on $3"
}

recorded() { tcpdump -n -r "$work/$1.pcap" "$2" 2>/dev/null | wc -l; }

esp='(esp or ip6 proto 50)'
esp_in_udp='(udp port 4500 and udp[8:4] != 0)'
neighbours='(arp or (icmp6 and (ip6[40] == 135 or ip6[40] == 136)))'
listener_reports='(ip6 and ip6[6] == 0 and dst net ff02::/16)'  # MLD of the peer's kernel

only_esp_in() { only_in "$1" ESP "$esp"; }

ah='(proto 51 or ip6 proto 51)'
only_ah_in() { only_in "$1" AH "$ah"; }

# only_in CAPTURE NAME FILTER
only_in() {
  stop "$1" INT
  check "the wire carried $2" [ "$(recorded "$1" "$3")" -gt 0 ]
  check "the wire carried nothing else" \
    [ "$(recorded "$1" "not ($3 or $neighbours or $listener_reports)")" = 0 ]
}
