#!/bin/bash
# Linux kernel peer behind a router whose link to it carries 1280 octets: ESP tunnel over IPv4,
# AES-128-GCM. The router answers ARP for either side, so that both ends think they share a link.
# Proves: PMTU-01, PMTU-02, PMTU-03
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_peer.sh"
. "$interop/_path_mtu.sh"

command -v tracepath >/dev/null || skip "there is no tracepath"
addresses ipv4 ipv4
far=192.0.2.130
namespace site peer router
silent_namespace gate
cable site host gate lan0
cable gate wan0 router to-gate
mtu=1280 cable router to-peer peer wan1
inside router sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.proxy_arp=1 \
  net.ipv4.neigh.to-gate.proxy_delay=0 net.ipv4.neigh.to-peer.proxy_delay=0
address router to-gate 192.0.2.126/25
address router to-peer 192.0.2.254/25
address site host $near_host/$inner_length $near_router

configuration gate
port gate lan protected "net_af_packet0,iface=lan0" $near_router/$inner_length
port gate wan unprotected "net_af_packet1,iface=wan0" $near/$outer_length
route gate $far_net via $far
protect gate tunnel $near_net $far_net $near $far
associations gcm
gateway gate gate
become_peer MODE=tunnel INNER=$far_router/$inner_length HOST=$far_host INNER_REMOTE=$near_net
in_guest kernel "ip link set eth0 mtu 1280"

check "ping to the kernel's side" pings in_namespace site $far_host
check "tracepath to the kernel's side finds 1226" finds_mtu site $far_host 1226
check "the gateway has learnt 1280 from the router" [ "$(path_mtu_of gate)" = 1280 ]
in_guest kernel "ip netns exec host iperf3 -s -1 -D"
check "TCP with large segments to it" inside site timeout 60 iperf3 -c $far_host -n 2M
check "the kernel counted no error" quiet_in_guest kernel
check "the gateway's accounts balance" accounts_balance gate
