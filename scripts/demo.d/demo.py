"""Two hosts behind two Sallyport gateways: IKEv2 negotiates an AES-128-GCM tunnel with certificates made on the fly,
traffic crosses it while keys are replaced, and the wire shows ESP and IKE only.

The exit status is 0 only if ESP crossed the wire, nothing but ESP, IKE, ARP and neighbour discovery did, and the
receiving host counted what the sending host sent.
"""

import argparse
import signal
import sys
import time

from program import build_tree, exit_status, verdict
from tables import say, tell_gateways
from traffic import CountedStream, Iperf3, ping, start_iperf3_server
from two_sites import HOST, Failure, TwoSites, eventually
from wire import WireCapture

PICTURE = """
  host a            gateway a                              gateway b            host b
  10.1.0.2 -------- 10.1.0.1   192.0.2.1 ==== ESP ==== 192.0.2.2   10.2.0.1 -------- 10.2.0.2
  2001:db8:1::2     worker: core 0      AES-128-GCM        worker: core 1      2001:db8:2::2
"""
UDP_RATE = "20M"
ONE_IKE_SA_AND_TWO_CHILDREN = (1, 2, 4)  # a child for each family, two SAs each


class LiveLine:
    """The rate at gateway a's outer port while something runs: one line that changes, or a plain line a second."""

    def __init__(self, gateway, title):
        self._gateway, self._title = gateway, title
        self._terminal = sys.stdout.isatty()
        self._period = 0.5 if self._terminal else 1.0
        self._start = self._last = time.monotonic()
        self._before = gateway.packets_on_wire()

    def tick(self):
        now = time.monotonic()
        if now - self._last < self._period:
            return
        packets, octets = after = self._gateway.packets_on_wire()
        rate = 1 / (now - self._last)
        megabits = (octets - self._before[1]) * 8 / 1e6 * rate
        line = (f"  {self._title:22} {now - self._start:5.1f} s {megabits:8.1f} Mbit/s "
                f"{(packets - self._before[0]) * rate:9,.0f} packets/s")
        if self._terminal:
            print(f"\r{line}\033[K", end="", flush=True)
        else:
            say(line)
        self._last, self._before = now, after

    def end(self):
        if self._terminal:
            print("\r\033[K", end="", flush=True)


