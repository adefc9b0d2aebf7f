"""What a capture of the wire between the gateways holds."""

import re
import signal

from two_sites import Failure, eventually, run

ESP = "(ip proto 50 or ip6 proto 50)"
IKE = "(udp port 500 or udp port 4500)"
NEIGHBOURS = "(arp or (icmp6 and (ip6[40] == 135 or ip6[40] == 136)))"
KINDS = {
    "esp": ESP,
    "ike": IKE,
    "neighbours": NEIGHBOURS,
    "else": f"not ({ESP} or {IKE} or {NEIGHBOURS})",
}
SNAP = 96  # octets kept of each packet: all headers that the kinds look at


class WireCapture:
    """Both ends of the wire, what arrives at each: what a port of DPDK sends, its own kernel may not see."""

    def __init__(self, sites):
        self._ends = [CaptureEnd(sites, letter) for letter in "ab"]

    def finish(self):
        for end in self._ends:
            end.finish()

    def missed(self):
        """Packets that the kernel did not keep for us because we were too slow."""
        return sum(end.missed() for end in self._ends)

    def counts(self):
        return {kind: sum(end.count(pattern) for end in self._ends) for kind, pattern in KINDS.items()}

    def first_strangers(self):
        return "".join(end.first(KINDS["else"]) for end in self._ends)


class CaptureEnd:
    def __init__(self, sites, letter):
        self._file, self._log = sites.work / f"wire-{letter}.pcap", sites.work / f"tcpdump-{letter}.log"
        self._tcpdump = sites.start(f"gateway-{letter}", "tcpdump", "-n", "-i", "wan0", "-Q", "in", "-s", SNAP, "-B", 16384,
                                    "-Z", "root", "-w", self._file, log=self._log.name)
        if not eventually(10, lambda: "listening on" in self._log.read_text()):
            raise Failure("tcpdump does not start:\n" + self._log.read_text())

    def finish(self):
        self._tcpdump.send_signal(signal.SIGINT)
        self._tcpdump.wait(20)

    def missed(self):
        return int(re.search(r"(\d+) packets? dropped by kernel", self._log.read_text())[1])

    def count(self, pattern):
        return int(re.search(r"(\d+) packets?", self._read("--count", pattern))[1])

    def first(self, pattern):
        return self._read("-n", "-c", "5", pattern)

    def _read(self, *words):
        return run("tcpdump", "-Z", "root", "-r", self._file, *words)
