#!/bin/bash
# Two gateways; hosts that send 3000 octets at once. The wire goes over net_pcap, which gives fragments
# as they are: each gateway cuts its ESP packets and makes the other's whole. net_af_packet gives the
# LAN's IPv4 fragments reassembled, so its frames must hold them (framesz).
# Proves: INB-01, OUT-05, ESP-11
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

large_pings() { in_namespace "$1" "ping -n -q -c 5 -i 0.1 -W 2 -s 3000 $2" | grep ' 5 received'; }
joined() { [ "$(rows "$1" account fragments_joined)" -ge 10 ]; }

frames=,framesz=4096
veth_wire
two_gateways net_pcap0,rx_iface_in=wan0,tx_iface=wan0 net_pcap0,rx_iface_in=wan0,tx_iface=wan0
record wire gate-a wan0
check "IPv4 ping -s 3000 a to b" large_pings host-a 10.2.0.2
check "IPv4 ping -s 3000 b to a" large_pings host-b 10.1.0.2
# The first tells each host what fits the tunnel; it sends smaller fragments from then on.
in_namespace host-a "ping -n -q -c 2 -W 1 -s 3000 2001:db8:2::2" || true
in_namespace host-b "ping -n -q -c 2 -W 1 -s 3000 2001:db8:1::2" || true
check "IPv6 ping -s 3000 a to b" large_pings host-a 2001:db8:2::2
check "IPv6 ping -s 3000 b to a" large_pings host-b 2001:db8:1::2
check "a made fragments of b whole" joined a
check "b made fragments of a whole" joined b
gateways_agree
only_esp_in wire