class Demo:
    def __init__(self, sites, seconds):
        self._sites, self._seconds = sites, seconds
        self._crossed, self._wrong = [], []
        self._rekeys = 0
        self._streams = []

    def run(self):
        capture = WireCapture(self._sites)
        self._pings()
        say("  Rates are those of the wire between the gateways.")
        start_iperf3_server(self._sites)
        self._iperf3("TCP over IPv4", 4)
        self._iperf3("TCP over IPv6", 6)
        self._iperf3("UDP over IPv4", 4, "--udp", "--bandwidth", UDP_RATE, "--length", 1350)
        for family in (4, 6):
            self._counted(family)
        self._tell_rekeys()
        capture.finish()
        self._tell_crossed()
        self._tell_wire(capture)
        self._tell_gateways()
        return self._verdict()

    def _pings(self):
        for family in (4, 6):
            answers, milliseconds = ping(self._sites, family)
            self._crossed.append((f"ping over IPv{family}", f"{answers} of 5 answered, {milliseconds:.2f} ms"))
            self._check(answers > 0, f"no answer to IPv{family} pings")
            say(f"  ping {HOST['b'][family]}: {answers} of 5 answered")

    def _iperf3(self, title, family, *options):
        line = LiveLine(self._sites.gateways["a"], f"iperf3 {title}")
        client = Iperf3(self._sites, family, self._seconds, *options)
        while client.running():
            time.sleep(0.1)
            line.tick()
        line.end()
        try:
            self._crossed.append((f"iperf3 {title}", summary_of(client.result())))
        except Failure as failure:  # the tables below may tell why
            self._check(False, f"{title}: {failure}")

    def _counted(self, family):
        line = LiveLine(self._sites.gateways["a"], f"counted UDP over IPv{family}")
        stream = CountedStream(self._sites, family)
        end = time.monotonic() + self._seconds
        # Halfway the keys of the tunnel are replaced by one gateway, then those of the IKE SA by the other.
        rekeys = [("a", self._rekey_children), ("b", self._rekey_ike)]
        pause = self._seconds / (len(rekeys) + 1)
        due = time.monotonic() + pause
        while time.monotonic() < end and stream.turn():
            line.tick()
            if rekeys and time.monotonic() >= due:
                letter, rekey = rekeys.pop(0)
                rekey(self._sites.gateways[letter])
                due += pause
        stream.drain()
        line.end()
        self._streams.append(stream)
        self._crossed.append((f"counted UDP over IPv{family}", f"{stream.sent:,} sent, {stream.received:,} received"))
        self._check(stream.all_arrived(),
                    f"counted UDP over IPv{family}: {stream.sent} sent, {stream.received} received, "
                    f"{stream.damaged} damaged, {stream.repeated} repeated")

    def _rekey_children(self, gateway):
        for child in gateway.ask("show.child-sas"):
            if child["state"] == "live":
                gateway.ask("rekey", child=child["name"])
                self._rekeys += 1

    def _rekey_ike(self, gateway):
        for sa in gateway.ask("show.ike-sas"):
            if sa["state"] == "established":
                gateway.ask("rekey", ike=sa["number"])
                self._rekeys += 1

    def _tell_rekeys(self):
        """Every rekey that was asked for has been answered, and nothing of what was replaced is left."""
        a, b = self._sites.gateways["a"], self._sites.gateways["b"]
        def settled():
            return all(gateway.sa_counts() == ONE_IKE_SA_AND_TWO_CHILDREN for gateway in (a, b))
        self._check(eventually(10, settled, pause=0.2), f"SAs are left over: {a.ask('show.sas')} {b.ask('show.sas')}")
        self._check(self._rekeys > 0, "nothing was rekeyed")
        self._crossed.append(("keys replaced meanwhile", f"{self._rekeys} times, without loss"))

    def _tell_crossed(self):
        say("\nWhat crossed, host a to host b")
        for title, text in self._crossed:
            say(f"  {title:24} {text}")
        say("  Counted datagrams hold a number and a digest each: those that came are those that were sent.")

    def _tell_wire(self, capture):
        counts = capture.counts()
        say("\nWhat the wire between the gateways carried (tcpdump)")
        say(f"  {'ESP':24} {counts['esp']:>10,} packets")
        say(f"  {'IKE':24} {counts['ike']:>10,}   (keys: negotiated, and replaced under traffic)")
        say(f"  {'ARP, ND':24} {counts['neighbours']:>10,}")
        say(f"  {'anything else':24} {counts['else']:>10,}")
        if capture.missed():
            say(f"  {'not seen by tcpdump':24} {capture.missed():>10,}   (it was too slow)")
        self._check(counts["esp"] > 0, "no ESP on the wire")
        self._check(counts["ike"] > 0, "no IKE on the wire")
        self._check(counts["else"] == 0, f"not only ESP and IKE on the wire:\n{capture.first_strangers()}")

    def _tell_gateways(self):
        a, b = self._sites.gateways["a"], self._sites.gateways["b"]
        for gateway in (a, b):
            quiet = eventually(5, lambda: gateway.balance() == 0, pause=0.2)
            self._check(quiet, f"gateway {gateway.name}: packets are unaccounted for: {gateway.ask('show.account')}")
        tell_gateways(a, b)

    def _check(self, good, wrong):
        if not good:
            self._wrong.append(wrong)

    def _verdict(self):
        sent = sum(stream.sent for stream in self._streams)
        return verdict(self._wrong, f"{sent:,} of {sent:,} counted datagrams arrived while keys were replaced, "
                                    "and the wire showed ESP and IKE only.")


def summary_of(result):
    text = f"{result['bits_per_second'] / 1e6:,.1f} Mbit/s"
    if "lost_packets" in result:
        text += f", {result['lost_packets']:,} of {result['packets']:,} datagrams lost at {UDP_RATE}bit/s"
    return text


def stay(sites, build):
    say(f"""
The two sites stay up until Ctrl-C. In another terminal, as root:
  ip netns exec {sites.namespace('host-a')} ping {HOST['b'][4]}
  ip netns exec {sites.namespace('host-a')} iperf3 -c {HOST['b'][4]}
  ip netns exec {sites.namespace('gateway-b')} tcpdump -n -i wan0       # what arrives there
  ctl="{build}/sallyportctl --socket {sites.socket_path('a')}"
  $ctl show child-sas       # or ike-sas, peers, sas, policies, drops, ports, routes, neighbours, workers
  $ctl rekey ike 1          # or a child by its name; monitor shows what happens
  $ctl reload               # after editing {sites.work}/negotiated-gateways-a.toml
  tail -f {sites.work}/gateway-a.log
""")
    try:
        signal.pause()
    except KeyboardInterrupt:
        say()


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4, help="how long each stream runs (default 4)")
    parser.add_argument("--stay", action="store_true", help="keep everything up at the end, and say what to try")
    arguments = parser.parse_args()
    build = build_tree("release")

    def show():
        with TwoSites("demo", "negotiated-gateways") as sites:
            sites.reserve_hugepages()
            say(PICTURE)
            sites.start_gateways(build)
            good = Demo(sites, arguments.seconds).run()
            if arguments.stay:
                stay(sites, build)
            return good

    return exit_status(show)


if __name__ == "__main__":
    sys.exit(main())
