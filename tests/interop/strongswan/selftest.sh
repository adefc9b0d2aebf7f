#!/bin/bash
# selftest.sh [-k] [case ...]   two peers, alice who begins and bob who answers, in every feature that IKEv2
# has here. Without names: all cases with strongSwan on both sides. -k keeps the last pair running.
# One line of result per case, then a line that counts; logs in $LAB/{alice,bob}.
#
# BOB (responder) or ALICE (initiator) names a driver that knows peer.sh's verbs and takes strongSwan's
# place: sallyport-peer.sh. What a log must show is asked of strongSwan's and, where a check has another
# expression for it, of Sallyport's. A case that must fail counts only after its twin, the same pair without
# the fault, has passed in the same run.
. "$(dirname "$0")/lib.sh"
P=$HERE/peer.sh N=$HERE/net.sh
ALICE=${ALICE:-$P} BOB=${BOB:-$P}
driver() { [ "$1" = bob ] && echo "$BOB" || echo "$ALICE"; }
KEEP=; [ "$1" = -k ] && { KEEP=1; shift; }
PASS=0 FAIL=0
in_a() { ip netns exec "$NS_A" "$@"; }
in_b() { ip netns exec "$NS_B" "$@"; }
strongswan() { [ "$(driver "$1")" = "$P" ]; }
# sees WHO STRONGSWAN_REGEX [SALLYPORT_REGEX]: without the latter Sallyport's log is not asked.
sees() {
	local words=$2
	strongswan "$1" || words=${3-}
	[ -n "$words" ] || return 0
	wait_for 2 "$(driver "$1")" grep "$1" "$words" || { echo "    $1: no '$words' in the log"; return 1; }
}
lacks() { strongswan "$1" || return 0; ! "$P" grep "$1" "$2" >/dev/null || { echo "    $1: '$2' in the log"; return 1; }; }
ping4() { in_a ping -q -c 3 -i 0.2 -W 1 -I "${1:-$HOST_A4}" "${2:-$HOST_B4}" >/dev/null || { echo "    no ping"; return 1; }; }
ping6() { in_a ping -q -c 3 -i 0.2 -W 1 -I "${1:-$HOST_A6}" "${2:-$HOST_B6}" >/dev/null || { echo "    no ping6"; return 1; }; }
bob()   { "$BOB" up bob ROLE=resp "$@"; }
alice() { "$ALICE" up alice ROLE=init "$@"; }
go()    { "$ALICE" initiate alice > "$LAB/initiate.out" 2>&1 || { tail -3 "$LAB/initiate.out"; return 1; }; }
pair()  { # bob's arguments -- alice's arguments
	local b=(); while [ $# -gt 0 ] && [ "$1" != -- ]; do b+=("$1"); shift; done; shift
	bob "${b[@]}" && alice "$@"; }
# Whose failure says nothing unless the other one has worked.
declare -A TWIN=([psk_wrong]=psk [expired]=rsa [revoked]=rsa_crl [otherca]=rsa [eap_wrong]=eap_mschapv2 [ts_none]=narrow
	[no_proposal]=psk [no_consent]=modp1024)
PASSED=" "
# A stream of pings from lab-a while COMMAND runs: none may be lost.
under_ping() {
	local stream rc
	in_a ping -q -i 0.05 -c "${PINGS:-80}" -W 2 -I "$HOST_A4" "$HOST_B4" > "$LAB/stream" & stream=$!
	sleep 1
	"$@"; rc=$?
	wait $stream
	[ $rc = 0 ] && grep -q ' 0% packet loss' "$LAB/stream" || { tail -2 "$LAB/stream"; return 1; }
}
run() {
	local out rc t0=$(date +%s.%N) twin=${TWIN[$1]-}
	"$ALICE" down alice 2>/dev/null; "$BOB" down bob 2>/dev/null
	"$N" down; "$N" up "${TOPO:-plain}" >/dev/null 2>&1
	if [ -n "$twin" ] && [[ "$PASSED" != *" $twin "* ]]; then
		out="    $twin, its twin, has not passed before it" rc=1
	else
		out=$("case_${1%%:*}" "${1#*:}" 2>&1); rc=$?
	fi
	printf '%-4s %-22s %5.1fs  %s\n' "$([ $rc = 0 ] && echo PASS || echo FAIL)" "$1" "$(echo "$(date +%s.%N) - $t0" | bc)" "$(echo "$out" | tail -1)"
	if [ $rc = 0 ]; then PASS=$((PASS + 1)) PASSED+="$1 "; return; fi
	FAIL=$((FAIL + 1))
	echo "$out" | sed 's/^/    /'
	for who in alice bob; do "$(driver $who)" log $who 2>/dev/null | tail -n "${LINES_OF_LOG:-12}" | sed "s/^/    $who: /"; done
}

# --- authentication
case_psk()        { pair -- && go && ping4 && sees bob "authentication of 'alice.example.org' with pre-shared key successful" "ike-up lab: alice.example.org"; }
case_psk_wrong()  { pair -- PSK=other && ! go && sees bob "AUTH_FAILED" "ike-failed lab: alice.example.org.*AUTH does not fit" && sees alice AUTH_FAILED AUTHENTICATION_FAILED; }
case_rsa()        { pair AUTH=pubkey -- AUTH=pubkey && go && ping4 && sees bob "with RSA_EMSA_PKCS1_SHA2_256 successful"; }
case_rsa_crl()    { pair AUTH=pubkey REVOCATION=strict -- AUTH=pubkey && go && ping4 && sees bob 'certificate status is good'; }
case_rsa_pss()    { pair AUTH=pubkey SIGAUTH=rsa/pss-sha256 -- AUTH=pubkey SIGAUTH=rsa/pss-sha256 && go && ping4 && sees bob "with RSA_EMSA_PSS_SHA2_256"; }
case_ecdsa()      { pair AUTH=pubkey CERT=bob-ecdsa -- AUTH=pubkey CERT=alice-ecdsa && go && ping4 && sees bob "with ECDSA_WITH_SHA256_DER successful"; }
case_ed25519()    { pair AUTH=pubkey CERT=bob-ed25519 -- AUTH=pubkey CERT=alice-ed25519 && go && ping4 && sees bob "with ED25519 successful"; }
case_subca()      { pair AUTH=pubkey CERT=bob-sub -- AUTH=pubkey CERT=alice-sub && go && ping4 && sees bob "Lab Sub CA"; }
case_expired()    { pair AUTH=pubkey -- AUTH=pubkey CERT=alice-expired && ! go && sees bob "subject certificate invalid" "ike-failed lab: alice.example.org.*expired"; }
case_revoked()    { pair AUTH=pubkey REVOCATION=strict -- AUTH=pubkey CERT=alice-revoked && ! go && sees bob "certificate was revoked" "ike-failed lab: alice.example.org.*revoked"; }
case_otherca()    { pair AUTH=pubkey -- AUTH=pubkey CERT=alice-otherca && ! go && sees bob "no (trusted|issuer)" "ike-failed lab: alice.example.org.*issuer"; }
case_eap_md5()    { pair AUTH=eap-md5 -- AUTH=eap-md5 && go && ping4 && sees bob "EAP method EAP_MD5 succeeded, no MSK"; }
case_eap_mschapv2() { pair AUTH=eap-mschapv2 -- AUTH=eap-mschapv2 && go && ping4 && sees bob "EAP method EAP_MSCHAPV2 succeeded, MSK" "ike-up lab: carol@example.org.*EAP by lab"; }
case_eap_wrong()  { pair AUTH=eap-mschapv2 -- AUTH=eap-mschapv2 EAP_PASSWORD=bad && ! go && sees alice "EAP" "EAP Failure from the peer" \
	&& sees bob "" "ike-failed lab: carol@example.org.*a wrong password"; }
case_eap_tls()    { pair AUTH=eap-tls -- AUTH=eap-tls && go && ping4 && sees bob "EAP method EAP_TLS succeeded, MSK"; }
case_multi()      { pair AUTH=multi -- AUTH=multi && go && ping4 && sees bob "EAP method EAP_MSCHAPV2 succeeded"; }

# --- configuration payload
case_vip()  { pair AUTH=eap-mschapv2 POOLS=pool4,pool6 LOCAL_TS=$NET_B4,$NET_B6 REMOTE_TS=dynamic -- AUTH=eap-mschapv2 VIPS=0.0.0.0,:: \
		LOCAL_TS=dynamic REMOTE_TS=0.0.0.0/0,::/0 && go && ping4 203.0.113.1 && ping6 2001:db8:c::1 && sees bob "assigning virtual IP 203.0.113.1"; }
case_vip_rsa() { pair AUTH=pubkey POOLS=pool4,pool6 LOCAL_TS=$NET_B4,$NET_B6 REMOTE_TS=dynamic -- AUTH=pubkey VIPS=0.0.0.0,:: \
		LOCAL_TS=dynamic REMOTE_TS=0.0.0.0/0,::/0 && go && ping4 203.0.113.1 && ping6 2001:db8:c::1 && sees bob "assigning virtual IP 203.0.113.1"; }
case_vip4() { pair AUTH=pubkey POOLS=pool4 LOCAL_TS=$NET_B4 REMOTE_TS=dynamic -- AUTH=pubkey VIPS=0.0.0.0 LOCAL_TS=dynamic REMOTE_TS=0.0.0.0/0 && go && ping4 203.0.113.1 && sees bob "assigning virtual IP 203.0.113.1"; }
case_vip6() { pair AUTH=pubkey POOLS=pool6 LOCAL_TS=$NET_B6 REMOTE_TS=dynamic -- AUTH=pubkey VIPS=:: LOCAL_TS=dynamic REMOTE_TS=::/0 && go && ping6 2001:db8:c::1 && sees bob "assigning virtual IP 2001:db8:c::1"; }

# --- tunnels
case_ipv6_alone() { pair LOCAL_TS=$NET_B6 REMOTE_TS=$NET_A6 -- LOCAL_TS=$NET_A6 REMOTE_TS=$NET_B6 && go && ping6; }
case_ipv6_inner() { pair LOCAL_TS=$NET_B4,$NET_B6 REMOTE_TS=$NET_A4,$NET_A6 -- LOCAL_TS=$NET_A4,$NET_A6 REMOTE_TS=$NET_B4,$NET_B6 && go && ping4 && ping6; }
case_ipv6_outer() { pair LOCAL_ADDR=$B6 -- LOCAL_ADDR=$A6 REMOTE_ADDR=$B6 && go && ping4; }
case_narrow()     { pair -- REMOTE_TS=198.51.100.0/24 && go && ping4 && sees alice "TS 198.51.100.0/25 === 198.51.100.128/25"; }
case_ts_none()    { pair -- REMOTE_TS=203.0.113.128/25 && ! go && sees alice "TS_UNACCEPT" "TS_UNACCEPTABLE from the peer" && sees bob "TS_UNACCEPT" "child-failed lab.*TS_UNACCEPTABLE"; }
case_two_children() { # the second CHILD_SA comes by CREATE_CHILD_SA
	local c="two { esp_proposals = aes256-sha256-modp2048
		mode = tunnel"
	pair EXTRA_CHILDREN="$c
		local_ts = $NET_B6
		remote_ts = $NET_A6 }" -- EXTRA_CHILDREN="$c
		local_ts = $NET_A6
		remote_ts = $NET_B6 }" && go && "$ALICE" initiate alice two >/dev/null && ping4 && ping6 && sees bob "ESP:AES_CBC_256/HMAC_SHA2_256_128/MODP_2048"; }
