#!/bin/bash
# Linux kernel peer, Sallyport in the host role: ESP in UDP, transport mode over IPv4, AES-128-GCM.
# Proves: NAT-01, NAT-02
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

in_udp=yes
transport_to_kernel ipv4 gcm
record wire gate wan0
ping_and_udp_both_ways gate $near "" $far
both_sides_agree
only_in wire "ESP in UDP" "$esp_in_udp"
