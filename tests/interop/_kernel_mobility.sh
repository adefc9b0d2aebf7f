# Sourced by scenarios of Mobile IPv6, with a Linux kernel guest on one side or with two gateways of ours. Two links, B and
# C, and the home agent's are joined by the router in "internet".

home=2001:db8:1::10
agent=2001:db8:1::1
place_b=2001:db8:b::100
place_c=2001:db8:c::100
export PYTHONDONTWRITEBYTECODE=1

# SAs: a pair for each kind of traffic, -up from the mobile node to its home agent and -down.
pairs=(binding tests payload)

# router_link INTERFACE ADDRESS/LENGTH...
router_link() {
  local address
  for address in "${@:2}"; do ip -n "$lab-internet" address add "$address" dev "$1"; done
}

internet() {
  inside internet sysctl -q -w net.ipv6.conf.all.forwarding=1
  router_link rf 2001:db8:f::ff/64
  router_link rb fe80::b/64 2001:db8:b::1/64
  router_link rc fe80::c/64 2001:db8:c::1/64
  ip -n "$lab-internet" route add 2001:db8:1::/64 via 2001:db8:f::1
  ip -n "$lab-internet" route add 2001:db8:9::/64 via 2001:db8:f::1
}

mac_of() { inside internet cat "/sys/class/net/$1/address"; }

# The air of a mobile node: in the namespace "air", with links B and C of the router in "internet".
radio() {
  mkfifo "$work/moves"
  background air air "$interop/radio_cell.py" "$work/moves" "b=fe80::b,2001:db8:b::/64,$(mac_of rb)" \
    "c=fe80::c,2001:db8:c::/64,$(mac_of rc)"
  eventually 5 grep -q ready "$work/air.log" || fail "there is no air"
}

moves=0
# goes_to LINK
goes_to() {
  moves=$((moves + 1))
  echo "$1" >"$work/moves"
  eventually 5 has_moved || fail "the air does not go to $1"
}
has_moved() { [ "$(grep -c '^on ' "$work/air.log")" = $moves ]; }

# mobile_keys ALGORITHM: of Binding Updates and Acknowledgements; all else is ESP. Leaves in $work/states what
# kernel/mobility_states.py reads, and in $work/up.toml and $work/down.toml the SAs without their direction.
mobile_keys() {
  local pair way spi=0x1001 algorithm keys
  for way in states up.toml down.toml; do : >"$work/$way"; done
  for pair in "${pairs[@]}"; do
    algorithm=cbc-sha1
    [ "$pair" != binding ] || algorithm=$1
    for way in up down; do
      keys=$(new_keys "$algorithm")
      echo "$pair-$way $spi $(protocol_of "$algorithm") $(kernel_algorithm "$algorithm" "$keys")" >>"$work/states"
      printf '\n[[sa]]\nname = "%s-%s"\nspi = %s\nesn = false\n%s\n' "$pair" "$way" "$spi" \
        "$(sallyport_algorithm "$algorithm" "$keys")" >>"$work/$way.toml"
      spi=$(printf '0x%x' $((spi + 1)))
    done
  done
}

# mobile_associations NAME node|agent ALGORITHM: what protects a node, for the table of it that $work/NAME.toml ends
# with, and the SAs.
mobile_associations() {
  local outbound=up inbound=down
  [ "$2" = node ] || outbound=down inbound=up
  cat >>"$work/$1.toml" <<T
payload = ["tcp", "udp", "icmpv6"]
prefix_discovery = false
signalling_protocol = "$(protocol_of "$3")"
sas.binding = ["binding-up", "binding-down"]
sas.return_routability = ["tests-up", "tests-down"]
sas.payload = ["payload-up", "payload-down"]
T
  local pair
  for pair in "${pairs[@]}"; do
    [[ $pair =~ ^(multicast|groups|dhcp)$ ]] || continue
    [ "$pair" = groups ] || echo "$pair = true" >>"$work/$1.toml"
    echo "sas.$pair = [\"$pair-up\", \"$pair-down\"]" >>"$work/$1.toml"
  done
  sed 's/^\[\[sa\]\]$/&\ndirection = "out"/' "$work/$outbound.toml" >>"$work/$1.toml"
  sed 's/^\[\[sa\]\]$/&\ndirection = "in"/' "$work/$inbound.toml" >>"$work/$1.toml"
}

