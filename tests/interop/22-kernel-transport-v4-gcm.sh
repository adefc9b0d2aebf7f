#!/bin/bash
# Linux kernel peer, Sallyport in the host role: ESP transport mode over IPv4, AES-128-GCM.
# Proves: ARCH-02, ESP-18
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

transport_to_kernel ipv4 gcm
record wire gate wan0
ping_and_udp_both_ways gate $near "" $far
both_sides_agree
only_esp_in wire
