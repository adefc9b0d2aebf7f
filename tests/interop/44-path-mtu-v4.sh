#!/bin/bash
# Path-MTU discovery through an ESP tunnel over IPv4 with a 1280-octet link in the middle.
# Proves: PMTU-01, PMTU-02, PMTU-03
. "$(dirname "$0")/_lab.sh"
. "$interop/_path_mtu.sh"

command -v tracepath >/dev/null || skip "there is no tracepath"
narrow_path ipv4
check "the path of a begins as wide as its link" [ "$(path_mtu_of a)" = 1500 ]
check "the path of b begins as wide as its link" [ "$(path_mtu_of b)" = 1280 ]
# 1280 less IPv4 (20), ESP (8), IV (8) and ICV (16), whole words, less pad length and next header.
check "tracepath a to b finds 1226" finds_mtu host-a 10.2.0.2 1226
check "a has learnt 1280 from the router" [ "$(path_mtu_of a)" = 1280 ]
check "one message was enough" [ "$(learnt_by a)" = 1 ]
check "tracepath b to a finds 1226" finds_mtu host-b 10.1.0.2 1226
check "IPv6 is told 1280, which then fits in fragments" finds_mtu host-a 2001:db8:2::2 1280
check "TCP over IPv4, a to b" tcp_crosses host-a 10.2.0.2
check "TCP over IPv4, b to a" tcp_crosses host-a 10.2.0.2 -R
check "TCP over IPv6, a to b" tcp_crosses host-a 2001:db8:2::2
for me in a b; do check "the accounts of $me balance" accounts_balance $me; done
