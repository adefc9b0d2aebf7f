"""The demo's negotiated gateways with lifetimes of seconds, a wire that loses packets, and numbered datagrams both ways.

Keys of children and of the IKE SA are replaced every ten seconds, by both gateways' clocks. The exit status is 0 only
if each datagram arrived that the wire did not lose, and if no SA is left beyond those of one IKE SA and two children.
"""

import argparse
import json
import select
import shutil
import socket
import struct
import sys
import time
from pathlib import Path

from lossy_sites import LossySites
from program import build_tree, exit_status, verdict
from tables import say, tell_gateways
from traffic import ping
from two_sites import HOST, Failure, eventually

PORT = 7008
RATE = 250  # datagrams a second of each stream
OCTETS = 200
LOSS = 1.0  # of a hundred
PERIOD = 10  # seconds from one rekey to the next
SETTLED = (1, 2, 4)  # IKE SAs, children, SAs
LIFETIMES = {
    'hard = { time = "1h" }': f'soft = {{ time = "{PERIOD}s" }}, hard = {{ time = "60s" }}',
    "may_claim =": f'lifetime = "{PERIOD + 3}s"\nrekey_margin = "3s"\nmay_claim =',
}


class RekeyingSites(LossySites):
    def _configure(self):
        super()._configure()
        for letter in "ab":
            file = self.work / f"{self.example}-{letter}.toml"
            text = file.read_text()
            for found, put in LIFETIMES.items():
                if found not in text:
                    raise Failure(f"examples/{file.name} has no {found}")
                text = text.replace(found, put)
            file.write_text(text)


class NumberedStream:
    """Datagrams from one host to the other at a steady rate, whatever becomes of them."""

    def __init__(self, sites, source, family):
        target = "b" if source == "a" else "a"
        kind = {4: socket.AF_INET, 6: socket.AF_INET6}[family]
        self.name = f"{source} to {target}, IPv{family}"
        with sites.inside(f"host-{source}"):
            self._sender = socket.socket(kind, socket.SOCK_DGRAM)
        with sites.inside(f"host-{target}"):
            self.receiver = socket.socket(kind, socket.SOCK_DGRAM)
        self.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.receiver.bind((HOST[target][family], PORT))
        self.receiver.setblocking(False)
        self._target = (HOST[target][family], PORT)
        self._missing = set()
        self.sent = self.received = self.repeated = 0

    def send(self):
        self._sender.sendto(struct.pack("!Q", self.sent) + bytes(OCTETS - 8), self._target)
        self._missing.add(self.sent)
        self.sent += 1

    def take(self):
        try:
            while True:
                number = struct.unpack("!Q", self.receiver.recv(2048)[:8])[0]
                self.received += 1
                self.repeated += number not in self._missing
                self._missing.discard(number)
        except BlockingIOError:
            return

    def missing(self):
        return len(self._missing)


class Rekeys:
    def __init__(self, sites, seconds):
        self._sites, self._seconds = sites, seconds
        self._gateways = list(sites.gateways.values())
        self._wrong = []

    def run(self):
        if not eventually(20, lambda: all(ping(self._sites, family, 2)[0] for family in (4, 6))):
            raise Failure("no pings get through")
        self._streams = [NumberedStream(self._sites, source, family) for source in "ab" for family in (4, 6)]
        time.sleep(1)  # until the last ping has gone by
        before = self._sites.on_wire()
        self._keep_on()
        self._drain()
        wire = {name: packets - before[name] for name, packets in self._sites.on_wire().items()}
        self._tell_streams()
        self._tell_wire(wire)
        self._tell_keys()
        tell_gateways(*self._gateways)
        return self._verdict()

    def _keep_on(self):
        start = time.monotonic()
        ticks, next_word = 0, start + 60
        while (now := time.monotonic()) < start + self._seconds:
            for _ in range(int((now - start) * RATE) - ticks):
                ticks += 1
                for stream in self._streams:
                    stream.send()
            self._take(1 / RATE)
            if now >= next_word:
                next_word += 60
                missing = sum(stream.missing() for stream in self._streams)
                say(f"  {now - start:5.0f} s: {ticks * len(self._streams):,} sent, {missing:,} missing or under way, "
                    f"the wire has lost {self._sites.on_wire()['esp_lost']:,}")

    def _take(self, seconds):
        for ready in select.select([stream.receiver for stream in self._streams], [], [], seconds)[0]:
            next(stream for stream in self._streams if stream.receiver is ready).take()

    def _drain(self):
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self._take(0.1)

    def _tell_streams(self):
        say("\nNumbered datagrams             sent    received     missing")
        for stream in self._streams:
            say(f"  {stream.name:20} {stream.sent:>12,} {stream.received:>11,} {stream.missing():>11,}")
            self._check(stream.received > 0 and stream.repeated == 0,
                        f"{stream.name}: {stream.received} received, {stream.repeated} of them twice")

    def _tell_wire(self, wire):
        missing = sum(stream.missing() for stream in self._streams)
        say("\nThe wire                    carried        lost")
        for kind in ("esp", "ike"):
            say(f"  {kind.upper():20} {wire[kind + '_carried']:>12,} {wire[kind + '_lost']:>11,}")
        self._check(wire["esp_lost"] > 0, "the wire lost nothing")
        self._check(missing == wire["esp_lost"], f"{missing} datagrams are missing, the wire lost {wire['esp_lost']}")

    def _tell_keys(self):
        say("\nKeys replaced")
        least = self._seconds // PERIOD * 2 // 3
        for event in ("child-rekeyed", "ike-rekeyed"):
            count = sum(gateway.log.read_text().count(event) for gateway in self._gateways)
            say(f"  {event:20} {count:>12,} times, at both gateways together")
            self._check(count >= least, f"{event}: {count} times, at least {least} were due")
        for gateway in self._gateways:
            self._check(eventually(2 * PERIOD, lambda: gateway.sa_counts() == SETTLED),
                        f"gateway {gateway.name} has {gateway.sa_counts()} IKE SAs, children and SAs, not {SETTLED}")

    def _check(self, good, wrong):
        if not good:
            self._wrong.append(wrong)

    def _verdict(self):
        return verdict(self._wrong, f"{self._seconds} seconds, nothing lost but what the wire lost, no SA left over.")


def keep_logs(sites, directory):
    directory.mkdir(parents=True, exist_ok=True)
    for gateway in sites.gateways.values():
        shutil.copy(gateway.log, directory / f"gateway-{gateway.name}.log")
        facts = {what: gateway.ask(what) for what in ("show.ike-sas", "show.child-sas")}
        (directory / f"gateway-{gateway.name}.json").write_text(json.dumps(facts, indent=1))


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak rekeys", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=int, nargs="?", default=1800, help="how long (default 1800)")
    parser.add_argument("--logs", type=Path, help="keep the gateways' logs in this directory")
    arguments = parser.parse_args()
    build = build_tree("release")

    def soak():
        with RekeyingSites("rekeys", "negotiated-gateways", LOSS) as sites:
            sites.start_gateways(build)
            say(f"rekeys: {arguments.seconds} s, every {PERIOD} s, {LOSS} % of packets lost, gateways of {build}")
            good = Rekeys(sites, arguments.seconds).run()
            if arguments.logs:
                keep_logs(sites, arguments.logs)
            return good

    return exit_status(soak)


if __name__ == "__main__":
    sys.exit(main())
