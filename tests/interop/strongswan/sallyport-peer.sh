#!/bin/bash
# sallyport-peer.sh: peer.sh's verbs and variables for Sallyport, so that selftest.sh and the scenarios can
# put it in the place of either side.
#
# up NAME [VAR=value ...]     start it on the veth end of its namespace; what cannot be honoured is an error
# down|sas|raw|conns|stats|log NAME
# initiate NAME [CHILD]       waits until the child SA is there or has failed (TIMEOUT [15] seconds)
# rekey NAME ike|child, terminate NAME [child]
# grep NAME REGEX             search its log
# ctl NAME ARGS...            any sallyportctl call
# move NAME                   from now on the peer is reached by LINK_TWO
#
# Besides peer.sh's variables: NO_CONSENT=yes leaves out [crypto] allow. LINK_TWO [] names a second veth end.
# SALLYPORT_BUILD [build/release].
# INSTANCE [lab] begins the instance's name. The gateway's protected port is the tap host0, and the kernel
# of the namespace the host behind it, with the addresses that net.sh has put on lo.
. "$(dirname "$0")/lib.sh"
CMD=$1 NAME=$2
[ -n "$NAME" ] || die "usage: sallyport-peer.sh up|down|initiate|sas|... NAME"
shift 2
DIR=$LAB/$NAME
BUILD=${SALLYPORT_BUILD:-$(cd "$HERE/../../.." && pwd)/build/release}

ctl() { "$BUILD/sallyportctl" --socket "$DIR/run/control.sock" "$@"; }
in_ns() { ip netns exec "$NS" "$@"; }

# table VIEW EXPRESSION: a line for each row of `show VIEW`, by Python's EXPRESSION of `row`.
table() {
	ctl show "$1" --json | /usr/bin/python3 -c '
import json, sys
rows = json.load(sys.stdin)["ok"]["rows"]
for row in rows:
    text = eval(sys.argv[1])
    if text: print(text)' "$2"
}
children()     { table child-sas "row['name'] if row['policy'] == '$1' and row['state'] == 'live' else ''"; }
newest_ike()   { table ike-sas "row['number'] if row['state'] in ('established', 'rekeying') else ''" | tail -1; }
any_ike()      { table ike-sas "row['number']"; }
no_children()  { [ -z "$(children net)" ]; }
no_ike()       { [ -z "$(any_ike)" ]; }
last_record()  { table audit "row['number']" | tail -1; }
# failure RECORD: what of IKE has failed since, one line
failure() { table audit "'%s: %s' % (row['event'], row.get('detail', '')) if row['number'] > $1 and row['event'] in ('ike-failed', 'child-failed') else ''" | tail -1; }

# The kernel gives the link up: the gateway answers on it alone. What it had is remembered for the next start,
# and left in $addresses and $next_hop.
take_link() {
	local link=$1
	addresses=$(in_ns ip -o address show dev "$link" scope global | awk '{ print $4 }' | paste -s -d ' ')
	if [ -n "$addresses" ]; then
		printf 'addresses="%s" next_hop="%s"\n' "$addresses" \
			"$(in_ns ip route show default dev "$link" | awk '$2 == "via" { print $3; exit }')" > "$LAB/$NS-$link.link"
	fi
	. "$LAB/$NS-$link.link"
	in_ns sysctl -qw "net.ipv4.conf.$link.forwarding=0" "net.ipv4.conf.$link.arp_ignore=8" "net.ipv6.conf.$link.disable_ipv6=1"
	in_ns ip address flush dev "$link"
	in_ns ip route flush dev "$link" 2>/dev/null
}

