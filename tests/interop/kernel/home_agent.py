#!/usr/bin/python3
"""`home_agent.py FILE HOME AGENT`: a home agent of one mobile node on the states and policies of its kernel, until it
is killed. FILE is that of mobility_states.py. It prints a line for each Binding Update that it answers.

The kernel lets nothing come here that was not behind IPsec and a Home Address option (RFC 6275 10.3.1).
"""

import sys

from mobility import (ACCEPTED, BINDING_UPDATE, HOME_REGISTRATION, SEQUENCE_OUT_OF_WINDOW, MobilitySocket,
                      binding_acknowledgement, kind_of, read_binding_update)
from mobility_states import ANYWHERE, States

HALF = 0x8000


class HomeAgent:
    def __init__(self, path, home, agent):
        self._home, self._agent = home, agent
        self._states = States("agent", home, agent)
        self._states.load(path)
        self._states.protect_binding(ANYWHERE)
        self._socket = MobilitySocket(agent)
        self._tunnels_at = None
        self._last = None

    def serve(self):
        print("ready", flush=True)
        while True:
            message, source = self._socket.receive()
            if kind_of(message) == BINDING_UPDATE and source == self._home:
                self._take(*read_binding_update(message))

    def _take(self, sequence, flags, lifetime, care_of):
        if not flags & HOME_REGISTRATION or (care_of is None and lifetime):
            print(f"ignored: {sequence}, flags {flags:#x}", flush=True)
            return
        if self._last is not None and not 0 < (sequence - self._last) % (2 * HALF) < HALF:
            self._answer(SEQUENCE_OUT_OF_WINDOW, self._last, 0, care_of)
            return
        self._last = sequence
        if lifetime:
            self._lead_to(care_of)
        self._answer(ACCEPTED, sequence, lifetime, care_of)

    def _lead_to(self, care_of):
        if self._tunnels_at is None:
            self._states.open_tunnels(care_of)
            self._states.lead_to(care_of)
        elif care_of != self._tunnels_at:
            self._states.move(self._tunnels_at, care_of)
        self._tunnels_at = care_of

    def _answer(self, status, sequence, lifetime, care_of):
        self._socket.send(binding_acknowledgement(status, sequence, lifetime), self._home)
        print(f"status {status}, sequence {sequence}, {lifetime} s, at {care_of}", flush=True)


if __name__ == "__main__":
    HomeAgent(*sys.argv[1:]).serve()
