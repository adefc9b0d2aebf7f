#!/bin/bash
# strongSwan: each ESP suite that its user-space ESP has.
. "$(dirname "$0")/../_lab.sh"
. "$interop/_ike_peer.sh"

sallyport_as bob esp_algs
sallyport_as alice esp:aes128gcm16 esp:aes256-sha512 esp:chacha20poly1305 esp:aes128ctr-sha256
all_passed