# The kernel's own end of the tap, once the gateway has made it.
host_behind() {
	local router4 router6 host4=HOST_${1}4 host6=HOST_${1}6 net4=NET_${1}4 net6=NET_${1}6
	read -r router4 router6 < <(python3 -c 'import ipaddress, sys
print(*(ipaddress.ip_network(net)[-2] for net in sys.argv[1:]))' "${!net4}" "${!net6}")
	in_ns ethtool -K host0 tx off gso off tso off gro off >/dev/null 2>&1
	in_ns sysctl -qw net.ipv6.conf.host0.accept_dad=0 net.ipv6.conf.host0.accept_ra=0
	in_ns ip link set host0 up
	in_ns ip address add "${!host4}/${!net4#*/}" dev host0
	in_ns ip address add "${!host6}/${!net6#*/}" dev host0 nodad
	in_ns ip route replace default via "$router4" dev host0
	in_ns ip -6 route replace default via "$router6" dev host0
}

# Addresses that the peer has given us are the host's from then on.
take_assigned() {
	local address
	for address in $(table ike-sas "' '.join(row['assigned'])"); do
		case $address in
		*:*) in_ns ip address replace "$address/128" dev host0 nodad ;;
		*) in_ns ip address replace "$address/32" dev host0 ;;
		esac
	done
}

answers() { ctl show ports; }
up() {
	set -a
	for kv in "$@"; do export "${kv?}"; done
	: "${ROLE:=init}" "${AUTH:=psk}"
	case $ROLE in
	init) : "${NS:=$NS_A}" "${LINK:=a0}" "${LOCAL_ADDR:=$A4}" "${REMOTE_ADDR:=$B4}" "${LOCAL_ID:=alice.example.org}" \
		"${REMOTE_ID:=bob.example.org}" "${CERT:=alice-rsa}" "${LOCAL_TS=$NET_A4}" "${REMOTE_TS=$NET_B4}" ;;
	resp) : "${NS:=$NS_B}" "${LINK:=b0}" "${LOCAL_ADDR:=$B4}" "${REMOTE_ADDR:=%any}" "${LOCAL_ID:=bob.example.org}" \
		"${REMOTE_ID:=alice.example.org}" "${CERT:=bob-rsa}" "${LOCAL_TS=$NET_B4}" "${REMOTE_TS=$NET_A4}" ;;
	*) die "ROLE is init or resp" ;;
	esac
	: "${IKE:=aes128gcm16-prfsha256-curve25519}" "${ESP=aes128gcm16}" "${ENCAP:=no}" "${MOBIKE:=no}" "${FRAG:=yes}"
	: "${CHILDLESS:=allow}" "${DPD:=0s}" "${UNIQUE:=no}" "${PSK:=interop lab secret}" "${SIGAUTH:=pubkey}"
	: "${EAP_ID:=carol@example.org}" "${EAP_PASSWORD:=carol-password}"
	: "${RETRANSMIT_TIMEOUT:=1.0}" "${RETRANSMIT_TRIES:=4}" "${FRAGMENT_SIZE:=1280}"
	: "${COOKIE_THRESHOLD:=30}" "${BLOCK_THRESHOLD:=10}"
	set +a
	[ -s "$DIR/pid" ] && ! gone "$(cat "$DIR/pid")" && die "$NAME is already running"
	rm -rf "$DIR"
	mkdir -p "$DIR/run"
	if [ -n "${LINK_TWO=}" ]; then take_link "$LINK_TWO"; LINK_TWO_ADDRESSES=$addresses; fi
	take_link "$LINK"
	LINK_ADDRESSES=$addresses NEXT_HOP=$next_hop
	if [ -d "$PKI" ]; then
		cp "$PKI/ca.crt.pem" "$PKI/eca.crt.pem" "$PKI/sub.crt.pem" "$PKI/lab.crl.pem" "$PKI/$CERT.crt.pem" "$DIR/"
		install -m 600 "$PKI/$CERT.key.pem" "$DIR/"
	fi
	install -m 600 /dev/null "$DIR/sallyport.toml"
	export DIR NAME LINK LINK_ADDRESSES LINK_TWO LINK_TWO_ADDRESSES NEXT_HOP INSTANCE="${INSTANCE:-lab}-$NAME"
	/usr/bin/python3 "$HERE/sallyport_configuration.py" >> "$DIR/sallyport.toml" || exit 1
	printf 'NS=%q\n' "$NS" > "$DIR/env"
	setsid ip netns exec "$NS" "$BUILD/sallyport" --config "$DIR/sallyport.toml" > "$DIR/sallyport.log" 2>&1 < /dev/null &
	echo $! > "$DIR/pid"
	wait_for 20 answers || { tail -20 "$DIR/sallyport.log" >&2; die "$NAME did not start"; }
	host_behind "$([ "$ROLE" = init ] && echo A || echo B)"
}

