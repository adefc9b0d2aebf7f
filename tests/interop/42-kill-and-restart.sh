#!/bin/bash
# MAN-02: kill -9 under load and a new start never repeat a nonce of a configured AES-GCM SA.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

veth_wire
two_gateways net_af_packet1,iface=wan0 net_af_packet1,iface=wan0
record wire gate-a wan0
for round in 1 2 3; do
  check "traffic crosses, start $round" pings in_namespace host-a 10.2.0.2
  background "load-$round" host-a ping -q -f -w 2 10.2.0.2
  sleep 0.7
  stop a KILL || true
  stop "load-$round" KILL || true
  gateway a gate-a
done
check "traffic crosses after the last" pings in_namespace host-a 10.2.0.2
check "SIGTERM" stop a TERM
gateway a gate-a
check "traffic crosses after a clean restart" pings in_namespace host-a 10.2.0.2
no_nonce_repeats
