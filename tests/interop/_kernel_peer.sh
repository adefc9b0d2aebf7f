# Sourced by scenarios with a Linux kernel guest as the peer.

random_key() { echo "0x$(head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n')"; }

# One key set for each direction, as `ip xfrm state` takes them.
kernel_algorithm() {
  case $1 in
    gcm) echo "aead rfc4106(gcm(aes)) $(random_key 20) 128" ;;
    cbc-sha1) echo "enc cbc(aes) $(random_key 16) auth-trunc hmac(sha1) $(random_key 20) 96" ;;
  esac
}

quiet_in_guest() { in_guest "$1" 'awk "\$2 { print; bad = 1 } END { exit bad }" /proc/net/xfrm_stat'; }

# Both states of the guest's kernel carried packets.
states_used_in_guest() {
  in_guest "$1" 'ip -s xfrm state' | tee -a "$work/check.log" |
    awk '/lifetime current/ { getline; if ($2 + 0 > 0) used++ } END { exit used != 2 }'
}
