"""Traffic between the hosts: pings, iperf3, and datagrams that are counted one by one."""

import hashlib
import json
import random
import re
import select
import socket
import struct

from two_sites import HOST, Failure, eventually, run

IPERF3_PORT = 5201
COUNTED_PORT = 7007
IN_FLIGHT = 128  # counted datagrams under way: the sender waits, so that a busy machine loses none in its queues
LONGEST = {4: 1400, 6: 1380}  # octets of UDP payload that need no fragment inside the tunnel
IMPATIENCE = 3  # seconds until a counted datagram is lost


def ping(sites, family, count=5):
    """(answers, mean milliseconds) from host b."""
    target = HOST["b"][family]
    output = run(*sites.command("host-a", "sh", "-c", f"ping -n -q -c {count} -i 0.2 -W 2 {target} || true"))
    mean = re.search(r"= [\d.]+/([\d.]+)/", output)
    return int(re.search(r"(\d+) received", output)[1]), float(mean[1]) if mean else 0.0


def start_iperf3_server(sites, port=IPERF3_PORT):
    log = sites.work / f"iperf3-server-{port}.log"
    sites.start("host-b", "iperf3", "--server", "--port", port, "--forceflush", log=log.name)
    if not eventually(10, lambda: "listening" in log.read_text()):
        raise Failure("iperf3 does not start:\n" + log.read_text())


class Iperf3:
    """A client on host a, in the background."""

    def __init__(self, sites, family, seconds, *options, port=IPERF3_PORT):
        self._log = sites.work / f"iperf3-client-{port}.json"
        self.process = sites.start("host-a", "iperf3", "--client", HOST["b"][family], "--port", port, "--time", seconds,
                                   "--json", *options, log=self._log.name)

    def running(self):
        return self.process.poll() is None

    def result(self):
        """iperf3's own summary of what the receiver saw: bits_per_second, lost_packets, packets."""
        self.process.wait(30)
        text = self._log.read_text()
        answer = json.loads(text) if text.strip() else {"error": "no output"}
        if "error" in answer:
            raise Failure(f"iperf3: {answer['error']}")
        return answer["end"].get("sum_received") or answer["end"]["sum"]


class CountedStream:
    """Datagrams of random sizes from host a to host b; each holds its number and a digest of all its octets."""

    def __init__(self, sites, family):
        kind = {4: socket.AF_INET, 6: socket.AF_INET6}[family]
        with sites.inside("host-a"):
            self._sender = socket.socket(kind, socket.SOCK_DGRAM)
        with sites.inside("host-b"):
            self._receiver = socket.socket(kind, socket.SOCK_DGRAM)
        self._receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._receiver.bind((HOST["b"][family], COUNTED_PORT))
        self._receiver.setblocking(False)
        self._target = (HOST["b"][family], COUNTED_PORT)
        self._longest = LONGEST[family]
        self._random = random.Random(family)
        self._seen = set()
        self.sent = self.received = self.damaged = self.repeated = 0

    def turn(self):
        """Sends what may be under way, takes what came; False once nothing has moved for too long."""
        while self.sent - len(self._seen) < IN_FLIGHT:
            self._send()
        return self._receive()

    def drain(self):
        while len(self._seen) < self.sent and self._receive():
            pass
        self._sender.close()
        self._receiver.close()

    def all_arrived(self):
        return self.sent == self.received == len(self._seen) > 0 and not self.damaged and not self.repeated

    def _send(self):
        body = struct.pack("!Q", self.sent) + self._random.randbytes(self._random.randint(0, self._longest - 24))
        self._sender.sendto(hashlib.blake2b(body, digest_size=16).digest() + body, self._target)
        self.sent += 1

    def _receive(self):
        if not select.select([self._receiver], [], [], IMPATIENCE)[0]:
            return False
        try:
            while True:
                self._count(self._receiver.recv(2048))
        except BlockingIOError:
            return True

    def _count(self, datagram):
        self.received += 1
        digest, body = datagram[:16], datagram[16:]
        if len(body) < 8 or hashlib.blake2b(body, digest_size=16).digest() != digest:
            self.damaged += 1
            return
        number = struct.unpack("!Q", body[:8])[0]
        self.repeated += number in self._seen
        self._seen.add(number)
