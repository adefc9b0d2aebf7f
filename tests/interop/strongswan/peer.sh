#!/bin/bash
# peer.sh up NAME [VAR=value ...]   start a strongSwan peer (see README below)
# peer.sh down NAME                 stop it, leave its directory (logs) in place
# peer.sh initiate NAME [CHILD]     set up IKE_SA + CHILD_SA (default child: net)
# peer.sh sas|conns|stats|log NAME  list SAs, connections, daemon counters, show log
# peer.sh rekey NAME ike|child      rekey the IKE_SA lab / the CHILD_SA net
# peer.sh reauth NAME               reauthenticate (make before break)
# peer.sh terminate NAME [child]    delete the IKE_SA (or CHILD_SA only)
# peer.sh vici NAME ARGS...         any swanctl call against this peer
# peer.sh grep NAME REGEX           search its log
#
# Variables of 'up' (defaults in brackets):
#  NS [lab-a for ROLE=init, lab-b for resp], ROLE [init], AUTH [psk]: psk, pubkey,
#  eap-md5, eap-mschapv2, eap-tls, multi
#  CERT [alice-rsa | bob-rsa] a key made by pki.sh; SIGAUTH [pubkey]
#  LOCAL_ADDR REMOTE_ADDR LOCAL_ID REMOTE_ID LOCAL_TS REMOTE_TS
#  IKE [aes128gcm16-prfsha256-curve25519] ESP [aes128gcm16] AH [] MODE [tunnel]
#  ENCAP [no] MOBIKE [no] FRAG [yes] CHILDLESS [allow] DPD [0s] VIPS [] POOLS []
#  IKE_REKEY CHILD_REKEY IKE_REAUTH [0 = never] REKEY_BYTES TFC START [none]
# ESP is kernel-libipsec's, in user space: always in UDP 4500, tunnel mode, no AH, no ESN.
#  COOKIE_THRESHOLD [30] BLOCK_THRESHOLD [10] FRAGMENT_SIZE [1280] RAW_ESP [no]
#  LOG [1] LOG_IKE LOG_ESP LOG_KNL LOG_ENC
. "$(dirname "$0")/lib.sh"
CMD=$1 NAME=$2
[ -n "$NAME" ] || die "usage: peer.sh up|down|initiate|sas|... NAME"
shift 2
DIR=$LAB/$NAME

swan() {
	. "$DIR/env"
	STRONGSWAN_CONF="$DIR/strongswan.conf" SWANCTL_DIR="$DIR/swanctl" LEAK_DETECTIVE_DISABLE=1 \
		"$SWANCTL" "$@" --uri "unix://$DIR/vici.sock" 2>>"$DIR/swanctl.err"
}

