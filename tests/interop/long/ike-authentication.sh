#!/bin/bash
# strongSwan: pre-shared keys, RSA, ECDSA and Ed25519 certificates, chains, revocation, EAP-MSCHAPv2; what must not get in.
. "$(dirname "$0")/../_lab.sh"
. "$interop/_ike_peer.sh"

cases=(psk psk_wrong rsa rsa_crl rsa_pss ecdsa ed25519 subca eap_mschapv2 eap_wrong vip)
sallyport_as alice "${cases[@]}"
sallyport_as bob "${cases[@]}" expired revoked otherca
all_passed
