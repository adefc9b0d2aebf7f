#!/bin/bash
# Linux kernel peer: ESP in UDP, tunnel mode over IPv4, AES-128-GCM.
# Proves: NAT-01, NAT-02
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

in_udp=yes
tunnel_to_kernel ipv4 gcm
record wire gate wan0
ping_and_udp_both_ways site $near_host "ip netns exec host" $far_host
both_sides_agree
only_in wire "ESP in UDP" "$esp_in_udp"
