#!/usr/bin/python3
"""`radio_cell.py MOVES LINK=ROUTER,PREFIX,MAC...`: the interface "cell" of this namespace is on one of several links,
by "at-LINK" each, whose routers advertise themselves. Each line of the FIFO MOVES names the link that it goes to.

It is the air of the mobile node's demo.
"""

import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/demo.d"))
from air import Air, Router  # noqa: E402  (found by the line above)


class Here:
    """The namespace that we are in."""

    @staticmethod
    def inside(_name):
        return contextlib.nullcontext()


def router(words):
    link_local, prefix, mac = words.split(",")
    made = Router(link_local, prefix)
    made.mac = bytes.fromhex(mac.replace(":", ""))
    return made


moves, *words = sys.argv[1:]
links = dict(word.split("=") for word in words)
air = Air(Here(), {name: router(text) for name, text in links.items()}, (), 0)
air.daemon = True
air.start()
print("ready", flush=True)
with os.fdopen(os.open(moves, os.O_RDWR), encoding="ascii") as lines:  # a FIFO with a writer never ends
    for line in lines:
        air.move(line.strip())
        print(f"on {line.strip()}", flush=True)
