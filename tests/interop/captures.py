"""Reads captures that tcpdump wrote, of either byte order."""

import struct


def frames(file):
    order = "<" if file.read(24)[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    while header := file.read(16):
        yield file.read(struct.unpack(order + "8xI4x", header)[0])
