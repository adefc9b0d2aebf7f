"""A correspondent that knows Mobile IPv6: it answers tests of return routability and Binding Updates as RFC 6275 9 has it,
checks what it gets (5.2, 6.2.7), and shares no line with the gateways."""

import contextlib
import hashlib
import hmac
import ipaddress
import os
import socket
import struct
import threading
import time

from mobile_frames import (HEADERS, IPV6, MOBILITY, MOBILITY_TYPES, ROUTING, UDP, checksum, destination_of, home_address_in,
                           ipv6, source_of, upper_layer, with_checksum)

ADDRESS = "2001:db8:d::d"
MAC = bytes.fromhex("02000000000d")
NOTHING = 59  # no next header
CARE_OF_INIT, HOME_TEST, CARE_OF_TEST, UPDATE, ACKNOWLEDGEMENT = 2, 3, 4, 5, 6
AUTHORIZATION, NONCE_INDICES = 5, 4
NONCE = 1  # the index of our only one


def first_of_hmac(count, key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha1).digest()[:count]


class Correspondent(threading.Thread):
    """At the far end of a link of the air's namespace; `router` is the MAC address at the near end."""

    def __init__(self, sites, link, router, greeted):
        super().__init__(daemon=True)
        with sites.inside("air"):
            self._raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self._raw.bind((link, 0))
        self._raw.settimeout(0.1)
        self._router, self._greeted = router, ipaddress.ip_address(greeted).packed
        self._own = ipaddress.ip_address(ADDRESS).packed
        self._key, self._nonce = os.urandom(20), os.urandom(8)
        self._running = True
        self.heard = []  # (wall time, what, the care-of address or the source)
        self.wrong = []  # what nobody should have sent

    def greet(self):
        """A datagram to the node, which comes to it by its home agent."""
        datagram = with_checksum(6, self._own, self._greeted, UDP, struct.pack("!HHHH", 9, 9, 16, 0) + b"greeting")
        self._send(ipv6(self._own, self._greeted, UDP, datagram))

    def stop(self):
        self._running = False
        self.join()

    def run(self):
        with contextlib.suppress(OSError):  # namespaces go while it runs, where the demo fails
            self._listen()

    def _listen(self):
        while self._running:
            try:
                frame, (_, _, kind, *_) = self._raw.recvfrom(65536)
            except TimeoutError:
                continue
            upper = upper_layer(frame)
            if kind != socket.PACKET_OUTGOING and upper is not None and upper[0] == MOBILITY \
                    and destination_of(frame) == self._own:
                length = struct.unpack_from("!H", frame, 18)[0] - (upper[1] - HEADERS)
                self._take(source_of(frame), home_address_in(frame), frame[upper[1]:upper[1] + length])

    def times_of(self, what, since=0):
        return [when for when, heard, _ in self.heard if heard == what and when >= since]

    def _take(self, source, home, message):
        if checksum(home or source, self._own, MOBILITY, message[:4] + bytes(2) + message[6:]) \
                != struct.unpack_from("!H", message, 4)[0]:
            return self.wrong.append("a mobility message with a wrong checksum")
        kind = message[2]
        if kind in (1, CARE_OF_INIT):
            self._note(kind, source)
            answer, mark = (HOME_TEST, 0) if kind == 1 else (CARE_OF_TEST, 1)
            self._answer(source, None, answer, struct.pack("!H", NONCE) + message[8:16] + self._token(source, mark))
        elif kind == UPDATE:
            self._register(source, home or source, message)

    def _token(self, address, mark):
        return first_of_hmac(8, self._key, address, self._nonce, bytes((mark,)))

    def _register(self, care_of, home, message):
        """Every update that gets here should be one that we can accept."""
        sequence, _, lifetime = struct.unpack_from("!HHH", message, 6)
        tokens = self._token(home, 0) + (self._token(care_of, 1) if lifetime else b"")
        key = hashlib.sha1(tokens).digest()
        indices = bytes((NONCE_INDICES, 4)) + struct.pack("!H", NONCE) + (struct.pack("!H", NONCE) if lifetime else b"")
        if indices not in message[12:]:
            return self.wrong.append(f"a Binding Update without nonce indices: {message.hex()}")
        if message[-14:-12] != bytes((AUTHORIZATION, 12)) or message[-12:] != self._authenticator(key, care_of, message[:-12]):
            return self.wrong.append(f"a Binding Update whose authenticator is wrong: {message.hex()}")
        self._note(UPDATE, care_of)
        body = struct.pack("!BBHH", 0, 0, sequence, lifetime) + bytes((1, 4)) + bytes(4) + bytes((AUTHORIZATION, 12))
        return self._answer(care_of, home, ACKNOWLEDGEMENT, body,
                            lambda covered: self._authenticator(key, care_of, covered))

    def _authenticator(self, key, care_of, covered):
        return first_of_hmac(12, key, care_of, self._own, covered[:4], bytes(2), covered[6:])

    def _note(self, kind, source):
        self.heard.append((time.time(), MOBILITY_TYPES[kind], ipaddress.ip_address(source)))

    def _answer(self, to, home, kind, body, authenticator=None):
        length = 6 + len(body) + (12 if authenticator else 0)
        message = struct.pack("!BBBBH", NOTHING, length // 8 - 1, kind, 0, 0) + body
        if authenticator:
            message += authenticator(message)
        message = with_checksum(4, self._own, home or to, MOBILITY, message)
        if home is None or home == to:
            return self._send(ipv6(self._own, to, MOBILITY, message))
        routing = struct.pack("!BBBBI", MOBILITY, 2, 2, 1, 0) + home
        return self._send(ipv6(self._own, to, ROUTING, routing + message))

    def _send(self, packet):
        self._raw.send(self._router + MAC + IPV6 + packet)
