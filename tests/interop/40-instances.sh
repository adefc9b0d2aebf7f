#!/bin/bash
# Three gateways on one machine; one goes by SIGTERM, cleanly, and the others do not notice.
. "$(dirname "$0")/_lab.sh"
. "$interop/_two_gateways.sh"

veth_wire
two_gateways net_af_packet1,iface=wan0 net_af_packet1,iface=wan0
namespace bystander
cable bystander host0 bystander lan0
configuration c
port c lan protected net_af_packet0,iface=lan0 10.3.0.1/24
gateway c bystander

check "traffic crosses beside a third gateway" pings in_namespace host-a 10.2.0.2
check "SIGTERM ends one with status 0" stop c TERM
check "its control socket is gone" [ ! -e "$work/c.run/control.sock" ]
check "the others still carry traffic" pings in_namespace host-a 10.2.0.2
gateways_agree
check "sallyportctl stop ends one, too" ctl a stop
check "with status 0" ended_well a
