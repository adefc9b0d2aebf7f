#!/bin/sh
# Inside a kernel guest: becomes an ESP or AH peer on eth0, from these words of the environment:
#   PROTOCOL=esp|ah                                                   esp where nothing is said
#   MODE=tunnel|transport  LOCAL=ADDRESS/LENGTH  REMOTE=ADDRESS       the outer addresses
#   SPI_OUT SPI_IN ALGORITHM_OUT ALGORITHM_IN STATE_OPTIONS           as `ip xfrm state` takes them
#   INNER=ADDRESS/LENGTH  HOST=ADDRESS  INNER_REMOTE=PREFIX           tunnel: our side and theirs
# In tunnel mode HOST lives in the network namespace "host" behind the guest.
set -eu
protocol=${PROTOCOL:-esp}
STATE_OPTIONS=${STATE_OPTIONS:-replay-window 64}
local=${LOCAL%/*}
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip address replace "$LOCAL" dev eth0

add_states() {
  ip xfrm state add src "$local" dst "$REMOTE" proto "$protocol" spi "$SPI_OUT" reqid 1 mode "$MODE" \
    $ALGORITHM_OUT $STATE_OPTIONS
  ip xfrm state add src "$REMOTE" dst "$local" proto "$protocol" spi "$SPI_IN" reqid 1 mode "$MODE" \
    $ALGORITHM_IN $STATE_OPTIONS
}

# add_policy DIRECTION INNER_SOURCE INNER_DESTINATION OUTER_SOURCE OUTER_DESTINATION
add_policy() {
  ip xfrm policy add src "$2" dst "$3" dir "$1" priority 10 \
    tmpl src "$4" dst "$5" proto "$protocol" reqid 1 mode "$MODE"
}

add_host() {
  ip netns add host
  ip link add lan0 type veth peer name lan1 netns host
  ethtool -K lan0 tx off gso off tso off gro off >/dev/null 2>&1
  ip netns exec host ethtool -K lan1 tx off gso off tso off gro off >/dev/null 2>&1
  ip link set lan0 up
  ip -n host link set lo up
  ip -n host link set lan1 up
  ip address add "$INNER" dev lan0
  ip -n host address add "$HOST/${INNER#*/}" dev lan1
  ip -n host route add default via "${INNER%/*}"
  ip route add "$INNER_REMOTE" dev eth0  # its packets go to REMOTE, which the policies know
}

add_tunnel_policies() {
  ours=$HOST/${INNER#*/}
  add_policy out "$ours" "$INNER_REMOTE" "$local" "$REMOTE"
  add_policy in "$INNER_REMOTE" "$ours" "$REMOTE" "$local"
  add_policy fwd "$INNER_REMOTE" "$ours" "$REMOTE" "$local"
}

# Neighbour discovery stays in the clear (RFC 4861 11.2 leaves it to the link), and what carries ESP
# in UDP is not to be protected once more.
add_transport_policies() {
  for direction in in out; do
    ip xfrm policy add src "${local%/*}" dst "$REMOTE" proto udp dport 4500 dir $direction priority 1
    ip xfrm policy add src "$REMOTE" dst "${local%/*}" proto udp dport 4500 dir $direction priority 1
  done
  case $local in
    *:*)
      for type in 135 136; do
        for direction in in out; do
          ip xfrm policy add src ::/0 dst ::/0 proto ipv6-icmp type $type dir $direction priority 1
        done
      done
      ;;
  esac
  add_policy out "$local" "$REMOTE" "$local" "$REMOTE"
  add_policy in "$REMOTE" "$local" "$REMOTE" "$local"
}

add_states
[ "$MODE" = transport ] || add_host
add_"$MODE"_policies
