#!/bin/bash
# Two gateways over net_pcap on veth: the wire carries ESP only.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

veth_wire
two_gateways net_pcap0,rx_iface_in=wan0,tx_iface=wan0 net_pcap0,rx_iface_in=wan0,tx_iface=wan0
record wire gate-a wan0
both_families_cross
gateways_agree
only_esp_in wire
