#!/bin/bash
# Linux kernel peer: ESP tunnel over IPv6 with IPv4 inside, AES-128-GCM.
# Proves: TUN-01
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

tunnel_to_kernel ipv6 gcm ipv4
record wire gate wan0
ping_and_udp_both_ways site $near_host "ip netns exec host" $far_host
both_sides_agree
only_esp_in wire
