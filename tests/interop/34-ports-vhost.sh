#!/bin/bash
# Two gateways over net_vhost and net_virtio_user: shared memory, no kernel on the wire.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

silent_namespace gate-a gate-b
two_gateways "net_vhost0,iface=$work/vhost.sock" "net_virtio_user0,path=$work/vhost.sock"
both_families_cross
gateways_agree
