#!/bin/bash
# A mobile node of ours away from home, whose Linux host has a group and asks DHCPv6: by the tunnel the home agent hears which
# groups, brings what comes to them on the home link to link B and C, and relays DHCPv6.
# Proves: HA-16, HA-18, HA-19, MSEC-38
. "$(dirname "$0")/_lab.sh"
. "$interop/_kernel_mobility.sh"

pairs+=(multicast groups dhcp)
neighbour=2001:db8:1::9  # a host of the home link: it speaks to the group, and serves DHCPv6
name_server=2001:db8:53::53
group=ff0e::101

topology() {
  namespace internet neighbour
  silent_namespace node air gate
  cable node wlan0 air cell
  cable internet rb air at-b
  cable internet rc air at-c
  cable gate wan0 internet rf
  cable neighbour host gate home0
  internet
  inside neighbour sysctl -q -w net.ipv6.conf.host.accept_ra=0
  address neighbour host $neighbour/64
  radio
}

registered_at() { rows gate bindings state care_of | grep "^valid 2001:db8:$1:"; }
heard() { grep -c datagram "$work/listener.log"; }
# has_heard COUNT
has_heard() { [ "$(heard)" -ge "$1" ]; }
group_reaches_host() {
  local before
  before=$(heard)
  inside neighbour "$interop/home_link.py" speak $group host 5
  eventually 2 has_heard $((before + 5))
}
nothing_reaches_host() {
  local before
  before=$(heard)
  inside neighbour "$interop/home_link.py" speak $group host 5
  sleep 0.5
  [ "$(heard)" = "$before" ]
}
asks_dhcp() { inside node "$interop/home_link.py" ask apps0 | grep "name server $name_server"; }

topology
mobile_keys cbc-sha1
home_agent gate cbc-sha1 "dhcp_server = \"$neighbour\""
record wire internet rf
goes_to b
mobile_node node cbc-sha1
check "registered from link B" eventually 15 registered_at b
background listener node "$interop/home_link.py" listen $group apps0
check "what comes to the group reaches the host" eventually 10 group_reaches_host
goes_to c
ctl node link-moved wlan
check "registered from link C" eventually 15 registered_at c
check "it does so at link C" eventually 5 group_reaches_host

background server neighbour "$interop/home_link.py" serve $neighbour $name_server
eventually 5 grep -q ready "$work/server.log" || fail "no DHCPv6 server"
check "the host's DHCPv6 is answered" asks_dhcp
check "by the relay agent at home" grep "from $agent" "$work/server.log"

stop listener
check "once the host has left nothing is brought" eventually 5 nothing_reaches_host
check "copies were counted" [ "$(rows gate account group_copies)" -ge 10 ]
check "the home agent's accounts balance" accounts_balance gate
check "the mobile node's accounts balance" accounts_balance node
stop wire INT
check "nothing of it was in clear on the way" \
  [ "$(recorded wire "(ip6 multicast and udp) or udp port 547 or ip6 proto 41")" = 0 ]
