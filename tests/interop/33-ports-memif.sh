#!/bin/bash
# Two gateways over net_memif: shared memory, no kernel on the wire.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

silent_namespace gate-a gate-b
memif=net_memif0,id=0,socket=$work/memif.sock,socket-abstract=no
two_gateways $memif,role=server $memif,role=client
both_families_cross
gateways_agree
