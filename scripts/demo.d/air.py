"""What is between the machines of the mobile node's demo: its radio cell, which is on one link at a time, and a slow line.

Frames are carried by a thread of this process: a move is an assignment, and so takes no time. Routers of the visited
links advertise themselves here, at once where they are asked.
"""

import heapq
import ipaddress
import select
import socket
import struct
import threading
import time

ALL_NODES = ipaddress.ip_address("ff02::1")
LINK_ADVERTISEMENTS = 1.0  # seconds
ICMPV6, ESP, UDP = 58, 50, 17
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134


class Router:
    """Of a visited link: what its advertisements say."""

    def __init__(self, link_local, prefix):
        self.link_local, self.prefix = ipaddress.ip_address(link_local), ipaddress.ip_network(prefix)
        self.mac = None

    def advertisement(self):
        """A frame to all nodes: a lifetime of 30 minutes, an interval, the prefix for addresses."""
        interval = round(LINK_ADVERTISEMENTS * 1000)
        options = (struct.pack("!BB6s", 1, 1, self.mac)
                   + struct.pack("!BBBBIII16s", 3, 4, 64, 0xC0, 3600, 1800, 0, self.prefix.network_address.packed)
                   + struct.pack("!BBHI", 7, 1, 0, interval))
        message = struct.pack("!BBHBBHII", ROUTER_ADVERTISEMENT, 0, 0, 64, 0, 1800, 0, 0) + options
        message = message[:2] + struct.pack("!H", self._checksum(message)) + message[4:]
        header = struct.pack("!IHBB16s16s", 6 << 28, len(message), ICMPV6, 255, self.link_local.packed, ALL_NODES.packed)
        return bytes.fromhex("333300000001") + self.mac + b"\x86\xdd" + header + message

    def _checksum(self, message):
        pseudo = self.link_local.packed + ALL_NODES.packed + struct.pack("!II", len(message), ICMPV6)
        words = struct.unpack(f"!{(len(pseudo) + len(message)) // 2}H", pseudo + message)
        total = sum(words)
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF


class Air(threading.Thread):
    """links: {name: Router, or None where the link's machines advertise themselves}, by the interfaces at-NAME; "cell"
    is on one of them. line: the two ends of the slow one."""

    def __init__(self, sites, links, line, seconds_each_way):
        super().__init__(daemon=True)
        self._links, self._line, self._delay = links, line, seconds_each_way
        self._sockets = {}
        with sites.inside("air"):
            for name in ("cell", *links, *line):
                self._sockets[name] = raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
                raw.bind((f"at-{name}" if name in links else name, 0))
                raw.setblocking(False)
        self._names = {raw: name for name, raw in self._sockets.items()}
        self._late = []  # a heap of (when, number, port, frame)
        self._number = 0
        self._running = True
        self.at = None  # the link that the cell is on
        self.seen = []  # (wall time, "up" or "down", frame) of the cell

    def move(self, link):
        """From now on; when that was, in wall time."""
        self.at = link
        return time.time()

    def stop(self):
        self._running = False
        self.join()

    def run(self):
        next_advertisement = 0.0
        while self._running:
            now = time.monotonic()
            if now >= next_advertisement:
                next_advertisement = now + LINK_ADVERTISEMENTS
                self._advertise()
            wait = min(next_advertisement, self._late[0][0] if self._late else now + 1) - time.monotonic()
            for raw in select.select(list(self._names), [], [], max(0, wait))[0]:
                self._take(raw)
            self._release()

    def _take(self, raw):
        port = self._names[raw]
        try:
            while True:
                frame, (_, _, kind, *_) = raw.recvfrom(65536)
                if kind != socket.PACKET_OUTGOING:
                    self._carry(port, frame)
        except BlockingIOError:
            return

    def _carry(self, port, frame):
        if port in self._line:
            other = next(name for name in self._line if name != port)
            self._number += 1
            heapq.heappush(self._late, (time.monotonic() + self._delay, self._number, other, frame))
        elif port == "cell":
            if self.at is None:
                return
            self.seen.append((time.time(), "up", frame))
            router = self._links[self.at]
            if router is not None and is_icmpv6(frame, ROUTER_SOLICITATION):
                self._advertise()
            self._send(self.at, frame)
        elif port == self.at:
            self.seen.append((time.time(), "down", frame))
            self._send("cell", frame)

    def _release(self):
        while self._late and self._late[0][0] <= time.monotonic():
            _, _, port, frame = heapq.heappop(self._late)
            self._send(port, frame)

    def _advertise(self):
        router = self._links.get(self.at)
        if router is not None:
            frame = router.advertisement()
            self.seen.append((time.time(), "down", frame))
            self._send("cell", frame)

    def _send(self, port, frame):
        try:
            self._sockets[port].send(frame)
        except OSError:  # nobody is there, or its queue is full: lost, as frames are
            pass


def is_icmpv6(frame, kind):
    return frame[12:14] == b"\x86\xdd" and frame[20] == ICMPV6 and len(frame) > 54 and frame[54] == kind


def spi_of(frame):
    """Of an ESP packet, behind a Home Address option or a type 2 routing header too; None for any other."""
    if frame[12:14] != b"\x86\xdd":
        return None
    following, at = frame[20], 54
    while following in (43, 60) and len(frame) >= at + 8:
        following, at = frame[at], at + 8 + 8 * frame[at + 1]
    return struct.unpack_from("!I", frame, at)[0] if following == ESP and len(frame) >= at + 4 else None
