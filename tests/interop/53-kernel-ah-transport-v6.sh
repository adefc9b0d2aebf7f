#!/bin/bash
# Linux kernel peer, Sallyport in the host role: AH transport mode over IPv6, HMAC-SHA1.
# Proves: AH-04, AH-09, AH-18
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

transport_to_kernel ipv6 ah-sha1
record wire gate wan0
ping_and_udp_both_ways gate $near "" $far
both_sides_agree
only_ah_in wire