case_nat()   { pair -- LOCAL_ADDR=198.18.0.2 && go && ping4 && sees alice "local host is behind NAT" && sees bob "remote host is behind NAT"; }
case_iperf() {
	pair -- && go || return 1
	in_b iperf3 -s -1 -D -I "$LAB/iperf.pid" -B "$HOST_B4"; sleep 0.5
	in_a iperf3 -c "$HOST_B4" -B "$HOST_A4" -t 3 -M 1200 -J > "$LAB/iperf.json" &&
		python3 -c "import json;d=json.load(open('$LAB/iperf.json'));print('    TCP %.0f Mbit/s' % (d['end']['sum_received']['bits_per_second']/1e6))"; }

# Four strangers begin with bob and say no more. They call from his own address where alice's kernel has none.
half_open() { if strongswan alice; then in_a python3 "$HERE/halfopen.py" "$A4" "$B4" 4; else in_b python3 "$HERE/halfopen.py" "$B4" "$B4" 4; fi; }

# --- protocol features
case_rekey_child() { pair ESP=aes128gcm16-curve25519 -- ESP=aes128gcm16-curve25519 && go && ping4 && "$ALICE" rekey alice child && sleep 1.5 && ping4 && sees alice "closing CHILD_SA net\{1\}" && sees alice "CHILD_SA net\{2\} established"; }
case_rekey_child_resp() { pair -- && go && ping4 && "$BOB" rekey bob child && sleep 1.5 && ping4 && sees alice "CHILD_SA net\{2\} established"; }
case_rekey_ike()   { pair -- && go && ping4 && "$ALICE" rekey alice ike && sleep 1.5 && ping4 && sees alice "rekeyed between"; }
case_rekey_ike_resp() { pair -- && go && "$BOB" rekey bob ike && sleep 1.5 && ping4 && sees alice "rekeyed between"; }
case_rekey_child_load()      { pair ESP=aes128gcm16-curve25519 -- ESP=aes128gcm16-curve25519 && go && under_ping "$ALICE" rekey alice child && sees alice "CHILD_SA net\{2\} established" child-rekeyed; }
case_rekey_child_resp_load() { pair -- && go && under_ping "$BOB" rekey bob child && sees alice "CHILD_SA net\{2\} established" child-rekeyed && sees bob "CHILD_SA net\{2\} established" child-rekeyed; }
case_rekey_ike_load()        { pair -- && go && under_ping "$ALICE" rekey alice ike && sees alice "rekeyed between" ike-rekeyed; }
case_rekey_ike_resp_load()   { pair -- && go && under_ping "$BOB" rekey bob ike && sees alice "rekeyed between" ike-rekeyed; }
case_rekey_often()  { # every SA of both kinds, by both sides, again and again
	local turn
	pair -- && go || return 1
	for turn in 1 2 3; do
		"$ALICE" rekey alice child; sleep 0.7; "$BOB" rekey bob ike; sleep 0.7; "$BOB" rekey bob child; sleep 0.7; "$ALICE" rekey alice ike; sleep 0.7
	done >/dev/null
	ping4 && [ "$("$BOB" sas bob | grep -c ESTABLISHED)" = 1 ] && [ "$("$ALICE" sas alice | grep -c INSTALLED)" = 1 ]; }
