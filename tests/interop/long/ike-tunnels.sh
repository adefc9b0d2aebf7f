#!/bin/bash
# strongSwan: IPv6 in and out, narrowed selectors, several children, NAT, addresses from pools, cookies, fragments.
. "$(dirname "$0")/../_lab.sh"
. "$interop/_ike_peer.sh"

cases=(ipv6_alone ipv6_outer narrow ts_none two_children nat vip4 vip6 cookie frag frag_chain frag_peer_off)
sallyport_as alice "${cases[@]}"
sallyport_as bob "${cases[@]}" childless
all_passed
