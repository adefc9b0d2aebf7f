#!/bin/bash
# Two gateways whose hosts sit behind net_tap: each gateway runs in its host's namespace.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

namespace host-a host-b
cable host-a wan0 host-b wan0
for me in a b; do
  inside host-$me sysctl -q -w net.ipv6.conf.wan0.disable_ipv6=1
  configure_gateway $me net_tap0,iface=host0 net_af_packet0,iface=wan0
  gateway $me host-$me
  plain_link host-$me host0
  configure_host $me
done
record wire host-a wan0
both_families_cross
gateways_agree
only_esp_in wire
