#!/bin/bash
# The Linux kernel as mobile node, Sallyport as its home agent: registrations behind ESP and behind AH, the home test
# and payload in the tunnel, a move by XFRM_MIGRATE, and what is not protected comes to nothing.
# Proves: HA-01, HA-05, HA-11, HA-12, HA-14, HA-15, AH-11, AH-12, MAPI-02, MAPI-05
# Proves: MSEC-05, MSEC-06, MSEC-10, MSEC-11, MSEC-12, MSEC-25, MSEC-26
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_mobility.sh"

correspondent=2001:db8:1::9  # a host of the home link: it asks its neighbours for the node

topology() {
  namespace correspondent internet
  silent_namespace gate visited
  cable correspondent host gate home0
  cable gate wan0 internet rf
  cable internet rb visited vb
  cable internet rc visited vc
  internet
  inside correspondent sysctl -q -w net.ipv6.conf.host.accept_ra=0
  address correspondent host $correspondent/64
  guest kernel visited vb vc
  in_guest kernel "ip address add $home/128 dev lo home nodad"
  echo_server correspondent
  background home-tests correspondent "$interop/kernel/correspondent.py" $correspondent
  eventually 5 grep -q ready "$work/home-tests.log" || fail "no correspondent"
  guest_program echo "$interop/udp_probe.py echo $echo_port"
}

# attach INTERFACE CARE-OF-ADDRESS ROUTER
attach() {
  in_guest kernel "ip -6 route flush default; for other in eth0 eth1; do ip address flush dev \$other scope global; done
    ip address add $2/64 dev $1 nodad && ip route add default via $3 dev $1 src $home"
}

valid_bindings() { rows "$1" bindings state home_address care_of | sed -n 's/^valid //p'; }
bound_at() { [ "$(valid_bindings "$1")" = "$home $2" ]; }
not_bound() { [ -z "$(valid_bindings "$1")" ]; }

sequence=100
# node_says register|ignored CARE_OF SECONDS
node_says() {
  sequence=$((sequence + 10))
  kernel_script "mobile_node.py $1 $home $agent $2 $sequence $3"
}

payload_crosses() {
  check "ping to the node" pings in_namespace correspondent $home
  check "1400 bytes of UDP to it and back" udp_crosses in_namespace correspondent $home
  check "ping from the node" pings in_guest kernel $correspondent
  check "1400 bytes of UDP from it and back" udp_crosses in_guest kernel $correspondent
  check "a Home Test Init goes through the tunnel, and its Home Test comes back" \
    kernel_script "mobile_node.py home-test $home $correspondent"
}

# roams GATEWAY ALGORITHM: from link B to C, where it deregisters.
roams() {
  check "registered from link B" node_says register $place_b 240
  check "the home agent knows where" bound_at "$1" $place_b
  payload_crosses
  attach eth1 $place_c fe80::c
  check "the kernel's tunnels move" kernel_script "mobility_states.py move $home $agent $place_b $place_c"
  check "payload from link C gets through before the home agent knows of it" says_something
  check "registered from link C" node_says register $place_c 240
  check "the home agent knows of the move" bound_at "$1" $place_c
  payload_crosses
  needs_no_option "$@"
  check "the kernel counted no error" quiet_in_guest kernel
  check "the home agent dropped nothing" nothing_lost "$1"
  check "its accounts balance" accounts_balance "$1"
  check "the node ends its registration" node_says register $place_c 0
  check "there is no binding any more" not_bound "$1"
}

# Answers would go to the place that the home agent knows: there are none.
says_something() {
  ip -n "$lab-correspondent" route add blackhole $home
  record gap correspondent host
  in_guest kernel "ping -n -q -c 3 -i 0.1 -W 1 $correspondent || true"
  stop gap INT
  ip -n "$lab-correspondent" route delete blackhole $home
  [ "$(recorded gap "icmp6[0] == 128 and src $home")" = 3 ]
}

# RFC 6275 11.7.1: AH covers where an update comes from.
needs_no_option() {
  [ "$(protocol_of "$2")" = ah ] || return 0
  check "behind AH an update needs no Alternate Care-of Address" node_says register none 240
  check "the home agent knows where" bound_at "$1" $place_c
}

# refuses_what_is_not_right GATEWAY ALGORITHM: after `roams`, which has shown that the same is answered if it is right.
refuses_what_is_not_right() {
  local before algorithm protocol
  protocol=$(protocol_of "$2")
  algorithm=$(kernel_algorithm "$2" "$(new_keys "$2")")
  before=$(dropped "$1" icv_failure)
  in_guest kernel "algorithm='$algorithm'
    ip xfrm state delete src $home dst $agent proto $protocol spi 0x1001 &&
    ip xfrm state add src $home dst $agent proto $protocol spi 0x1001 reqid 1 mode transport \
      replay-window 64 replay-oseq 1000 \$algorithm"
  check "an update with a wrong key is not answered" node_says ignored $place_c 240
  check "and counted as icv_failure" [ $(($(dropped "$1" icv_failure) - before)) = 1 ]
  before=$(dropped "$1" plaintext_protected)
  kernel_script "mobility_states.py bare $home $agent"
  check "an update without an SA is not answered" node_says ignored $place_c 240
  check "and counted as plaintext_protected" [ $(($(dropped "$1" plaintext_protected) - before)) = 1 ]
  check "there is no binding" not_bound "$1"
}

# one_life ALGORITHM, of Binding Updates and Acknowledgements
one_life() {
  local gate
  gate=gate-$(protocol_of "$1")
  echo "  --- Binding Updates behind $1"
  mobile_keys "$1"
  home_agent "$gate" "$1"
  attach eth0 $place_b fe80::b
  forget_states
  kernel_script "mobility_states.py set $work/states $home $agent $place_b" || fail "the guest refuses its states"
  record wire internet rf
  roams "$gate" "$1"
  what_was_on_the_wire "$1" 3
  refuses_what_is_not_right "$gate" "$1"
  check "the home agent ends well" stop "$gate"
}

topology
one_life cbc-sha1
one_life ah-sha256
