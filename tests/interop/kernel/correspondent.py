#!/usr/bin/python3
"""`correspondent.py ADDRESS`: answers Home Test Inits with Home Tests (RFC 6275 9.4), until it is killed, and prints a
line for each."""

import os
import sys

from mobility import HOME_TEST_INIT, MobilitySocket, cookie_of, home_test, kind_of

link = MobilitySocket(sys.argv[1])
print("ready", flush=True)
while True:
    message, source = link.receive()
    if kind_of(message) == HOME_TEST_INIT:
        print(f"Home Test Init of {source}", flush=True)
        link.send(home_test(cookie_of(message), os.urandom(8)), source)