case $CMD in
up)
	for kv in "$@"; do export "${kv?}"; done
	set -a
	ROLE=${ROLE:-init} AUTH=${AUTH:-psk}
	case $ROLE in
	init) : "${NS:=$NS_A}" "${LOCAL_ADDR:=$A4}" "${REMOTE_ADDR:=$B4}" "${LOCAL_ID:=alice.example.org}" \
		"${REMOTE_ID:=bob.example.org}" "${CERT:=alice-rsa}" "${LOCAL_TS=$NET_A4}" "${REMOTE_TS=$NET_B4}" ;;
	resp) : "${NS:=$NS_B}" "${LOCAL_ADDR:=$B4}" "${REMOTE_ADDR:=%any}" "${LOCAL_ID:=bob.example.org}" \
		"${REMOTE_ID:=alice.example.org}" "${CERT:=bob-rsa}" "${LOCAL_TS=$NET_B4}" "${REMOTE_TS=$NET_A4}" ;;
	*) die "ROLE is init or resp" ;;
	esac
	: "${IKE:=aes128gcm16-prfsha256-curve25519}" "${ESP=aes128gcm16}" "${AH=}" "${MODE:=tunnel}"
	: "${ENCAP:=no}" "${MOBIKE:=no}" "${FRAG:=yes}" "${CHILDLESS:=allow}" "${DPD:=0s}" "${DPD_ACTION:=clear}"
	: "${UNIQUE:=no}" "${VIPS=}" "${POOLS=}" "${IKE_REKEY:=0}" "${CHILD_REKEY:=0}" "${IKE_REAUTH:=0}"
	: "${REKEY_BYTES=}" "${TFC=}" "${START:=none}" "${CONN_EXTRA=}" "${CHILD_EXTRA=}" "${EXTRA_CHILDREN=}"
	: "${PSK:=interop lab secret}" "${EAP_ID:=carol@example.org}" "${EAP_PASSWORD:=carol-password}"
	: "${AAA_ID:=%any}" "${SIGAUTH:=pubkey}" "${REVOCATION=}" "${PPK_ID=}"
	: "${THREADS:=16}" "${RETRANSMIT_TIMEOUT:=1.0}" "${RETRANSMIT_TRIES:=4}"
	: "${FRAGMENT_SIZE:=1280}" "${COOKIE_THRESHOLD:=30}" "${BLOCK_THRESHOLD:=10}" "${TABLE_SIZE:=1}" "${TABLE_SEGMENTS:=1}"
	: "${RAW_ESP:=no}" "${ALLOW_PEER_TS:=no}" "${FWMARK=}" "${CHARON_EXTRA=}"
	: "${LOG:=1}" "${LOG_IKE=}" "${LOG_ESP=}" "${LOG_KNL=}" "${LOG_ENC=}" "${WRAP=}"
	CHARON=/usr/sbin/charon-systemd SWANCTL=/usr/sbin/swanctl
	: "${CHARON_PLUGINS:=random nonce openssl aes sha1 sha2 md5 hmac kdf gmp curve25519 gcm ctr cmac xcbc chapoly drbg pem pkcs1 pkcs8 x509 pubkey constraints revocation counters socket-default kernel-libipsec kernel-netlink vici updown eap-identity eap-md5 eap-mschapv2 eap-tls ${PLUGINS_EXTRA-}}"
	set +a
	[ -x "$CHARON" ] || die "no $CHARON"
	[ -s "$DIR/pid" ] && ! gone "$(cat "$DIR/pid")" && die "$NAME is already running"
	rm -rf "$DIR"; mkdir -p "$DIR"/swanctl/{conf.d,x509,x509ca,private,x509crl,pkcs8,rsa,ecdsa,x509aa,x509ac,x509ocsp,pubkey,bliss,pkcs12}
	export DIR NAME
	T=$HERE/templates/strongswan
	render "$T/strongswan.conf" > "$DIR/strongswan.conf" || exit 1
	render "$T/swanctl.conf" > "$DIR/swanctl/swanctl.conf" || exit 1
	if [ -d "$PKI" ]; then
		cp "$PKI/ca.crt.pem" "$PKI/eca.crt.pem" "$DIR/swanctl/x509ca/"
		[ -f "$PKI/$CERT.crt.pem" ] && cp "$PKI/$CERT.crt.pem" "$DIR/swanctl/x509/" && cp "$PKI/$CERT.key.pem" "$DIR/swanctl/private/"
		case $CERT in *-sub | *-chain) cp "$PKI/sub.crt.pem" "$DIR/swanctl/x509ca/" ;; esac
		[ -n "$REVOCATION" ] && cp "$PKI/lab.crl.pem" "$DIR/swanctl/x509crl/"
	fi
	printf 'CHARON=%q SWANCTL=%q NS=%q\n' "$CHARON" "$SWANCTL" "$NS" > "$DIR/env"
	STRONGSWAN_CONF="$DIR/strongswan.conf" LEAK_DETECTIVE_DISABLE=1 \
		setsid ip netns exec "$NS" $WRAP "$CHARON" > "$DIR/stdout" 2>&1 < /dev/null &
	echo $! > "$DIR/pid"
	wait_for 10 test -S "$DIR/vici.sock" || { cat "$DIR/stdout"; tail -20 "$DIR/charon.log"; die "$NAME did not start"; }
	swan --load-all --noprompt > "$DIR/load.out" || { cat "$DIR/load.out" "$DIR/swanctl.err" >&2; die "$NAME: loading failed"; } ;;
down)      stop_pid "$DIR/pid" ;;
initiate)  swan --initiate --ike lab --child "${1:-net}" --timeout "${TIMEOUT:-15}" ;;
sas)       swan --list-sas ;;
raw)       swan --list-sas --raw ;;
conns)     swan --list-conns ;;
stats)     swan --stats; swan --counters ;;
rekey)     case ${1:-child} in ike) swan --rekey --ike lab ;; *) swan --rekey --child "${2:-net}" ;; esac ;;
reauth)    swan --rekey --ike lab --reauth ;;
terminate) case ${1:-ike} in ike) swan --terminate --ike lab --timeout 5 ;; *) swan --terminate --child net --timeout 5 ;; esac ;;
vici)      swan "$@" ;;
log)       cat "$DIR/charon.log" ;;
grep)      grep -E "$1" "$DIR/charon.log" ;;
*) die "unknown command $CMD" ;;
esac
