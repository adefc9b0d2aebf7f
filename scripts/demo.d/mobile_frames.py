"""Ethernet frames with IPv6 in them: what they say, and how some are made."""

import struct
from dataclasses import dataclass

ROUTING, ESP, ICMPV6, OPTIONS, MOBILITY, UDP = 43, 50, 58, 60, 135, 17
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
IPV6 = b"\x86\xdd"
HEADERS = 54  # Ethernet and IPv6
IKE_PORT = 500
HOME_ADDRESS_OPTION = 0xC9
EXCHANGES = {34: "IKE_SA_INIT", 35: "IKE_AUTH", 36: "CREATE_CHILD_SA", 37: "INFORMATIONAL"}
MOBILITY_TYPES = {0: "Binding Refresh Request", 1: "Home Test Init", 2: "Care-of Test Init", 3: "Home Test", 4: "Care-of Test",
                  5: "Binding Update", 6: "Binding Acknowledgement", 7: "Binding Error"}


def checksum(source, destination, protocol, octets):
    """Of an upper layer with zeros in its field, over the pseudo-header; addresses in 16 octets."""
    summed = source + destination + struct.pack("!II", len(octets), protocol) + octets
    summed += bytes(len(summed) % 2)
    total = sum(struct.unpack(f"!{len(summed) // 2}H", summed))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_checksum(at, source, destination, protocol, octets):
    """The same octets with it at this place."""
    return octets[:at] + struct.pack("!H", checksum(source, destination, protocol, octets)) + octets[at + 2:]


def ipv6(source, destination, protocol, octets, hop_limit=64):
    return struct.pack("!IHBB", 6 << 28, len(octets), protocol, hop_limit) + source + destination + octets


def source_of(frame):
    return frame[22:38]


def destination_of(frame):
    return frame[38:54]


def upper_layer(frame):
    """(protocol, where it begins) behind destination options and routing headers; None of what is not IPv6."""
    if frame[12:14] != IPV6 or len(frame) < HEADERS:
        return None
    following, at = frame[20], HEADERS
    while following in (ROUTING, OPTIONS) and len(frame) >= at + 8:
        following, at = frame[at], at + 8 + 8 * frame[at + 1]
    return following, at


def home_address_in(frame):
    """Of a Home Address option, which is alone in its header as we send it; None without one."""
    at = HEADERS
    if frame[20] != OPTIONS or len(frame) < at + 24:
        return None
    option = frame.find(bytes((HOME_ADDRESS_OPTION, 16)), at + 2, at + 8)
    return frame[option + 2:option + 18] if option > 0 else None


def is_icmpv6(frame, kind):
    upper = upper_layer(frame)
    return upper is not None and upper[0] == ICMPV6 and frame[upper[1]:upper[1] + 1] == bytes((kind,))


def spi_of(frame):
    """Of an ESP packet; None of any other."""
    upper = upper_layer(frame)
    if upper is None or upper[0] != ESP or len(frame) < upper[1] + 4:
        return None
    return struct.unpack_from("!I", frame, upper[1])[0]


@dataclass
class IkeMessage:
    initiator_spi: str
    responder_spi: str
    exchange: str
    is_response: bool

    def __str__(self):
        return f"{self.exchange} {'response' if self.is_response else 'request'}"


def ike_in(frame):
    """The header of an IKE message, or None."""
    upper = upper_layer(frame)
    if upper is None or upper[0] != UDP or len(frame) < upper[1] + 36:
        return None
    at = upper[1] + 8
    if IKE_PORT not in struct.unpack_from("!HH", frame, upper[1]):
        return None
    initiator, responder, _, _, exchange, flags = struct.unpack_from("!QQBBBB", frame, at)
    return IkeMessage(f"{initiator:016x}", f"{responder:016x}", EXCHANGES.get(exchange, f"exchange {exchange}"),
                      bool(flags & 0x20))


def message_in(frame, names_of_spis):
    """In words, where it has to do with a move; None for all else. names_of_spis: of ESP packets that are told of."""
    if is_icmpv6(frame, ROUTER_SOLICITATION):
        return "router solicitation"
    if is_icmpv6(frame, ROUTER_ADVERTISEMENT):
        return "router advertisement"
    if (ike := ike_in(frame)) is not None:
        return str(ike)
    upper = upper_layer(frame)
    if upper is not None and upper[0] == MOBILITY and len(frame) > upper[1] + 2:
        return MOBILITY_TYPES.get(frame[upper[1] + 2], "mobility message") + " (in clear)"
    return names_of_spis.get(spi_of(frame))
