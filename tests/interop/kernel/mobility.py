"""Mobility Header messages (RFC 6275 6.1) on raw sockets of a Linux kernel, which makes and checks their checksums."""

import select
import socket
import struct
import time

PROTOCOL = 135
NO_NEXT_HEADER = 59
HOME_TEST_INIT, HOME_TEST, BINDING_UPDATE, BINDING_ACKNOWLEDGEMENT = 1, 3, 5, 6
ACKNOWLEDGE, HOME_REGISTRATION = 0x8000, 0x4000
ACCEPTED, SEQUENCE_OUT_OF_WINDOW = 0, 135
LIFETIME_UNIT = 4  # seconds
PAD1, ALTERNATE_CARE_OF = 0, 3
HEADER = 6  # octets: payload protocol, length, type, reserved, checksum


def packed(address):
    return socket.inet_pton(socket.AF_INET6, address)


def _message(kind, body):
    assert (HEADER + len(body)) % 8 == 0
    return struct.pack("!BBBBH", NO_NEXT_HEADER, (HEADER + len(body)) // 8 - 1, kind, 0, 0) + body


def binding_update(sequence, seconds, care_of):
    """A home registration; its lifetime is rounded down to four seconds. Without a care-of address it has no option."""
    option = struct.pack("!BBH", 1, 2, 0)
    if care_of is not None:
        option = struct.pack("!BBBB16s", 1, 0, ALTERNATE_CARE_OF, 16, packed(care_of))  # behind a PadN: at 8n + 6
    return _message(BINDING_UPDATE, struct.pack("!HHH", sequence, ACKNOWLEDGE | HOME_REGISTRATION,
                                                seconds // LIFETIME_UNIT) + option)


def binding_acknowledgement(status, sequence, seconds):
    return _message(BINDING_ACKNOWLEDGEMENT, struct.pack("!BBHHBBH", status, 0, sequence, seconds // LIFETIME_UNIT,
                                                         1, 2, 0))


def home_test_init(cookie):
    return _message(HOME_TEST_INIT, struct.pack("!H8s", 0, cookie))


def home_test(cookie, token):
    return _message(HOME_TEST, struct.pack("!H8s8s", 1, cookie, token))


def kind_of(message):
    return message[2]


def read_binding_update(message):
    """Sequence number, flags, lifetime in seconds, and the Alternate Care-of Address or None."""
    sequence, flags, lifetime = struct.unpack_from("!HHH", message, HEADER)
    return sequence, flags, lifetime * LIFETIME_UNIT, _alternate_care_of(message[HEADER + 6:])


def _alternate_care_of(options):
    while options:
        if options[0] == PAD1:
            options = options[1:]
            continue
        kind, length = options[0], options[1]
        if kind == ALTERNATE_CARE_OF:
            return socket.inet_ntop(socket.AF_INET6, options[2:18])
        options = options[2 + length:]
    return None


def read_binding_acknowledgement(message):
    """Status, sequence number, lifetime in seconds."""
    status, _, sequence, lifetime = struct.unpack_from("!BBHH", message, HEADER)
    return status, sequence, lifetime * LIFETIME_UNIT


def cookie_of(message):
    """Of a Home Test Init or a Home Test."""
    return message[8:16]


class MobilitySocket:
    """Of one address of ours. What the kernel's policies do not let through does not arrive."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW, PROTOCOL)
        self._socket.bind((address, 0))

    def send(self, message, destination):
        self._socket.sendto(message, (destination, 0))

    def receive(self, seconds=None):
        """The next message and its source, or None when the time is over."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return None
        message, (source, *_) = self._socket.recvfrom(2048)
        return message, source

    def await_kind(self, kind, source, seconds):
        """The next message of the kind from there."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            received = self.receive(left)
            if received and received[1] == source and kind_of(received[0]) == kind:
                return received[0]
        return None
