#!/bin/bash
# net_ring gives back what it is sent: a packet whose next hop is the gateway itself goes round until
# its TTL has run out, and the host hears of it.
. "$(dirname "$0")/_lab.sh"

namespace host
silent_namespace gate
cable host host0 gate lan0
address host host0 10.1.0.2/24 10.1.0.1

configuration gate
port gate lan protected net_af_packet0,iface=lan0 10.1.0.1/24
port gate ring protected net_ring0 10.9.0.1/24
echo 'mac = "02:00:00:00:00:09"' >>"$work/gate.toml"
route gate 10.8.0.0/24 via 10.9.0.2
printf '\n[[neighbour]]\naddress = "10.9.0.2"\nmac = "02:00:00:00:00:09"\nport = "ring"\n' \
  >>"$work/gate.toml"
gateway gate gate

went_round() { in_namespace host 'ping -n -c 1 -t 5 -W 2 10.8.0.1 || true' | grep 'Time to live exceeded'; }
check "a packet of TTL 5 went round and expired" went_round
