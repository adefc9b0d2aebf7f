#!/bin/bash
# A home agent and a mobile node of ours that negotiate their SAs: the ten steps of a move, with an IKE SA that follows and with
# one that is made anew.
# Proves: MAPI-06, MAPI-07, MAPI-09, MAPI-10
. "$(dirname "$0")/_lab.sh"

demo() { env SALLYPORT_BUILD="$build" /usr/bin/python3 "$root/scripts/demo.d/mobile.py" --busy --ike "$@"; }
check "the IKE SA follows the node (K = 1)" demo
check "the IKE SA is made anew from each place (K = 0)" demo --renegotiate
