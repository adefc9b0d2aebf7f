# Sourced by scenarios with a Linux kernel guest as the peer. Sallyport runs in the namespace
# "gate"; the guest is at the far end of the wire, gate's wan0 to peer's wan1.

spi_out=0x1001
spi_in=0x1002

# Sets the variables that name the two sides: addresses OUTER_FAMILY INNER_FAMILY, ipv4 or ipv6 each.
addresses() {
  case $1 in
    ipv4) near=192.0.2.1 far=192.0.2.2 outer_net=192.0.2.0/24 outer_length=24 ;;
    ipv6) near=2001:db8:f::1 far=2001:db8:f::2 outer_net=2001:db8:f::/64 outer_length=64 ;;
  esac
  case $2 in
    ipv4)
      near_net=10.1.0.0/24 near_router=10.1.0.1 near_host=10.1.0.2
      far_net=10.2.0.0/24 far_router=10.2.0.1 far_host=10.2.0.2 inner_length=24
      ;;
    ipv6)
      near_net=2001:db8:1::/64 near_router=2001:db8:1::1 near_host=2001:db8:1::2
      far_net=2001:db8:2::/64 far_router=2001:db8:2::1 far_host=2001:db8:2::2 inner_length=64
      ;;
  esac
}

# What the guest's states are besides keys: $esn (true), $window (packets), $in_udp (yes) as in
# `security_association`; a tunnel of two families takes any inner one.
state_options() {
  local flags=
  [ "${esn:-}" != true ] || flags+=" esn"
  [ "$1" = "$2" ] || flags+=" af-unspec"
  echo "replay-window ${window:-64}${flags:+ flag$flags}${in_udp:+ encap espinudp 4500 4500 0.0.0.0}"
}

# Both SAs of the gateway, and the guest's words for them in $guest_states.
associations() {
  local algorithm=$1 keys_out keys_in
  keys_out=$(new_keys "$algorithm")
  keys_in=$(new_keys "$algorithm")
  security_association gate out $spi_out "$algorithm" "$keys_out"
  security_association gate in $spi_in "$algorithm" "$keys_in"
  guest_states="PROTOCOL=$(protocol_of "$algorithm") SPI_OUT=$spi_in ALGORITHM_OUT='$(kernel_algorithm "$algorithm" "$keys_in")' \
    SPI_IN=$spi_out ALGORITHM_IN='$(kernel_algorithm "$algorithm" "$keys_out")'"
}

become_peer() {
  guest kernel peer wan1
  [ -z "${in_udp:-}" ] || in_guest kernel "$interop/kernel/udp_encapsulation.py >/run/encapsulation 2>&1 &
    until grep -q ready /run/encapsulation 2>/dev/null; do sleep 0.1; done"
  in_guest kernel "LOCAL=$far/$outer_length REMOTE=$near $guest_states $* \
    sh $interop/kernel/peer.sh" || fail "the guest refuses its configuration"
}

# tunnel_to_kernel OUTER_FAMILY ALGORITHM [INNER_FAMILY]: the host in "site" and the one behind the
# guest can talk. The inner family is the outer one where it is not named.
tunnel_to_kernel() {
  local inner=${3:-$1}
  addresses "$1" "$inner"
  namespace site peer
  silent_namespace gate
  cable site host gate lan0
  cable gate wan0 peer wan1
  address site host $near_host/$inner_length $near_router

  configuration gate
  port gate lan protected "net_af_packet0,iface=lan0$frames" $near_router/$inner_length
  port gate wan unprotected "net_af_packet1,iface=wan0$frames" $near/$outer_length
  if [ "$1" = "$inner" ]; then route gate $far_net via $far; else route gate $far_net port wan; fi
  ipsec_protocol=$(protocol_of "$2")
  protect gate tunnel $near_net $far_net $near $far
  associations "$2"
  gateway gate gate
  become_peer MODE=tunnel "STATE_OPTIONS='$(state_options "$1" "$inner")'" INNER=$far_router/$inner_length HOST=$far_host INNER_REMOTE=$near_net
}

# transport_to_kernel ipv4|ipv6 ALGORITHM: the host role. The applications are those of the kernel of
# "gate", behind the tap stack0; $near is their address and, on the wire, the gateway's.
transport_to_kernel() {
  addresses "$1" "$1"
  silent_namespace gate
  namespace peer
  cable gate wan0 peer wan1

  configuration gate
  port gate stack protected net_tap0,iface=stack0 $near/$outer_length
  echo 'kind = "local-stack"' >>"$work/gate.toml"
  port gate wan unprotected net_af_packet0,iface=wan0
  route gate "$outer_net" port wan
  ipsec_protocol=$(protocol_of "$2")
  protect gate transport $near $far
  associations "$2"
  gateway gate gate
  inside gate sysctl -q -w net.ipv6.conf.stack0.{disable_ipv6,accept_dad}=0
  plain_link gate stack0
  address gate stack0 $near/$outer_length
  become_peer MODE=transport "STATE_OPTIONS='$(state_options "$1" "$1")'"
}

# ping_and_udp_both_ways NAMESPACE ITS_ADDRESS INTO_HOST ITS_ADDRESS: the kernel's end is inside
# the guest, behind the command INTO_HOST where it is not the guest itself.
ping_and_udp_both_ways() {
  echo_server "$1"
  in_guest kernel "$3 $interop/udp_probe.py echo $echo_port >/run/echo 2>&1 &
    until grep -q ready /run/echo 2>/dev/null; do sleep 0.1; done"
  check "ping to the kernel's side" pings in_namespace "$1" "$4"
  check "1400 bytes of UDP to it and back" udp_crosses in_namespace "$1" "$4"
  check "ping from the kernel's side" pings in_guest kernel "$3" "$2"
  check "1400 bytes of UDP from it and back" udp_crosses in_guest kernel "$3" "$2"
}

both_sides_agree() {
  check "the kernel counted no error" quiet_in_guest kernel
  check "the kernel used both its SAs" states_used_in_guest kernel
  check "the gateway counted the same packets" same_packets_as_kernel
  check "the gateway dropped none of them" nothing_lost gate
  check "the gateway's accounts balance" accounts_balance gate
}

# "SPI PACKETS" of each state in the guest's kernel, sorted.
states_in_guest() {
  in_guest "$1" 'ip -s xfrm state' |
    sed -n 's/.* spi \(0x[0-9a-f]*\)(.*/\1/p; s/.*(bytes), \([0-9]*\)(packets)$/\1/p' |
    paste -d ' ' - - | sort
}

states_used_in_guest() { [ "$(states_in_guest "$1" | awk '$2 > 0' | wc -l)" = 2 ]; }

same_packets_as_kernel() {
  local theirs ours
  theirs=$(states_in_guest kernel)
  ours=$(packets_of_sas gate)
  printf 'kernel:\n%s\ngateway:\n%s\n' "$theirs" "$ours"
  [ "$theirs" = "$ours" ]
}
