"""The demo's two gateways, built with ASan and UBSan, under mixed traffic, damaged and repeated packets and reloads.

The exit status is 0 only if memory stays flat after the warm-up, every packet is accounted for at the quiet end, all
counted datagrams then arrive, and both daemons end on SIGTERM with status 0 and no report.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from mischief import Mischief
from program import build_tree, exit_status, verdict
from tables import say, tell_gateways
from traffic import CountedStream, Iperf3, ping, start_iperf3_server
from two_sites import HOST, Failure, TwoSites, eventually

RELOAD_PERIOD = 20  # seconds
SAMPLE_PERIOD = 2
TEST_SECONDS = 8  # of one iperf3 run: new connections all the time
ALLOWED_GROWTH = 0.02  # of the resident memory, from the first third after the warm-up to the last
SANITIZERS = {
    # Freed memory is kept only so long, and no stack is kept beside the stack (23 MiB a thread, touched little by
    # little), so that growth is the daemon's and not ASan's.
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=0:strict_string_checks=1:quarantine_size_mb=1:"
                    "thread_local_quarantine_size_kb=64",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error|SUMMARY: \w+Sanitizer")
KINDS = {  # of traffic: family, options of iperf3
    "TCP over IPv4, both ways": (4, "--bidir", "--bandwidth", "30M"),
    "TCP over IPv6": (6, "--bandwidth", "30M", "--parallel", 4),
    "large UDP over IPv4": (4, "--udp", "--bandwidth", "10M", "--length", 1350),
    "small UDP over IPv6": (6, "--udp", "--bandwidth", "1M", "--length", 32, "--reverse"),
}
FIRST = """[[policy]]
name = "soak-first"
local = "any"
remote = "198.18.2.0/24"
action = "discard"

"""
MORE = """
[[route]]
to = "198.18.1.0/24"
action = "blackhole"

[[policy]]
name = "soak"
local = "{own}"
remote = "198.18.0.0/24"
action = "protect"
protect = {{ endpoints = {{ local = "{here}", remote = "{there}" }}, esn = false, sas = ["soak-out", "soak-in"] }}

[[sa]]
name = "soak-out"
direction = "out"
spi = {out}
transform = "aes128-cbc+hmac-sha256-128"
key = {{ file = "keys/soak-cipher" }}
integrity_key = {{ file = "keys/soak-integrity" }}

