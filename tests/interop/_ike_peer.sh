# Sourced by scenarios with strongSwan as the peer: the cases of strongswan/selftest.sh, each counted, in a
# laboratory of this run's own. strongswan/README.md tells of the pieces.

swan=$interop/strongswan
driver=$swan/sallyport-peer.sh
export LAB=$work/lab PKI=$SALLYPORT_INTEROP_CACHE/ike-pki
export NS_A=$lab-ike-a NS_B=$lab-ike-b NS_R=$lab-ike-r INSTANCE=$lab SALLYPORT_BUILD=$build
passed=0
failed=0

[ -x /usr/sbin/charon-systemd ] && [ -x /usr/sbin/swanctl ] || skip "strongSwan is not installed: scripts/setup"
[ -x "$build/sallyport" ] || skip "$build/sallyport is not built"

# Peers that a case has left behind, then all that every scenario takes away. The count is the last line.
leave() {
  local status=$? peer
  trap - EXIT
  set +e
  for peer in alice bob; do "$driver" down $peer; done
  "$swan/net.sh" down
  (
    trap - INT TERM
    (exit $status)
    finish
  )
  status=$?
  [ $status = 77 ] || echo "$passed passed, $failed failed"
  exit $status
}
trap leave EXIT

# Keys and certificates serve for a month of runs: making them takes longer than a scenario.
certificates() {
  [ -z "$(find "$PKI/ready" -newer "$swan/pki.sh" -mtime -30 2>/dev/null)" ] || return 0
  rm -rf "$PKI"
  mkdir -p "$PKI"
  "$swan/pki.sh" || fail "no certificates: $PKI/pki.log"
}

# sallyport_as alice|bob CASE...: it begins, or answers; the other one is strongSwan.
sallyport_as() {
  local role=$1 count
  shift
  mkdir -p "$LAB"
  certificates
  env "${role^^}=$driver" "$swan/selftest.sh" "$@" >"$work/cases" 2>&1 || true
  sed "\$d; s/^/$role: /" "$work/cases"
  count=$(tail -n 1 "$work/cases")
  [[ $count =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || fail "the cases ended before their count: $count"
  passed=$((passed + BASH_REMATCH[1]))
  failed=$((failed + BASH_REMATCH[2]))
}

# At the end of a scenario.
all_passed() { [ $failed = 0 ] || fail "$failed of $((passed + failed)) cases failed"; }
