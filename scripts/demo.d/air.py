"""What is between the machines of the mobile node's demo: its radio cell, which is on one link at a time, and a slow line.

Frames are carried by a thread of this process: a move is an assignment, and so takes no time. Routers of the visited
links advertise themselves here, at once where they are asked.
"""

import contextlib
import heapq
import ipaddress
import select
import socket
import struct
import threading
import time

from mobile_frames import ICMPV6, IPV6, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION, ipv6, is_icmpv6, with_checksum

ALL_NODES = ipaddress.ip_address("ff02::1")
LINK_ADVERTISEMENTS = 1.0  # seconds


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
        link_local = self.link_local.packed
        message = with_checksum(2, link_local, ALL_NODES.packed, ICMPV6, message)
        return (bytes.fromhex("333300000001") + self.mac + IPV6
                + ipv6(link_local, ALL_NODES.packed, ICMPV6, message, hop_limit=255))


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
        with contextlib.suppress(OSError):  # namespaces go while it runs, where the demo fails
            self._carry_on()

    def _carry_on(self):
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
