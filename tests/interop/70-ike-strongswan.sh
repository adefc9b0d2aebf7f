#!/bin/bash
# strongSwan as the peer, in either role, with traffic: a shared key, certificates, rekeys without loss. The other cases
# are in long/, for scripts/soak ike.
# Proves: IKE-20, IKE-76, IKE-77, IKE-126, AUTH-03, AUTH-06, CERT-01, IKE-112, IKE-113, SAD-10
. "$(dirname "$0")/_lab.sh"
. "$interop/_ike_peer.sh"

sallyport_as bob psk psk_wrong rsa ed25519 rekey_child_load
sallyport_as alice psk ecdsa rekey_ike_load
all_passed
