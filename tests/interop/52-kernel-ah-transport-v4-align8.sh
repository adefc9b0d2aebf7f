#!/bin/bash
# Linux kernel peer, Sallyport in the host role: AH transport mode over IPv4, HMAC-SHA256, aligned to
# 8 octets as Linux does unless it is told otherwise.
# Proves: AH-03, AH-04, AH-18
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

ah_alignment=8
transport_to_kernel ipv4 ah-sha256
record wire gate wan0
ping_and_udp_both_ways gate $near "" $far
both_sides_agree
only_ah_in wire
