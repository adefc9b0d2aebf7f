#!/bin/bash
# strongSwan: suites of the IKE SA; groups that want consent, and not without it.
. "$(dirname "$0")/../_lab.sh"
. "$interop/_ike_peer.sh"

sallyport_as bob ike_algs modp1024 no_consent invalid_ke psk no_proposal
sallyport_as alice ike:aes128-sha256-modp2048 ike:aes256-sha384-ecp384 ike:chacha20poly1305-prfsha256-curve25519 \
  ike:aes128-aescmac-prfaescmac-ecp256bp modp1024 no_consent invalid_ke psk no_proposal
all_passed
