#!/bin/bash
# Linux kernel peer, Sallyport in the host role: ESP transport mode over IPv6, AES-128-GCM.
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

transport_to_kernel ipv6 gcm
record wire gate wan0
ping_and_udp_both_ways gate $near "" $far
both_sides_agree
only_esp_in wire