[[sa]]
name = "soak-in"
direction = "in"
spi = {into}
transform = "aes128-cbc+hmac-sha256-128"
key = {{ file = "keys/soak-cipher" }}
integrity_key = {{ file = "keys/soak-integrity" }}
"""


class Traffic:
    """One iperf3 test after the other, of one kind."""

    def __init__(self, sites, port, kind):
        self.kind, self.done, self.failed = kind, 0, 0
        self._sites, self._port = sites, port
        start_iperf3_server(sites, port)
        self._client = self._next()

    def turn(self):
        if self._client.running():
            return
        self._finish()
        self._client = self._next()

    def end(self):
        self._client.process.kill()
        self._client.process.wait()

    def _next(self):
        family, *options = KINDS[self.kind]
        return Iperf3(self._sites, family, TEST_SECONDS, *options, port=self._port)

    def _finish(self):
        try:
            self._client.result()
            self.done += 1
        except Failure:
            self.failed += 1


class Reloads:
    """Turns between the first configuration, one with more in it, and one that is refused; by SIGHUP."""

    def __init__(self, sites):
        self._sites, self.count = sites, 0
        for key, octets in (("soak-cipher", 16), ("soak-integrity", 32)):
            with open(os.open(sites.work / "keys" / key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(os.urandom(octets).hex())
        self._files = {letter: sites.work / f"two-gateways-{letter}.toml" for letter in "ab"}
        self._first = {letter: file.read_text() for letter, file in self._files.items()}

    def turn(self):
        changes = (self._more, lambda letter: self._first[letter] + "\n[nonsense]\n", lambda letter: self._first[letter])
        for letter, gateway in self._sites.gateways.items():
            self._files[letter].write_text(changes[self.count % 3](letter))
            gateway.process.send_signal(signal.SIGHUP)
        self.count += 1

    def seen(self, gateway):
        text = gateway.log.read_text()
        return text.count("configuration reloaded") + text.count("not reloaded, all goes on")

    def _more(self, letter):
        numbers = {"a": 1, "b": 2}
        me, peer = numbers[letter], 3 - numbers[letter]
        more = MORE.format(own=f"10.{me}.0.0/24", here=f"192.0.2.{me}", there=f"192.0.2.{peer}",
                           out=0x2000 + me, into=0x2000 + peer)
        return self._first[letter].replace("[[policy]]", FIRST + "[[policy]]", 1) + more


class Memory:
    """Resident kilobytes of a daemon, sampled."""

    def __init__(self, gateway):
        self.gateway, self._samples = gateway, []

    def sample(self):
        pages = int(Path(f"/proc/{self.gateway.process.pid}/statm").read_text().split()[1])
        self._samples.append(pages * os.sysconf("SC_PAGE_SIZE") // 1024)

    def thirds(self):
        """(first sample, highest of the first third after the warm-up, highest of the last third)."""
        warm = self._samples[len(self._samples) // 4:]
        third = max(1, len(warm) // 3)
        return self._samples[0], max(warm[:third]), max(warm[-third:])


class Soak:
    def __init__(self, sites, seconds):
        self._sites, self._seconds = sites, seconds
        self._gateways = list(sites.gateways.values())
        self._wrong = []
        self._memory = [Memory(gateway) for gateway in self._gateways]
        self._reloads = Reloads(sites)
        self._mischief = [
            Mischief(sites, "ESP to b", ("gateway-b", "wan0"), ("gateway-a", "wan0")),
            Mischief(sites, "ESP to a", ("gateway-a", "wan0"), ("gateway-b", "wan0")),
            Mischief(sites, "plain to a", ("gateway-a", "lan0"), ("host-a", "eth0")),
            Mischief(sites, "plain to b", ("gateway-b", "lan0"), ("host-b", "eth0")),
        ]

    def run(self):
        pings = [self._sites.start("host-a", "ping", "-n", "-q", "-i", "0.2", HOST["b"][family], log=f"ping-{family}.log")
                 for family in (4, 6)]
        traffic = [Traffic(self._sites, 5201 + number, kind) for number, kind in enumerate(KINDS)]
        self._keep_on(traffic)
        for one in traffic:
            one.end()
        for process in pings:
            process.send_signal(signal.SIGINT)
            process.wait(10)
        self._tell_traffic(traffic)
        self._quiet_end()
        tell_gateways(*self._gateways)
        self._tell_memory()
        self._stop()
        return self._verdict()

    def _keep_on(self, traffic):
        start = time.monotonic()
        next_sample, next_reload, next_word = start, start + RELOAD_PERIOD, start + 30
        while (now := time.monotonic()) < start + self._seconds:
            time.sleep(0.01)
            for one in self._mischief + traffic:
                one.turn()
            if now >= next_sample:
                next_sample += SAMPLE_PERIOD
                self._sample()
            if now >= next_reload:
                next_reload += RELOAD_PERIOD
                self._reloads.turn()
            if now >= next_word:
                next_word += 30
                sizes = " and ".join(f"{memory.thirds()[2] // 1024} MiB" for memory in self._memory)
                sealed = self._gateways[0].packets_sealed()
                say(f"  {now - start:4.0f} s: {sealed:,} packets sealed by a, {sizes} resident")

    def _sample(self):
        for memory in self._memory:
            if memory.gateway.process.poll() is not None:
                raise Failure(f"gateway {memory.gateway.name} ended:\n{memory.gateway.log.read_text()[-8000:]}")
            memory.sample()

    def _tell_traffic(self, traffic):
        say("\nTraffic")
        for one in traffic:
            say(f"  {one.kind:28} {one.done:>6} tests of {TEST_SECONDS} s, {one.failed} failed")
            self._check(one.done > 0 or self._seconds < 4 * TEST_SECONDS, f"no test ended well: {one.kind}")
        for one in self._mischief:
            say(f"  damaged or repeated, {one.name:10} {one.sent:>3,} frames")
            self._check(one.sent > 0, f"no mischief: {one.name}")
        for family in (4, 6):
            words = (self._sites.work / f"ping-{family}.log").read_text()
            say(f"  pings over IPv{family}: " + (re.search(r"\d+ packets.*loss", words) or ["none"])[0])
        say(f"  reloads of each gateway: {self._reloads.count}, a third of them refused")
        for gateway in self._gateways:
            self._check(eventually(10, lambda: self._reloads.seen(gateway) == self._reloads.count),
                        f"gateway {gateway.name} saw {self._reloads.seen(gateway)} of {self._reloads.count} reloads")

    def _quiet_end(self):
        for family in (4, 6):
            stream = CountedStream(self._sites, family)
            end = time.monotonic() + 2
            while time.monotonic() < end and stream.turn():
                pass
            stream.drain()
            say(f"  counted UDP over IPv{family} at the end: {stream.sent:,} sent, {stream.received:,} received")
            self._check(stream.all_arrived(), f"counted datagrams over IPv{family} are missing")
            self._check(ping(self._sites, family)[0] > 0, f"no answer to IPv{family} pings at the end")
        for gateway in self._gateways:
            quiet = eventually(15, lambda: gateway.balance() == 0, pause=0.5)
            self._check(quiet, f"gateway {gateway.name}: packets are unaccounted for: {gateway.ask('show.account')}")

    def _tell_memory(self):
        say("\nResident memory, MiB        at start   after warm-up   at the end")
        for memory in self._memory:
            first, early, late = memory.thirds()
            say(f"  gateway {memory.gateway.name} {first / 1024:>24.1f} {early / 1024:>15.1f} {late / 1024:>12.1f}")
            self._check(late <= early * (1 + ALLOWED_GROWTH),
                        f"gateway {memory.gateway.name} grows: {early} KiB, then {late} KiB")

    def _stop(self):
        for gateway in self._gateways:
            gateway.process.send_signal(signal.SIGTERM)
        for gateway in self._gateways:
            try:
                status = gateway.process.wait(60)
            except subprocess.TimeoutExpired:
                status = "none: it still runs"
            text = gateway.log.read_text()
            report = REPORT.search(text)
            self._check(status == 0, f"gateway {gateway.name} ended with status {status}:\n{text[-3000:]}")
            self._check(not report, f"gateway {gateway.name}: {text[report.start():][:8000] if report else ''}")
            say(f"gateway {gateway.name}: ended with status {status}, {'a' if report else 'no'} sanitizer report")

    def _check(self, good, wrong):
        if not good:
            self._wrong.append(wrong)

    def _verdict(self):
        return verdict(self._wrong, f"{self._seconds} seconds, memory flat, every packet accounted for, clean shutdown.")


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=int, nargs="?", default=300, help="how long the traffic runs (default 300)")
    arguments = parser.parse_args()
    build = build_tree("asan")

    def soak():
        with TwoSites("soak") as sites:
            sites.start_gateways(build, **SANITIZERS)
            say(f"soak: {arguments.seconds} s of traffic through two gateways of {build}")
            return Soak(sites, arguments.seconds).run()

    return exit_status(soak)


if __name__ == "__main__":
    sys.exit(main())
