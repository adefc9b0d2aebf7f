#!/bin/bash
# A reload by SIGHUP takes what is new, keeps the counters of SAs that did not change, and repeats no
# nonce; one with an error changes nothing.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

veth_wire
two_gateways net_af_packet1,iface=wan0 net_af_packet1,iface=wan0
record wire gate-a wan0
check "traffic crosses" pings in_namespace host-a 10.2.0.2
before=$(packets_of_sas a)

route a 10.77.0.0/16 via 192.0.2.2
kill -HUP "$(cat "$work/a.pid")"
has_route() { ctl a show routes --json | grep -q '10\.77\.0\.0'; }
check "SIGHUP brings in a new route" eventually 5 has_route
check "the counters stay" [ "$(packets_of_sas a)" = "$before" ]
check "traffic crosses after it" pings in_namespace host-a 10.2.0.2

cp -p "$work/a.toml" "$work/a.good"
echo 'nonsense = true' >>"$work/a.toml"
check "a reload with an error is refused" not ctl a reload
cp "$work/a.good" "$work/a.toml"
check "and the running state stays" pings in_namespace host-a 10.2.0.2
gateways_agree
no_nonce_repeats