case_rekey_collide() { pair -- && go && { "$ALICE" rekey alice child & "$BOB" rekey bob child & wait; } >/dev/null && sleep 3 && ping4; }
# Without a life of its own the child's is a tenth longer, in whole seconds: the same.
case_rekey_timed() { pair CHILD_REKEY=0 -- CHILD_REKEY=3s CHILD_EXTRA="rand_time = 0
life_time = 30s" && go && in_a ping -q -i 0.05 -c 160 -I "$HOST_A4" "$HOST_B4" > "$LAB/p" && grep -q ' 0% packet loss' "$LAB/p" && sees alice "CHILD_SA net\{3\} established"; }
case_reauth()      { pair -- && go && ping4 && "$ALICE" reauth alice >/dev/null && sleep 2 && ping4 && sees alice "IKE_SA lab\[2\] established"; }
case_dpd()         { pair -- DPD=1s && go && sleep 3 && sees alice "sending DPD request" && sees bob "parsed INFORMATIONAL request" && lacks alice "retransmit"; }
case_dpd_resp()    { pair DPD=1s -- && go && sleep 3 && sees bob "sending DPD request" && sees alice "parsed INFORMATIONAL request" && lacks bob "retransmit"; }
case_dpd_dead()    { pair -- DPD=1s RETRANSMIT_TIMEOUT=0.5 RETRANSMIT_TRIES=2 && go && kill -STOP "$(cat "$LAB/bob/pid")" && sleep 5; local r=$?; kill -CONT "$(cat "$LAB/bob/pid")"; [ $r = 0 ] && sees alice "giving up after 2 retransmits" "ike-down lab"; }
case_retransmit()  { bob && alice && kill -STOP "$(cat "$LAB/bob/pid")" && { (sleep 2.2; kill -CONT "$(cat "$LAB/bob/pid")") & go; } && ping4 && sees alice "retransmit 1"; }
case_frag()        { pair AUTH=pubkey -- AUTH=pubkey FRAGMENT_SIZE=576 && go && ping4 && sees bob "received fragment #1 of" && sees alice "splitting IKE message"; }
case_frag_chain()  { pair AUTH=pubkey CERT=bob-chain FRAGMENT_SIZE=576 -- AUTH=pubkey CERT=alice-chain FRAGMENT_SIZE=576 && go && ping4 && sees bob "received fragment #1 of" && sees alice "received fragment #1 of"; }
case_frag_peer_off() { pair AUTH=pubkey FRAG=no -- AUTH=pubkey FRAGMENT_SIZE=576 && go && ping4 && lacks alice "splitting IKE message"; }
case_cookie()      { pair COOKIE_THRESHOLD=1 BLOCK_THRESHOLD=0 -- && half_open && go && ping4 && sees alice "COOKIE" && sees bob "N\(COOKIE\)"; }
case_invalid_ke()  { pair IKE=aes128-sha256-ecp256 -- IKE=aes128-sha256-modp2048-ecp256 && go && ping4 && sees alice "peer didn't accept (DH|key exchange) .*MODP_2048"; }
case_no_proposal() { pair IKE=aes256-sha384-ecp384 -- && ! go && sees alice "NO_PROP" NO_PROPOSAL_CHOSEN; }
case_modp1024()    { pair IKE=aes128-sha1-modp1024 -- IKE=aes128-sha1-modp1024 && go && ping4; }
case_no_consent()  { # Sallyport does not even start with what [crypto] allow must name
	local who=alice role=init words; strongswan alice && who=bob role=resp
	words=$("$(driver $who)" up $who ROLE=$role NO_CONSENT=yes IKE=aes128-sha1-modp1024 2>&1) && return 1
	grep -q 'modp1024 is weak or unusual and not allowed' <<<"$words" || { echo "    $words"; return 1; }; }
# One suite each: esp:aes128gcm16, ike:aes128-sha256-modp2048.
case_esp()         { pair "ESP=$1" -- "ESP=$1" && go && ping4; }
case_ike()         { pair "IKE=$1" -- "IKE=$1" && go && ping4; }
case_mobike()      { pair MOBIKE=yes REMOTE_ADDR=%any -- MOBIKE=yes LOCAL_ADDR=%any && go && ping4 && in_a ip addr add 192.0.2.11/24 dev a0 && in_a ip addr del $A4/24 dev a0 && in_a ip addr add 192.0.2.11/24 dev a0 2>/dev/null; sleep 3; ping4 && sees bob "UPD_SA_ADDR" "peer-moved lab"; }
case_mobike_route() { # what changes is the route, and with it alice's address
	strongswan alice && { echo "    Sallyport is the one that moves"; return 1; }
	pair MOBIKE=yes REMOTE_ADDR=%any -- MOBIKE=yes LOCAL_ADDR=%any LINK_TWO=a1 && go && ping4 && "$ALICE" move alice && sleep 2 && ping4 && sees bob "UPD_SA_ADDR" && sees alice "" "peer-moved lab"; }
case_childless()   { pair CHILDLESS=force -- CHILDLESS=force && go && ping4 && sees bob "parsed CREATE_CHILD_SA request"; }
case_initial_contact() { pair UNIQUE=replace -- && go && kill -9 "$(cat "$LAB/alice/pid")" && rm "$LAB/alice/pid" && sleep 0.3 && alice && go && ping4 && [ "$("$BOB" sas bob | grep -c ESTABLISHED)" = 1 ]; }
case_delete()      { pair -- && go && "$ALICE" terminate alice child >/dev/null && sleep 0.5 && sees bob "received DELETE for ESP" child-down && "$ALICE" terminate alice >/dev/null && sleep 0.5 && sees bob "received DELETE for IKE_SA" ike-down; }
case_delete_resp() { pair -- && go && "$BOB" terminate bob child >/dev/null && sleep 0.5 && sees alice "received DELETE for ESP" child-down && "$BOB" terminate bob >/dev/null && sleep 0.5 && sees alice "received DELETE for IKE_SA" ike-down; }
crash() { kill -9 "$(cat "$LAB/$1/pid")"; rm "$LAB/$1/pid"; sleep 0.3; }
case_restart_alice() { pair -- && go && ping4 && crash alice && alice && go && ping4; }
case_restart_bob() { # alice notices by liveness that the new bob knows nothing
	pair -- DPD=1s RETRANSMIT_TIMEOUT=0.5 RETRANSMIT_TRIES=2 && go && ping4 && crash bob && bob || return 1
	wait_for 15 eval '! "$ALICE" sas alice | grep -q ESTABLISHED' || { echo "    alice still has the old IKE SA"; return 1; }
	go && ping4; }
case_ppk()         { pair PPK_ID=lab-ppk CONN_EXTRA="ppk_required = yes" -- PPK_ID=lab-ppk CONN_EXTRA="ppk_required = yes" && go && ping4 && sees bob "using PPK for PPK_ID 'lab-ppk'"; }
case_tfc()         { pair -- TFC=1000 && go && ping4; }
case_redirect()    { pair CONN_EXTRA= -- && go && "$BOB" vici bob --redirect --ike lab --gateway 192.0.2.99 >/dev/null; sleep 1; sees alice "redirected to 192.0.2.99"; }
ESP_SUITES="aes128gcm16 aes256gcm16 aes128gcm8 aes128gcm12 aes128ccm16 aes256ccm8 chacha20poly1305 aes128-sha1 aes128-sha256
 aes192-sha256 aes256-sha384 aes256-sha512 aes128ctr-sha256 aes128-aesxcbc aes128-aescmac camellia128-sha256 3des-sha1 null-sha256"
IKE_SUITES="aes128-sha256-modp2048 aes256-sha512-modp4096 aes128-sha1-modp1024 aes256-sha384-ecp384 aes256gcm16-prfsha512-ecp521
 aes256gcm16-prfsha384-curve448 chacha20poly1305-prfsha256-curve25519 aes128ctr-aesxcbc-prfaesxcbc-modp3072
 aes128-aescmac-prfaescmac-ecp256bp aes128ccm16-prfsha256-modp2048s256 camellia256-sha256-modp6144 3des-md5-modp1536"
esp_algs() { local suite; for suite in $ESP_SUITES; do echo "esp:$suite"; done; }
ike_algs() { local suite; for suite in $IKE_SUITES; do echo "ike:$suite"; done; }

ALL="psk psk_wrong rsa rsa_crl rsa_pss ecdsa ed25519 subca expired revoked otherca eap_md5 eap_mschapv2 eap_wrong eap_tls multi vip vip_rsa vip4 vip6
 ipv6_inner ipv6_alone ipv6_outer narrow ts_none two_children iperf rekey_child rekey_child_resp rekey_ike rekey_ike_resp rekey_collide rekey_timed
 rekey_child_load rekey_child_resp_load rekey_ike_load rekey_ike_resp_load rekey_often
 reauth dpd dpd_resp dpd_dead retransmit frag frag_chain frag_peer_off cookie invalid_ke no_proposal mobike childless initial_contact delete delete_resp restart_alice restart_bob modp1024 ppk tfc redirect
 nat $(esp_algs) $(ike_algs)"
CASES=()
for c in ${*:-$ALL}; do
	case $c in esp_algs | ike_algs) CASES+=($($c)) ;; *) CASES+=("$c") ;; esac
done
for c in "${CASES[@]}"; do
	case $c in nat) TOPO=nat ;; mobike_route) TOPO=two ;; *) TOPO=plain ;; esac
	run "$c"
done
[ -n "$KEEP" ] || { "$ALICE" down alice; "$BOB" down bob; "$N" down; }
echo "$PASS passed, $FAIL failed"
[ "$FAIL" = 0 ]
