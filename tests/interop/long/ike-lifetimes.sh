#!/bin/bash
# strongSwan: liveness, lost messages, Deletes, restarts, moves, reauthentication.
. "$(dirname "$0")/../_lab.sh"
. "$interop/_ike_peer.sh"

cases=(dpd dpd_resp dpd_dead retransmit delete delete_resp restart_alice restart_bob initial_contact)
sallyport_as alice "${cases[@]}" mobike_route
sallyport_as bob "${cases[@]}" mobike reauth
all_passed