# home_agent NAME ALGORITHM [LINE of its section]: in the namespace "gate"
home_agent() {
  configuration "$1"
  port "$1" home protected net_af_packet0,iface=home0 $agent/64
  port "$1" wan unprotected net_af_packet1,iface=wan0 2001:db8:f::1/64
  route "$1" ::/0 via 2001:db8:f::ff
  cat >>"$work/$1.toml" <<T

[home_agent]
address = "$agent"
link = "home"
prefixes = ["2001:db8:1::/64"]
${3:-}

[[home_agent.nodes]]
name = "mn"
home_address = "$home"
T
  mobile_associations "$1" agent "$2"
  gateway "$1" gate
}

# mobile_node NAME ALGORITHM: in the namespace "node", with its applications
mobile_node() {
  configuration "$1"
  port "$1" apps protected net_tap0,iface=apps0 $home/128
  echo 'kind = "local-stack"' >>"$work/$1.toml"
  port "$1" wlan unprotected net_af_packet0,iface=wlan0
  cat >>"$work/$1.toml" <<T

[mobile_node]
home_address = "$home"
home_agent = "$agent"
links = ["wlan"]
address_check = "optimistic"
lifetime = "4m"
discovery = false
T
  mobile_associations "$1" node "$2"
  gateway "$1" node
  inside node sysctl -q -w net.ipv6.conf.apps0.{disable_ipv6,accept_dad}=0
  plain_link node apps0
  address node apps0 $home/128
  ip -n "$lab-node" -6 route add default dev apps0
}

registered_from() { rows "$1" mobile-node registered care_of | grep "^True $2"; }

kernel_script() { in_guest kernel "PYTHONDONTWRITEBYTECODE=1 $interop/kernel/$1"; }

# guest_program NAME COMMAND: it says "ready", and its output is in the guest's /run/NAME.
guest_program() {
  in_guest kernel "rm -f /run/$1; PYTHONDONTWRITEBYTECODE=1 $2 >>/run/$1 2>&1 & echo \$! >/run/$1.pid
    for turn in \$(seq 100); do ! grep -qs ready /run/$1 || exit 0; sleep 0.1; done; cat /run/$1; exit 1" ||
    fail "no $1 in the guest"
}

forget_states() { in_guest kernel "ip xfrm policy flush && ip xfrm state flush"; }

# What is on the wire away from home, for `recorded`: binding_message ALGORITHM update|acknowledgement
binding_message() {
  local extension=60 protocol=50 at=64 spi=0x1001
  [ "$2" = update ] || extension=43 spi=0x1002
  [ "$(protocol_of "$1")" = esp ] || protocol=51 at=68
  echo "(ip6[6] == $extension and ip6[40] == $protocol and ip6[$at:4] == $spi)"
}

# packets_of NAME SA
packets_of() { rows "$1" sas name packets | awk -v name="$2" '$1 == name { print $2 }'; }

# what_was_on_the_wire ALGORITHM REGISTRATIONS [FILTER]: ends the recording "wire". It has so many Binding Updates and
# Acknowledgements at least, payload in ESP, what neighbours say to each other, what passes FILTER, and nothing else.
what_was_on_the_wire() {
  local update acknowledgement known
  update=$(binding_message "$1" update)
  acknowledgement=$(binding_message "$1" acknowledgement)
  known="$update or $acknowledgement or ip6 proto 50 or $neighbours or $listener_reports${3:+ or $3}"
  stop wire INT
  check "Binding Updates were behind a Home Address option and $(protocol_of "$1")" \
    [ "$(recorded wire "$update")" -ge "$2" ]
  check "Acknowledgements behind a type 2 routing header and the same" \
    [ "$(recorded wire "$acknowledgement")" -ge "$2" ]
  check "payload was behind ESP" [ "$(recorded wire "ip6 proto 50")" -gt 40 ]
  check "the wire carried nothing else" [ "$(recorded wire "not ($known)")" = 0 ]
}
