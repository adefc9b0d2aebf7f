"""What the correspondent sends to the mobile node all the time, and what of it arrives."""

import contextlib
import socket
import struct
import threading
import time

PORT = 7009
PERIOD = 0.001


class Stream(threading.Thread):
    """A numbered datagram to `home` every millisecond."""

    def __init__(self, sites, home):
        super().__init__(daemon=True)
        self._home = home
        with sites.inside("correspondent"):
            self._sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with sites.inside("node"):
            self._receiver = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._receiver.bind((home, PORT))
        self._receiver.setblocking(False)
        self._running = True
        self.sent = []  # wall times, by number
        self.arrived = {}  # wall times

    def run(self):
        with contextlib.suppress(OSError):  # namespaces go while it runs, where the demo fails
            self._carry_on()

    def _carry_on(self):
        start = time.monotonic()
        while self._running:
            while len(self.sent) < (time.monotonic() - start) / PERIOD:
                self._sender.sendto(struct.pack("!Q", len(self.sent)) + bytes(56), (self._home, PORT))
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

    def gap_after(self, when):
        """The longest time within which nothing arrived, of those that end soon after `when`."""
        times = sorted(arrival for arrival in self.arrived.values() if when - 0.5 < arrival < when + 1.5)
        return max((later - earlier for earlier, later in zip(times, times[1:]) if later > when), default=0.0)
