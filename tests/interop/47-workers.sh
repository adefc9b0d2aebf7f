#!/bin/bash
# Two workers in each gateway: a on devices with a queue pair for each, b on devices with one. Many
# flows cross both ways at once; nothing is lost, nothing is taken for a replay, no number is used twice.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

command -v iperf3 >/dev/null || skip "iperf3 is not installed"
workers=2
queues=([a]=,qpairs=2)
veth_wire
two_gateways net_af_packet1,iface=wan0,qpairs=2 net_af_packet1,iface=wan0
record wire gate-a wan0
both_families_cross

background iperf host-b iperf3 --server --forceflush
eventually 5 grep -q listening "$work/iperf.log" || fail "no iperf3 server"

# stream DIRECTION_FLAG...: eight flows of UDP; prints how many datagrams came and how many did not.
stream() {
  inside host-a iperf3 --client 10.2.0.2 --udp --bitrate 2M --length 1200 --parallel 8 --time 3 \
    --json "$@" >"$work/iperf.json"
  /usr/bin/python3 -c '
import json, sys
end = json.load(open(sys.argv[1]))["end"]["sum"]
print(end["packets"], end["lost_packets"])' "$work/iperf.json"
}
crosses_whole() {
  local packets lost
  read -r packets lost < <(stream "$@")
  echo "$packets packets, $lost lost"
  [ "$packets" -gt 4000 ] && [ "$lost" = 0 ]
}
check "eight flows of UDP a to b" crosses_whole
check "eight flows of UDP b to a" crosses_whole --reverse
check "TCP both ways" inside host-a iperf3 --client 10.2.0.2 --bidir --bitrate 20M --time 3

for gate in a b; do
  rows $gate workers worker given taken >>"$work/check.log"
  check "$gate took nothing for a replay" [ "$(dropped $gate replay)" = 0 ]
done
check "workers of b handed packets over" \
  [ "$(rows b workers given | awk '{ given += $1 } END { print given }')" -gt 4000 ]
gateways_agree
no_nonce_repeats
