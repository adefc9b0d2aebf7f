"""A mobile node with its home agent, a correspondent and two visited links, all in namespaces on this machine: the node
moves between B and C and comes home, while datagrams come to it every millisecond and pings go on.

Registrations and payload are protected by ESP (RFC 3776, RFC 4877); a move costs one Binding Update, and the tunnel's
SAs follow. The exit status is 0 only if nothing is lost but at moves, nothing once a move is acknowledged, and at the
best of the moves no more than one round trip and five milliseconds' worth: on a busy machine others take longer.
"""

import argparse
import os
import re
import socket
import struct
import sys
import threading
import time

from air import ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION, Air, Router, is_icmpv6, spi_of
from program import build_tree, exit_status, verdict
from tables import say
from two_sites import ROOT, Failure, Namespaces, eventually, run

PICTURE = """
  correspondent ---- internet ==== %d ms ==== home agent ---- home link 2001:db8:1::/64
  2001:db8:9::9      |      |               2001:db8:1::1           :
                 link B   link C                                    :
          2001:db8:b::/64  2001:db8:c::/64 ........ mobile node, 2001:db8:1::10
"""
HOME, CORRESPONDENT = "2001:db8:1::10", "2001:db8:9::9"
ROUTERS = {"b": Router("fe80::b", "2001:db8:b::/64"), "c": Router("fe80::c", "2001:db8:c::/64")}
PORT = 7009
PERIOD = 0.001
STAY = 2.0  # seconds on a link
MOVES = "cbc"
GRACE = 0.005
TOLERATED = 0.02  # of what is sent while nothing moves, on a busy machine
SPIS = {0x1001: "Binding Update (ESP)", 0x1002: "Binding Acknowledgement (ESP)"}
AT_HOME = f"""
[[policy]]
name = "at-home"
local = "{HOME}/128"
remote = "::/0"
action = "bypass"
"""


