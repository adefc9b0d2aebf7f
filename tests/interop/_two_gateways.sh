# Sourced by scenarios with two Sallyport gateways, a and b, back to back. Each has a host behind it
# and an ESP tunnel to the other: AES-128-GCM, IPv4 outside, IPv4 and IPv6 inside.

declare -A keys=([a]=$(new_keys gcm) [b]=$(new_keys gcm))
declare -A number=([a]=1 [b]=2) other=([a]=b [b]=a)

# configure_gateway a|b LAN_DEVICE WIRE_DEVICE
configure_gateway() {
  local me=${number[$1]} peer=${number[${other[$1]}]}
  configuration "$1"
  port "$1" lan protected "$2" 10.$me.0.1/24,2001:db8:$me::1/64
  port "$1" wan unprotected "$3" 192.0.2.$me/24
  route "$1" 10.$peer.0.0/24 via 192.0.2.$peer
  route "$1" 2001:db8:$peer::/64 port wan
  protect "$1" tunnel 10.$me.0.0/24 10.$peer.0.0/24 192.0.2.$me 192.0.2.$peer
  protect "$1" tunnel 2001:db8:$me::/64 2001:db8:$peer::/64 192.0.2.$me 192.0.2.$peer
  security_association "$1" out 0x100$me gcm "${keys[$1]}"
  security_association "$1" in 0x100$peer gcm "${keys[${other[$1]}]}"
}

# The host of a gateway: namespace host-a or host-b, its interface host0.
configure_host() {
  local me=${number[$1]}
  address "host-$1" host0 10.$me.0.2/24 10.$me.0.1
  address "host-$1" host0 2001:db8:$me::2/64 2001:db8:$me::1
}

# two_gateways WIRE_DEVICE_A WIRE_DEVICE_B: hosts on veth; a is up before b.
two_gateways() {
  local me
  for me in a b; do
    namespace host-$me
    cable host-$me host0 gate-$me lan0
    configure_host $me
  done
  configure_gateway a "net_af_packet0,iface=lan0$frames" "$1"
  configure_gateway b "net_af_packet0,iface=lan0$frames" "$2"
  gateway a gate-a
  gateway b gate-b
}

veth_wire() {
  silent_namespace gate-a gate-b
  cable gate-a wan0 gate-b wan0
}

both_families_cross() {
  check "IPv4 ping a to b" pings in_namespace host-a 10.2.0.2
  check "IPv4 ping b to a" pings in_namespace host-b 10.1.0.2
  check "IPv6 ping a to b" pings in_namespace host-a 2001:db8:2::2
  echo_server host-b
  check "1400 bytes of UDP and back" udp_crosses in_namespace host-a 10.2.0.2
}

gateways_agree() {
  local me
  check "what a sealed, b opened, and back" same_packets_at_both
  for me in a b; do
    check "$me dropped none of them" nothing_lost $me
    check "the accounts of $me balance" accounts_balance $me
  done
}

same_packets_at_both() {
  local a b
  a=$(packets_of_sas a)
  b=$(packets_of_sas b)
  printf 'a:\n%s\nb:\n%s\n' "$a" "$b"
  [ -n "$a" ] && [ "$a" = "$b" ]
}

# Of everything that `record wire` saw.
no_nonce_repeats() {
  local packets repeats
  stop wire INT
  read -r packets repeats < <("$interop/esp_nonces.py" "$work/wire.pcap")
  check "the wire carried ESP ($packets packets)" [ "$packets" -gt 10 ]
  check "no SA used a sequence number or an IV twice" [ "$repeats" = 0 ]
}
