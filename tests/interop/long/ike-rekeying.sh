#!/bin/bash
# strongSwan: IKE and child SAs are rekeyed by either side, and no ping is lost.
. "$(dirname "$0")/../_lab.sh"
. "$interop/_ike_peer.sh"

cases=(rekey_child_load rekey_child_resp_load rekey_ike_load rekey_ike_resp_load rekey_often rekey_collide rekey_timed)
sallyport_as alice "${cases[@]}"
sallyport_as bob "${cases[@]}"
all_passed
