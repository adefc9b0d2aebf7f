# Common settings and helpers. Sourced, never run.
# Every setting may be overridden from the environment.
set -a
HERE=${HERE:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
LAB=${LAB:-/tmp/ipsec-lab}                 # all run state lives here
PKI=${PKI:-$LAB/pki}
NS_A=${NS_A:-lab-a}  NS_B=${NS_B:-lab-b}  NS_R=${NS_R:-lab-r}
# Outer addresses (lab-a: initiator side, lab-b: responder side).
A4=${A4:-192.0.2.1}  B4=${B4:-192.0.2.2}
A6=${A6:-2001:db8:0:1::1}  B6=${B6:-2001:db8:0:1::2}
# By the second veth of net.sh's layout "two".
A4_TWO=${A4_TWO:-203.0.113.193}  B4_TWO=${B4_TWO:-203.0.113.194}
# Protected networks, one host address of each is put on lo.
NET_A4=${NET_A4:-198.51.100.0/25}    HOST_A4=${HOST_A4:-198.51.100.1}
NET_B4=${NET_B4:-198.51.100.128/25}  HOST_B4=${HOST_B4:-198.51.100.129}
NET_A6=${NET_A6:-2001:db8:a::/64}    HOST_A6=${HOST_A6:-2001:db8:a::1}
NET_B6=${NET_B6:-2001:db8:b::/64}    HOST_B6=${HOST_B6:-2001:db8:b::1}
POOL4=${POOL4:-203.0.113.0/26}       POOL6=${POOL6:-2001:db8:c::/120}
set +a

die()  { echo "$0: $*" >&2; exit 1; }
note() { echo "-- $*" >&2; }

# wait_for SECONDS COMMAND... : poll until the command succeeds
wait_for() {
	local n=$(( $1 * 10 )); shift
	while [ "$n" -gt 0 ]; do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; n=$((n - 1)); done
	return 1
}

# gone PID : it ended (a zombie that nobody reaps has ended, too)
gone() { ! [ -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# stop_pid PIDFILE : end a process we started, and only that one
stop_pid() {
	local f=$1 p
	[ -s "$f" ] || return 0
	p=$(cat "$f")
	kill "$p" 2>/dev/null
	wait_for 5 gone "$p" || kill -9 "$p" 2>/dev/null
	rm -f "$f"
}

# render TEMPLATE > OUT : replace @NAME@ by the value of shell variable NAME;
# a line '@include FILE@' inserts another template of the same folder. A line
# whose only variable is empty and that starts with '?' is left out.
render() {
	python3 - "$1" <<'PY'
import os, re, sys
def load(path):
    out = []
    for line in open(path):
        m = re.match(r'\s*@include (\S+)@\s*$', line)
        if m:
            inc = re.sub(r'@(\w+)@', lambda v: os.environ.get(v.group(1), ''), m.group(1))
            p = os.path.join(os.path.dirname(path), inc)
            out += load(p)
        else:
            out.append(line)
    return out
def sub(m):
    if m.group(1) not in os.environ:
        sys.exit("render: variable %s is not set" % m.group(1))
    return os.environ[m.group(1)]
for line in load(sys.argv[1]):
    if line.lstrip().startswith('?'):
        names = re.findall(r'@(\w+)@', line)
        if not all(os.environ.get(n) for n in names):
            continue
        line = line.replace('?', '', 1)
    sys.stdout.write(re.sub(r'@(\w+)@', sub, line))
PY
}
