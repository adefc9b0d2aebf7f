# Sourced by scenarios with a router between two gateways, whose link to gateway b carries 1280
# octets: host-a, gate-a, router, gate-b, host-b. Outer addresses are of the family that
# `narrow_path` is told.

declare -A keys=([a]=$(new_keys gcm) [b]=$(new_keys gcm))
declare -A number=([a]=1 [b]=2) other=([a]=b [b]=a)
declare -A link_mtu=([a]=1500 [b]=1280)

# outer ipv4|ipv6 a|b: the address of a gateway; its router's is the same with 254.
outer() { case $1 in ipv4) echo "192.0.$((${number[$2]} + 1)).1" ;; ipv6) echo "2001:db8:f${number[$2]}::1" ;; esac; }
outer_router() { case $1 in ipv4) echo "192.0.$((${number[$2]} + 1)).254" ;; ipv6) echo "2001:db8:f${number[$2]}::254" ;; esac; }
outer_length() { case $1 in ipv4) echo 24 ;; ipv6) echo 64 ;; esac; }
everywhere() { case $1 in ipv4) echo 0.0.0.0/0 ;; ipv6) echo ::/0 ;; esac; }

# gateway_behind_router ipv4|ipv6 a|b
gateway_behind_router() {
  local me=${number[$2]} peer=${number[${other[$2]}]} here there
  here=$(outer "$1" "$2")
  there=$(outer "$1" "${other[$2]}")
  configuration "$2"
  port "$2" lan protected net_af_packet0,iface=lan0 10.$me.0.1/24,2001:db8:$me::1/64
  mtu=${link_mtu[$2]} port "$2" wan unprotected net_af_packet1,iface=wan0 "$here/$(outer_length "$1")"
  route "$2" "$(everywhere "$1")" via "$(outer_router "$1" "$2")"
  [ "$1" = ipv6 ] || route "$2" 2001:db8:$peer::/64 port wan
  [ "$1" = ipv4 ] || route "$2" 10.$peer.0.0/24 port wan
  protect "$2" tunnel 10.$me.0.0/24 10.$peer.0.0/24 "$here" "$there"
  protect "$2" tunnel 2001:db8:$me::/64 2001:db8:$peer::/64 "$here" "$there"
  security_association "$2" out 0x100$me gcm "${keys[$2]}"
  security_association "$2" in 0x100$peer gcm "${keys[${other[$2]}]}"
}

# narrow_path ipv4|ipv6
narrow_path() {
  local me
  silent_namespace gate-a gate-b
  namespace router
  inside router sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  for me in a b; do
    namespace host-$me
    cable host-$me host0 gate-$me lan0
    mtu=${link_mtu[$me]} cable gate-$me wan0 router to-$me
    address router to-$me "$(outer_router "$1" $me)/$(outer_length "$1")"
    address host-$me host0 10.${number[$me]}.0.2/24 10.${number[$me]}.0.1
    address host-$me host0 2001:db8:${number[$me]}::2/64 2001:db8:${number[$me]}::1
    gateway_behind_router "$1" $me
  done
  gateway a gate-a
  gateway b gate-b
}

# The path MTU of the SA "out" of a gateway.
path_mtu_of() {
  ctl "$1" show sas --json | /usr/bin/python3 -c '
import json, sys
rows = json.load(sys.stdin)["ok"]["rows"]
print(*(row["path_mtu"] for row in rows if row["name"] == "out"))'
}
learnt_by() { rows "$1" icmp outcome messages | awk '$1 == "lowered" { print $2 }'; }

# finds_mtu NAMESPACE ADDRESS OCTETS
finds_mtu() { inside "$1" tracepath -n -m 6 "$2" | tee /dev/stderr | grep "Resume: pmtu $3 "; }

# tcp_crosses FROM ADDRESS [IPERF3_OPTION...]: large segments of a connection all arrive.
tcp_crosses() {
  local server=host-b
  [ "$1" = host-b ] && server=host-a
  background iperf "$server" iperf3 -s -1
  eventually 5 grep -q listening "$work/iperf.log"
  inside "$1" timeout 60 iperf3 -c "$2" -n 4M "${@:3}"
}
