#!/bin/bash
# What crossed the wire once does not enter a second time: neither at once nor after a restart (MAN-02).
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

veth_wire
two_gateways net_af_packet1,iface=wan0 net_af_packet1,iface=wan0
record wire gate-a wan0
check "traffic crosses" pings in_namespace host-a 10.2.0.2
stop wire INT

# The five replies of b, sent again by a stranger on the wire.
none_enters() {
  local before
  before=$(dropped a replay)
  record "$1" gate-a lan0
  check "$1: five packets sent again" \
    [ "$(inside gate-b "$interop/inject.py" "$work/wire.pcap" wan0 192.0.2.2)" = 5 ]
  all_counted() { [ $(($(dropped a replay) - before)) = 5 ]; }
  check "$1: each counted as replay" eventually 2 all_counted
  stop "$1" INT
  check "$1: none of them reached the host" [ "$(recorded "$1" icmp)" = 0 ]
}

none_enters at-once
stop a TERM
gateway a gate-a
none_enters after-a-restart
check "what is new still crosses" pings in_namespace host-a 10.2.0.2
