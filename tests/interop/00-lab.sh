#!/bin/bash
# The laboratory proves itself: two Linux kernel guests, ESP tunnel over IPv4 between them.
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"

silent_namespace wire
cable wire left wire right
guest left wire left
guest right wire right

there=$(kernel_algorithm gcm "$(new_keys gcm)")
back=$(kernel_algorithm gcm "$(new_keys gcm)")
in_guest left "MODE=tunnel LOCAL=192.0.2.1/24 REMOTE=192.0.2.2 SPI_OUT=0x1001 SPI_IN=0x1002 \
  ALGORITHM_OUT='$there' ALGORITHM_IN='$back' \
  INNER=10.1.0.1/24 HOST=10.1.0.2 INNER_REMOTE=10.2.0.0/24 sh $interop/kernel/peer.sh"
in_guest right "MODE=tunnel LOCAL=192.0.2.2/24 REMOTE=192.0.2.1 SPI_OUT=0x1002 SPI_IN=0x1001 \
  ALGORITHM_OUT='$back' ALGORITHM_IN='$there' \
  INNER=10.2.0.1/24 HOST=10.2.0.2 INNER_REMOTE=10.1.0.0/24 sh $interop/kernel/peer.sh"

record wire wire left
check "ping crosses" pings in_guest left "ip netns exec host" 10.2.0.2
check "the kernels counted no error" quiet_in_guest left
check "the kernel used both its SAs" states_used_in_guest right
only_esp_in wire
