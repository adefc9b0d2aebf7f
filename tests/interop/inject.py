#!/usr/bin/python3
"""`inject.py FILE INTERFACE SOURCE`: sends the frames of a capture once more, as they are, that came
from the IPv4 address SOURCE, and prints how many."""

import socket
import sys

from captures import frames

path, interface, source = sys.argv[1:]
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((interface, 0))
with open(path, "rb") as capture:
    wanted = [f for f in frames(capture) if f[26:30] == socket.inet_aton(source)]
for frame in wanted:
    link.send(frame)
print(len(wanted))
