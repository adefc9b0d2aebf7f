#!/bin/bash
# Linux kernel peer, ESP tunnel over IPv4: 3000 octets at once both ways. The kernel cuts its ESP packets,
# and net_af_packet gives them reassembled, in frames that hold them (framesz).
# Proves: OUT-05, ESP-11
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

large_ping="ping -n -q -c 5 -i 0.1 -W 2 -s 3000"
answered() { "$@" | grep ' 5 received'; }

frames=,framesz=4096
tunnel_to_kernel ipv4 gcm
record wire gate wan0
check "ping -s 3000 to the kernel's side" answered in_namespace site "$large_ping $far_host"
check "ping -s 3000 from the kernel's side" \
  answered in_guest kernel "ip netns exec host $large_ping $near_host"
both_sides_agree
only_esp_in wire
