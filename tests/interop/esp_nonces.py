#!/usr/bin/python3
"""`esp_nonces.py FILE`: reads a capture of Ethernet frames and prints, as "PACKETS REPEATS",
how many ESP packets it holds and how many of them repeat an (SPI, IV) or (SPI, sequence) pair."""

import sys

from captures import frames

ESP = 50


def esp_of(frame):
    kind, packet = frame[12:14], frame[14:]
    if kind == b"\x08\x00" and packet[9] == ESP:
        return packet[(packet[0] & 15) * 4:]
    if kind == b"\x86\xdd" and packet[6] == ESP:
        return packet[40:]
    return None


seen, packets, repeats = set(), 0, 0
with open(sys.argv[1], "rb") as capture:
    for esp in filter(None, map(esp_of, frames(capture))):
        pairs = {("sequence", esp[:8]), ("iv", esp[:4] + esp[8:16])}
        packets += 1
        repeats += bool(pairs & seen)
        seen |= pairs
print(packets, repeats)
