#!/bin/bash
# Linux kernel peer: ESP tunnel over IPv4, AES-128-CBC and HMAC-SHA1, extended sequence numbers and
# a replay window of 1024 at both ends.
# Proves: ESP-08, RPL-07
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

esn=true
window=1024
tunnel_to_kernel ipv4 cbc-sha1
record wire gate wan0
ping_and_udp_both_ways site $near_host "ip netns exec host" $far_host
both_sides_agree
only_esp_in wire
