#!/bin/bash
# Linux kernel peer: AH tunnel over IPv4, HMAC-SHA256, aligned to 4 octets as RFC 4302 has it.
# Proves: AH-02, AH-03, AH-05, AH-06
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

ah_alignment=4
tunnel_to_kernel ipv4 ah-sha256
record wire gate wan0
ping_and_udp_both_ways site $near_host "ip netns exec host" $far_host
both_sides_agree
only_ah_in wire
