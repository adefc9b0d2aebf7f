#!/bin/bash
# Linux kernel peer: AH tunnel over IPv6, HMAC-SHA256.
# Proves: AH-02, AH-03, AH-05, AH-09
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

tunnel_to_kernel ipv6 ah-sha256
record wire gate wan0
ping_and_udp_both_ways site $near_host "ip netns exec host" $far_host
both_sides_agree
only_ah_in wire
