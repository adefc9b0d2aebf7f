#!/bin/bash
# net.sh up [plain|two|nat] | down | show
#   plain   lab-a <veth a0/b0> lab-b
#   two     the same and a second veth a1/b1, by which lab-a has other addresses
#   nat     lab-a <veth> lab-r (masquerading router) <veth> lab-b
# A gateway under test takes the place of lab-a or lab-b: give it that
# namespace's veth end (or move the end elsewhere with 'ip link set ... netns').
. "$(dirname "$0")/lib.sh"
ns() { ip netns exec "$@"; }

base() { # NAMESPACE HOST4 HOST6
	ip netns add "$1" || exit 1
	ns "$1" ip link set lo up
	ns "$1" ip addr add "$2/32" dev lo
	ns "$1" ip addr add "$3/128" dev lo nodad
	ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}
quiet_offload() { ns "$1" ethtool -K "$2" tx off gso off tso off gro off >/dev/null 2>&1; }
addr() { ns "$1" ip addr add "$3" dev "$2" ${4:+nodad}; }

case $1 in
up)
	base "$NS_A" "$HOST_A4" "$HOST_A6"
	base "$NS_B" "$HOST_B4" "$HOST_B6"
	case ${2:-plain} in
	plain | two)
		ip link add a0 netns "$NS_A" type veth peer name b0 netns "$NS_B"
		addr "$NS_A" a0 "$A4/24"; addr "$NS_A" a0 "$A6/64" x
		addr "$NS_B" b0 "$B4/24"; addr "$NS_B" b0 "$B6/64" x
		ns "$NS_A" ip link set a0 up; ns "$NS_B" ip link set b0 up
		quiet_offload "$NS_A" a0; quiet_offload "$NS_B" b0
		# No default route: whatever reaches the far network went through a tunnel.
		[ "$2" = two ] || { mkdir -p "$LAB"; exit 0; }
		ip link add a1 netns "$NS_A" type veth peer name b1 netns "$NS_B"
		addr "$NS_A" a1 "$A4_TWO/30"; addr "$NS_B" b1 "$B4_TWO/30"
		ns "$NS_A" ip link set a1 up; ns "$NS_B" ip link set b1 up
		quiet_offload "$NS_A" a1; quiet_offload "$NS_B" b1
		;;
	nat)
		ip netns add "$NS_R"; ns "$NS_R" ip link set lo up
		ns "$NS_R" sysctl -qw net.ipv4.ip_forward=1
		ip link add a0 netns "$NS_A" type veth peer name r0 netns "$NS_R"
		ip link add b0 netns "$NS_B" type veth peer name r1 netns "$NS_R"
		addr "$NS_A" a0 198.18.0.2/24;  addr "$NS_R" r0 198.18.0.1/24
		addr "$NS_R" r1 "$A4/24";       addr "$NS_B" b0 "$B4/24"
		for l in "$NS_A a0" "$NS_R r0" "$NS_R r1" "$NS_B b0"; do
			set -- $l; ns "$1" ip link set "$2" up; quiet_offload "$1" "$2"; done
		ns "$NS_A" ip route add default via 198.18.0.1
		ns "$NS_B" ip route add default via "$A4"
		ns "$NS_R" nft "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; };
			add rule ip nat post oifname r1 masquerade random" || exit 1
		;;
	*) die "unknown topology $2" ;;
	esac
	mkdir -p "$LAB" ;;
down)
	for n in "$NS_A" "$NS_B" "$NS_R"; do ip netns del "$n" 2>/dev/null; done; true ;;
show)
	for n in "$NS_A" "$NS_B" "$NS_R"; do
		ip netns list | grep -qw "$n" || continue
		echo "== $n"; ns "$n" ip -br addr; done ;;
*) die "usage: net.sh up [plain|two|nat] | down | show" ;;
esac