class MobileSites(Namespaces):
    """Use in a `with`."""

    def __init__(self):
        super().__init__("mobile")
        self.gateways = {}

    def build(self):
        for name in ("node", "home-agent", "air"):
            self.add_namespace(name, speaks=False)
        for name in ("internet", "correspondent"):
            self.add_namespace(name)
        for one, link, other, end in (("node", "wlan0", "air", "cell"), ("home-agent", "home0", "air", "at-home"),
                                      ("home-agent", "wan0", "air", "line-a"), ("internet", "rf", "air", "line-b"),
                                      ("internet", "rb", "air", "at-b"), ("internet", "rc", "air", "at-c"),
                                      ("internet", "rx", "correspondent", "eth0")):
            self.cable((one, link), (other, end))
        self._route()
        self._configure()

    def _route(self):
        internet = self.namespace("internet")
        run("ip", "netns", "exec", internet, "sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=1")
        for link, address in (("rf", "2001:db8:f::ff/64"), ("rx", "2001:db8:9::1/64"), ("rb", "2001:db8:b::1/64"),
                              ("rc", "2001:db8:c::1/64"), ("rb", "fe80::b/64"), ("rc", "fe80::c/64")):
            run("ip", "-n", internet, "address", "add", address, "dev", link)
        run("ip", "-n", internet, "route", "add", "2001:db8:1::/64", "via", "2001:db8:f::1")
        far = self.namespace("correspondent")
        run("ip", "-n", far, "address", "add", f"{CORRESPONDENT}/64", "dev", "eth0")
        run("ip", "-n", far, "route", "add", "default", "via", "2001:db8:9::1")
        for name, router in ROUTERS.items():
            text = run("ip", "-n", internet, "-o", "link", "show", "dev", f"r{name}")
            router.mac = bytes.fromhex(re.search(r"link/ether ([0-9a-f:]+)", text)[1].replace(":", ""))

    def _configure(self):
        keys = self.work / "keys"
        keys.mkdir(mode=0o700)
        texts = {name: (ROOT / f"examples/mobile-static-{name}.toml").read_text()
                 for name in ("home-agent", "mobile-node")}
        for octets, key in re.findall(r"^# key: (\d+) octets in keys/(\S+)$", texts["home-agent"], re.MULTILINE):
            with open(os.open(keys / key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(os.urandom(int(octets)).hex())
        texts["mobile-node"] = texts["mobile-node"].replace(
            "\n[mobile_node]\n", '\n[mobile_node]\naddress_check = "optimistic"\n') + AT_HOME
        for name, text in texts.items():
            own = f'[instance]\nfile_prefix = "{self.prefix}-{name}"\n' + "".join(
                f'{kind}_directory = "{self.work}/{kind}-{name}"\n' for kind in ("run", "state"))
            text = text.replace("[instance]\n", own, 1).replace('["tcp", "udp"]', '["tcp", "udp", "icmpv6"]')
            (self.work / f"{name}.toml").write_text(text)

    def start_gateways(self, build):
        for name, namespace in (("home-agent", "home-agent"), ("mobile-node", "node")):
            self.gateways[name] = self.start_gateway(name, namespace, build, self.work / f"{name}.toml",
                                                     self.work / f"run-{name}" / "control.sock")
        node = self.namespace("node")
        run("ip", "netns", "exec", node, "sysctl", "-q", "-w", "net.ipv6.conf.apps0.disable_ipv6=0")
        run("ip", "-n", node, "address", "add", f"{HOME}/128", "dev", "apps0", "nodad")
        run("ip", "-n", node, "link", "set", "apps0", "up")
        run("ip", "-n", node, "-6", "route", "add", "default", "dev", "apps0")


class Stream(threading.Thread):
    """A numbered datagram to the node every millisecond."""

    def __init__(self, sites):
        super().__init__(daemon=True)
        with sites.inside("correspondent"):
            self._sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sites.inside("node"):
            self._receiver = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._receiver.bind((HOME, PORT))
        self._receiver.setblocking(False)
        self._running = True
        self.sent = []  # wall times, by number
        self.arrived = {}  # wall times

    def run(self):
        start = time.monotonic()
        while self._running:
            while len(self.sent) < (time.monotonic() - start) / PERIOD:
                self._sender.sendto(struct.pack("!Q", len(self.sent)) + bytes(56), (HOME, PORT))
                self.sent.append(time.time())
            self._take()
            time.sleep(PERIOD / 4)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            self._take()
            time.sleep(PERIOD)

    def _take(self):
        try:
            while True:
                self.arrived.setdefault(struct.unpack("!Q", self._receiver.recv(2048)[:8])[0], time.time())
        except BlockingIOError:
            return

    def stop(self):
        self._running = False
        self.join()

    def lost_between(self, start, end):
        return [number for number, when in enumerate(self.sent) if start <= when < end and number not in self.arrived]


class Demo:
    def __init__(self, sites, air, round_trip, busy):
        self._sites, self._air, self._round_trip, self._busy = sites, air, round_trip, busy
        self._node = sites.gateways["mobile-node"]
        self._moves = []  # (link, wall time)
        self._wrong = []

    def run(self):
        self._go("b", hint=False)
        if not self._registered("2001:db8:b:", patience=10):
            raise Failure(f"the node does not register from B:\n{self._node.log.read_text()}")
        say("  registered from link B; somebody speaks with the node now")
        self._moves.clear()
        stream = Stream(self._sites)
        stream.start()
        ping = self._sites.start("correspondent", "ping", "-n", "-q", "-i", "0.2", HOME, log="ping.log")
        time.sleep(STAY)
        for link in MOVES:
            self._go(link)
            self._check(self._registered(f"2001:db8:{link}:"), f"the node does not register from {link.upper()}")
            time.sleep(STAY)
        self._go("home")
        self._check(eventually(5, self._is_home), "the node does not come home")
        time.sleep(STAY)
        stream.stop()
        ping.send_signal(2)
        ping.wait(5)
        self._tell(stream)
        say("\nPings of the correspondent: " + self._ping_summary())
        return verdict(self._wrong, "the node was reached wherever it went.")

    def _go(self, link, hint=True):
        when = self._air.move(link)
        if hint:  # as who sees the radio link tells it
            self._node.ask("link-moved", port="wlan")
        self._moves.append((link, when))

    def _state(self):
        return self._node.ask("show.mobile-node")[0]

    def _registered(self, prefix, patience=5):
        def there():
            state = self._state()
            return state["registered"] and (state["care_of"] or "").startswith(prefix)
        return eventually(patience, there)

    def _is_home(self):
        state = self._state()
        return state["care_of"] is None and state["router"] is not None and not state["tunnels_active"]

    def _tell(self, stream):
        over = stream.sent[-1] - 0.5
        best = len(stream.sent)
        everything = stream.lost_between(0, over)
        # What is under way at a move is that move's.
        ends = [moved - 2 * self._round_trip for _, moved in self._moves[1:]] + [over]
        for (link, moved), end in zip(self._moves, ends):
            settled = self._tell_messages(link, moved, end)
            lost = stream.lost_between(moved - 2 * self._round_trip, end)
            everything = [number for number in everything if number not in lost]
            late = [number for number in lost if settled is not None and stream.sent[number] > settled]
            gap = self._gap(stream, moved)
            say(f"  lost: {len(lost)} of a datagram a millisecond; nothing arrived for {gap * 1000:.1f} ms; "
                f"{len(late)} of those that were sent after the acknowledgement")
            if link == "home":  # routers answer within half a second there (RFC 4861 6.2.6)
                continue
            best = min(len(lost), best)
            self._check(self._busy or not late, f"{len(late)} datagrams were lost after the acknowledgement at {link}")
        allowed = (self._round_trip + GRACE) / PERIOD
        self._check(self._busy or best <= allowed, f"{best} datagrams were lost at the best move, {allowed:.0f} may be")
        say(f"\nDatagrams: {len(stream.sent):,} sent, {len(stream.arrived):,} arrived")
        tolerated = TOLERATED * len(stream.sent) if self._busy else 0
        self._check(len(everything) <= tolerated, f"{len(everything)} datagrams were lost where nothing moved")
        self._check(len(stream.arrived) > len(stream.sent) // 2, "most datagrams were lost")

    def _tell_messages(self, link, moved, end):
        """What the cell carried of a move; when its acknowledgement came."""
        say(f"\nTo {'the home link' if link == 'home' else 'link ' + link.upper()}")
        settled, told = None, set()
        for when, way, frame in self._air.seen:
            what = message_in(frame)
            if what is None or not moved <= when < min(end, moved + 2) or (what, way) in told:
                continue
            told.add((what, way))
            say(f"  {(when - moved) * 1000:8.1f} ms  {'node ->' if way == 'up' else 'node <-'}  {what}")
            if what.startswith("Binding Acknowledgement"):
                settled = when
        self._check(settled is not None, f"no Binding Acknowledgement at {link}")
        return settled

    def _gap(self, stream, moved):
        times = sorted(when for when in stream.arrived.values() if moved - 0.5 < when < moved + 1.5)
        around = [(later - earlier) for earlier, later in zip(times, times[1:]) if later > moved]
        return max(around, default=0.0)

    def _ping_summary(self):
        text = (self._sites.work / "ping.log").read_text()
        found = re.search(r"(\d+) packets transmitted, (\d+) received", text)
        self._check(found is not None and int(found[2]) > 0, f"no pings: {text}")
        return f"{found[2]} of {found[1]} answered" if found else "none"

    def _check(self, good, wrong):
        if not good:
            self._wrong.append(wrong)


def message_in(frame):
    """In words, where it has to do with a move; None for all else."""
    if is_icmpv6(frame, ROUTER_SOLICITATION):
        return "router solicitation"
    if is_icmpv6(frame, ROUTER_ADVERTISEMENT):
        return "router advertisement"
    return SPIS.get(spi_of(frame))


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo-mip6", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--round-trip", type=float, default=20, help="milliseconds between node and home agent (default 20)")
    parser.add_argument("--busy", action="store_true",
                        help="the machine has more to do: outages are told and not judged, and a few losses are borne")
    arguments = parser.parse_args()
    build = build_tree("release")
    round_trip = arguments.round_trip / 1000

    def show():
        with MobileSites() as sites:
            say(PICTURE % arguments.round_trip)
            air = Air(sites, {**ROUTERS, "home": None}, ("line-a", "line-b"), round_trip / 2)
            air.start()
            sites.start_gateways(build)
            good = Demo(sites, air, round_trip, arguments.busy).run()
            air.stop()
            return good

    return exit_status(show)


if __name__ == "__main__":
    sys.exit(main())
