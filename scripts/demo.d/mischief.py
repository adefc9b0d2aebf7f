"""Frames of the real traffic, damaged or repeated, thrown at a gateway."""

import contextlib
import random
import socket
import struct

ETH_P_ALL = 3
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
ETHERNET, IPV4 = 14, 20  # octets of header
SHORTEST = 42
ETHERTYPES = (b"\x08\x00", b"\x86\xdd")


class Mischief:
    """Sees what passes at `seen` and sends it, changed, into `into`; both are (namespace, link)."""

    def __init__(self, sites, name, seen, into):
        self.name, self.sent = name, 0
        self._random = random.Random(name)
        self._tap = self._open(sites, *seen)
        self._tap.setblocking(False)
        self._way_in = self._open(sites, *into)
        self._way_in.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        self._ways = [self._repeat, self._flip_bits, self._cut, self._grow, self._scramble, self._renumber,
                      self._fragment]

    def turn(self):
        frames = [frame for frame in self._seen() if frame[12:14] in ETHERTYPES and len(frame) >= SHORTEST]
        if not frames:  # ARP is left alone, so that the traffic goes on
            return
        changed = bytearray(self._random.choice(frames))
        self._random.choice(self._ways)(changed)
        if self._random.random() < 0.7:
            mend_ipv4_checksum(changed)
        self._way_in.send(changed[:1514])
        self.sent += 1

    def _seen(self):
        """All that passed since the last turn: a full queue would keep the small and old ones only."""
        with contextlib.suppress(BlockingIOError):
            while True:
                yield self._tap.recv(2048)

    @staticmethod
    def _open(sites, namespace, link):
        with sites.inside(namespace):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        tap.bind((link, ETH_P_ALL))
        return tap

    def _repeat(self, frame):
        """A replay."""

    def _flip_bits(self, frame):
        for _ in range(self._random.randint(1, 3)):
            frame[self._random.randrange(ETHERNET, len(frame))] ^= 1 << self._random.randrange(8)

    def _cut(self, frame):
        del frame[self._random.randrange(ETHERNET + 1, len(frame)):]

    def _grow(self, frame):
        frame += self._random.randbytes(self._random.randint(1, 64))

    def _scramble(self, frame):
        """Everything behind the IPv4 header is random."""
        rest = len(frame) - ETHERNET - IPV4
        frame[ETHERNET + IPV4:] = self._random.randbytes(max(rest, 0))

    def _renumber(self, frame):
        """Another SPI or sequence number."""
        at = ETHERNET + IPV4 + self._random.choice((0, 4))
        numbers = (0, 255, 0x1001, 0x1002, 0xffffffff, self._random.getrandbits(32))
        frame[at:at + 4] = struct.pack("!I", self._random.choice(numbers))

    def _fragment(self, frame):
        frame[ETHERNET + 6:ETHERNET + 8] = struct.pack("!H", self._random.choice((0x2000, 0x2001, 0x0001, 0x1fff)))


def mend_ipv4_checksum(frame):
    """So that what is behind the header is looked at, too."""
    if frame[12:14] != ETHERTYPES[0] or len(frame) < ETHERNET + IPV4:
        return
    frame[ETHERNET + 10:ETHERNET + 12] = bytes(2)
    total = sum(struct.unpack("!10H", frame[ETHERNET:ETHERNET + IPV4]))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    frame[ETHERNET + 10:ETHERNET + 12] = struct.pack("!H", total ^ 0xffff)