# A child of both families is two policies here.
initiate() {
	[ -n "$(table policies "row['name'] if row['name'] == '$1-v6' else ''")" ] || { initiate_one "$1"; return; }
	initiate_one "$1" && initiate_one "$1-v6"
}

initiate_one() {
	local child=$1 before record deadline=$((SECONDS + ${TIMEOUT:-15})) failed now
	before=$(children "$child")
	record=$(last_record)
	ctl initiate "$child" || return 1
	while [ $SECONDS -lt $deadline ]; do
		now=$(children "$child")
		if [ -n "$now" ] && [ "$now" != "$before" ]; then
			take_assigned
			echo "initiate completed: $now"
			return 0
		fi
		failed=$(failure "${record:-0}")
		[ -z "$failed" ] || { echo "initiate failed: $failed"; return 1; }
		sleep 0.1
	done
	echo "initiate failed: nothing within ${TIMEOUT:-15} s"
	return 1
}

# In swanctl's words, as far as selftest.sh reads them.
list_sas() {
	table ike-sas "'%s: #%d, %s, IKEv2, %s_i %s_r\n  local  %s @ %s\n  remote %s @ %s\n  %s' % (row['peer'] or '(unnamed)', row['number'],
	 'ESTABLISHED' if row['state'] == 'established' else row['state'].upper(), row['initiator_spi'], row['responder_spi'],
	 row['local_id'], row['local'], row['remote_id'], row['remote'], row['suite'])"
	table child-sas "'  %s: %s, TUNNEL, %s:%s%s, in %s, out %s\n    local  %s\n    remote %s' % (row['name'],
	 'INSTALLED' if row['state'] == 'live' else row['state'].upper(), row['protocol'].upper(), row['transform'],
	 '/' + row['pfs'] if row['pfs'] else '', row['inbound_spi'], row['outbound_spi'], row['local'], row['remote'])"
}

terminate() {
	local child number
	if [ "$1" = child ]; then
		for child in $(children net); do ctl terminate child "$child" || return 1; done
		wait_for 5 no_children
	else
		for number in $(any_ike); do ctl terminate ike "$number" || return 1; done
		wait_for 5 no_ike
	fi
}

[ "$CMD" = up ] || [ ! -f "$DIR/env" ] || . "$DIR/env"
case $CMD in
up) up "$@" ;;
down) stop_pid "$DIR/pid" ;;
initiate) initiate "${1:-net}" ;;
sas) list_sas ;;
raw) ctl show ike-sas --json; ctl show child-sas --json ;;
conns) ctl show peers; ctl show policies ;;
stats) ctl show account; ctl show drops; ctl show icmp ;;
rekey)
	case ${1:-child} in
	ike) ctl rekey ike "$(newest_ike)" ;;
	*) for child in $(children "${2:-net}" | tail -1); do ctl rekey child "$child"; done ;;
	esac ;;
terminate) terminate "${1:-ike}" ;;
ctl) ctl "$@" ;;
move)
	printf '\n[[route]]\nto = "%s/32"\nvia = "%s"\n' "$B4" "$B4_TWO" >> "$DIR/sallyport.toml"
	ctl reload ;;
log) cat "$DIR/sallyport.log" ;;
grep) grep -E "$1" "$DIR/sallyport.log" ;;
reauth | vici) die "$CMD has no counterpart in Sallyport" ;;
*) die "unknown command $CMD" ;;
esac
