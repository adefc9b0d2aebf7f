#!/bin/bash
# pki.sh [DIR] : make a throw-away PKI with strongSwan's pki tool.
# Root CA -> per peer (alice, bob, carol) rsa / ecdsa / ed25519 certificates, an
# intermediate CA chain, and bad ones: expired, revoked (with a CRL), wrong CA.
. "$(dirname "$0")/lib.sh"
D=${1:-$PKI}
[ -e "$D/ready" ] && exit 0
mkdir -p "$D" && cd "$D" || exit 1
umask 077
export LEAK_DETECTIVE_DISABLE=1
# Only the plugins it needs (also keeps the TPM plugin's complaints away).
export PKI_PLUGINS="random nonce openssl aes sha1 sha2 hmac gmp curve25519 pem pkcs1 pkcs8 x509 pubkey"
q() { "$@" 2>>pki.log; }
gen() { case $1 in
	rsa)     q pki --gen --type rsa --size "${RSA_BITS:-2048}" --outform pem ;;
	ecdsa)   q pki --gen --type ecdsa --size "${EC_BITS:-256}" --outform pem ;;
	ed25519) q pki --gen --type ed25519 --outform pem ;; esac; }
dig() { case $1 in ecdsa) echo "--digest sha256" ;; rsa) echo "--digest sha256" ;; esac; }
issue() { # KIND NAME CN SAN CA [extra args]
	local kind=$1 name=$2 cn=$3 san=$4 ca=$5; shift 5
	gen "$kind" > "$name.key.pem" || exit 1
	q pki --pub --in "$name.key.pem" --type priv |
		q pki --issue --cacert "$ca.crt.pem" --cakey "$ca.key.pem" --dn "C=CH, O=Lab, CN=$cn" \
			--san "$san" --flag serverAuth --flag clientAuth --outform pem "$@" > "$name.crt.pem" || exit 1
}
ca() { # NAME KIND CN
	gen "$2" > "$1.key.pem"
	q pki --self --ca --in "$1.key.pem" --type priv --dn "C=CH, O=Lab, CN=$3" --lifetime 3650 --outform pem > "$1.crt.pem"
}
ca ca rsa "Lab Root CA"
ca eca ecdsa "Lab EC Root CA"
ca otherca rsa "Another CA"
gen rsa > sub.key.pem
q pki --pub --in sub.key.pem --type priv | q pki --issue --ca --pathlen 0 --cacert ca.crt.pem --cakey ca.key.pem \
	--dn "C=CH, O=Lab, CN=Lab Sub CA" --outform pem > sub.crt.pem
for n in alice bob carol; do
	issue rsa     $n-rsa     $n.example.org $n.example.org ca
	issue ecdsa   $n-ecdsa   $n.example.org $n.example.org eca
	issue ed25519 $n-ed25519 $n.example.org $n.example.org ca
	issue rsa     $n-sub     $n.example.org $n.example.org sub
done
# Large: with the authority in between several datagrams, however they are cut.
for n in alice bob; do RSA_BITS=4096 issue rsa $n-chain $n.example.org $n.example.org sub; done
issue rsa alice-expired alice.example.org alice.example.org ca --not-before "01.01.20 00:00:00" --not-after "01.01.21 00:00:00"
issue rsa alice-revoked alice.example.org alice.example.org ca --crl "http://127.0.0.1:8889/lab.crl"
issue rsa alice-otherca alice.example.org alice.example.org otherca
q pki --signcrl --cacert ca.crt.pem --cakey ca.key.pem --cert alice-revoked.crt.pem --reason key-compromise \
	--lifetime 365 --outform pem > lab.crl.pem
touch ready
