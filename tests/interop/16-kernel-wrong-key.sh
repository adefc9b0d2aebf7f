#!/bin/bash
# Linux kernel peer that seals with a wrong key: nothing enters, icv_failure counts each packet.
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

tunnel_to_kernel ipv4 gcm
check "with the right key ping crosses" pings in_guest kernel "ip netns exec host" $near_host
before=$(dropped gate icv_failure)

# Beyond the numbers used so far, so that it is the key that fails and not the replay check.
in_guest kernel "algorithm='$(kernel_algorithm gcm "$(new_keys gcm)")'
  ip xfrm state delete src $far dst $near proto esp spi $spi_in &&
  ip xfrm state add src $far dst $near proto esp spi $spi_in reqid 1 mode tunnel \
    replay-window 64 replay-oseq 1000 \$algorithm"
record lan gate lan0
check "with a wrong key it does not" not pings in_guest kernel "ip netns exec host" $near_host
stop lan INT
check "none of it reached the host" [ "$(recorded lan "src $far_host")" = 0 ]
check "the gateway counted 5 packets as icv_failure" \
  [ $(($(dropped gate icv_failure) - before)) = 5 ]
