#!/bin/bash
# The Linux kernel as home agent, Sallyport as the mobile node: registrations behind ESP and behind AH, the home test
# and payload in the tunnel, a move that the kernel follows by XFRM_MIGRATE.
# Proves: MN-01, MN-02, MN-07, RR-01, AH-11, AH-12, MAPI-02, MIPPKT-02
# Proves: MSEC-01, MSEC-02, MSEC-03, MSEC-07, MSEC-08, MSEC-09, MSEC-21, MSEC-22
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_mobility.sh"

correspondent=2001:db8:9::9  # in the guest, behind its home agent
another=2001:db8:9::a

topology() {
  namespace internet
  silent_namespace node air peer
  cable node wlan0 air cell
  cable internet rb air at-b
  cable internet rc air at-c
  cable internet rf peer wan1
  internet
  radio
  echo_server node
  guest kernel peer wan1
  home_link
}

# The guest's: its own address, the node's place in its routes, and the correspondent in a namespace.
home_link() {
  in_guest kernel "
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    ip address add 2001:db8:f::1/64 dev eth0 nodad && ip route add default via 2001:db8:f::ff
    ip address add $agent/128 dev lo
    ip netns add correspondent && ip link add lan0 type veth peer name lan1 netns correspondent
    ethtool -K lan0 tx off gso off tso off gro off >/dev/null 2>&1
    ip netns exec correspondent ethtool -K lan1 tx off gso off tso off gro off >/dev/null 2>&1
    ip link set lan0 up && ip -n correspondent link set lo up && ip -n correspondent link set lan1 up
    ip address add 2001:db8:9::1/64 dev lan0 nodad
    ip -n correspondent address add $another/64 dev lan1 nodad
    ip -n correspondent address add $correspondent/64 dev lan1 nodad
    ip -n correspondent route add default via 2001:db8:9::1" || fail "the guest refuses its addresses"
  guest_program echo "ip netns exec correspondent $interop/udp_probe.py echo $echo_port"
  guest_program home-tests "ip netns exec correspondent $interop/kernel/correspondent.py $correspondent"
  guest_program more-home-tests "ip netns exec correspondent $interop/kernel/correspondent.py $another"
}

agent_has_answered() { in_guest kernel "grep '^status 0, sequence [0-9]*, 240 s, at $1' /run/home-agent"; }

# tested_from GATEWAY FILE TESTS: the correspondent with that output has been asked, and the node has heard so many.
tested_from() {
  check "a Home Test Init came out of the tunnel" eventually 10 in_guest kernel "grep -q 'Init of $home' /run/$2"
  check "and its Home Test came back" eventually 5 has_received "$1" tests-down "$3"
}
# has_received NAME SA PACKETS
has_received() { [ "$(packets_of "$1" "$2")" -ge "$3" ]; }

payload_crosses() {
  check "ping to the node" pings in_guest kernel "ip netns exec correspondent" $home
  check "1400 bytes of UDP to it and back" udp_crosses in_guest kernel "ip netns exec correspondent" $home
  check "ping from the node" pings in_namespace node $correspondent
  check "1400 bytes of UDP from it and back" udp_crosses in_namespace node $correspondent
}

# is_at NAME LINK: both ends know it.
is_at() {
  check "registered from link ${2^^}" eventually 15 registered_from "$1" "2001:db8:$2:"
  check "the kernel has answered with 0" eventually 5 agent_has_answered "2001:db8:$2:"
}

# roams NAME: from link B to C
roams() {
  is_at "$1" b
  payload_crosses
  tested_from "$1" home-tests 1
  goes_to c
  ctl "$1" link-moved wlan
  is_at "$1" c
  payload_crosses
  # What the first one has told is good for some minutes (RFC 6275 5.2.7).
  check "ping from another correspondent" pings in_guest kernel "ip netns exec correspondent" "-I $another $home"
  tested_from "$1" more-home-tests 2
  check "the kernel counted no error" quiet_in_guest kernel
  check "the mobile node dropped nothing" nothing_lost "$1"
  check "its accounts balance" accounts_balance "$1"
}

care_of_test_init='(ip6[6] == 135 and ip6[42] == 2)'  # RFC 6275 5.2.5
routers='(icmp6 and (ip6[40] == 133 or ip6[40] == 134))'

# one_life ALGORITHM, of Binding Updates and Acknowledgements
one_life() {
  local node
  node=node-$(protocol_of "$1")
  echo "  --- Binding Updates behind $1"
  mobile_keys "$1"
  forget_states
  in_guest kernel ': >/run/home-tests; : >/run/more-home-tests'
  guest_program home-agent "$interop/kernel/home_agent.py $work/states $home $agent"
  record wire air cell
  goes_to b
  mobile_node "$node" "$1"
  roams "$node"
  what_was_on_the_wire "$1" 2 "$care_of_test_init or $routers"
  check "Care-of Test Inits went straight, as they are" [ "$(recorded wire "$care_of_test_init")" -gt 0 ]
  check "the mobile node ends well" stop "$node"
  in_guest kernel 'kill $(cat /run/home-agent.pid)'
}

topology
one_life cbc-sha1
one_life ah-sha256
