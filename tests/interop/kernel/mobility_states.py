#!/usr/bin/python3
"""States and policies by which a Linux kernel is a mobile node or its home agent (RFC 3776 5.2), and what moves them.

    mobility_states.py set FILE HOME AGENT CARE_OF    makes a mobile node
    mobility_states.py move HOME AGENT FROM TO        takes its tunnels and extension headers to another place
    mobility_states.py bare HOME AGENT                its Binding Updates go without IPsec from now on

FILE has a line for each SA: NAME, SPI, protocol, and the algorithm as `ip xfrm state` takes it. The names are those of
PAIRS with -up (to the home agent) and -down.
"""

import os
import socket
import struct
import subprocess
import sys

from mobility import BINDING_ACKNOWLEDGEMENT, BINDING_UPDATE, HOME_TEST_INIT, PROTOCOL, packed

BINDING, TESTS, PAYLOAD = PAIRS = ("binding", "tests", "payload")
REQUEST = {name: number for number, name in enumerate(PAIRS, 1)}  # reqid, and the order of policies
ANYWHERE = "::"
DIRECTIONS = {"in": 0, "out": 1, "fwd": 2}
NETLINK_XFRM, XFRM_MSG_MIGRATE, XFRMA_MIGRATE = 6, 0x21, 17
REQUEST_AND_ACKNOWLEDGE = 0x5
TUNNEL = 1


def ip(lines):
    """Several commands in one process; the first that fails ends it."""
    run = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, capture_output=True, check=False)
    if run.returncode:
        sys.exit(run.stderr)


class Selector:
    """kind: a type of the Mobility Header. Linux sees it in what it makes itself, and behind an extension header."""

    def __init__(self, source, destination, protocol=0, kind=None):
        self.source, self.destination, self.protocol, self.kind = source, destination, protocol, kind

    def words(self):
        words = f"src {self._prefix(self.source)} dst {self._prefix(self.destination)}"
        if self.protocol:
            words += f" proto {self.protocol}"
        return words if self.kind is None else f"{words} type {self.kind}"

    def packed(self):
        """struct xfrm_selector: a type is in the source port's place."""
        kind, mask = (0, 0) if self.kind is None else (self.kind, 0xFFFF)
        return (packed(self.destination) + packed(self.source) + struct.pack("!HHHH", 0, 0, kind, mask)
                + struct.pack("=HBBBxxxiI", socket.AF_INET6, self._length(self.destination), self._length(self.source),
                              self.protocol, 0, 0))

    def _prefix(self, address):
        return f"{address}/{self._length(address)}"

    @staticmethod
    def _length(address):
        return 0 if address == ANYWHERE else 128


class States:
    """role: "node" or "agent"."""

    def __init__(self, role, home, agent):
        self._home, self._agent = home, agent
        self._on_node = role == "node"
        self._sas = {}

    def load(self, path):
        with open(path, encoding="ascii") as file:
            for line in file:
                name, spi, protocol, algorithm = line.split(maxsplit=3)
                self._sas[name] = (spi, protocol, algorithm.strip())

    def protect_binding(self, care_of):
        """Transport mode, and the extension headers; an unspecified care-of address is any, where it is to be read."""
        up, down = (self._home, self._agent), (self._agent, self._home)
        ip([self._state(f"{BINDING}-up", up, "transport"), self._state(f"{BINDING}-down", down, "transport"),
            self._extension("add", "hao", up, care_of), self._extension("add", "route2", down, care_of),
            self._binding_policy("up", BINDING_UPDATE), self._binding_policy("down", BINDING_ACKNOWLEDGEMENT)])

    def open_tunnels(self, care_of):
        up, down = (care_of, self._agent), (self._agent, care_of)
        lines = []
        for name in (TESTS, PAYLOAD):
            lines += [self._state(f"{name}-up", up, "tunnel"), self._state(f"{name}-down", down, "tunnel")]
        for name, direction, selector, ends in self._tunnel_policies(care_of):
            lines.append(f"xfrm policy add {selector.words()} dir {direction} priority {REQUEST[name]} "
                         + self._template(ends, "esp", name, "tunnel"))
        ip(lines)

    def move(self, old, new):
        """XFRM_MSG_MIGRATE: policies and SAs of the tunnels get other ends, and go on with their numbers."""
        before, after = self._tunnel_policies(old), self._tunnel_policies(new)
        for (name, direction, selector, ends), (*_, new_ends) in zip(before, after):
            self._migrate(REQUEST[name], direction, selector, ends, new_ends)
        self.lead_to(new)

    def lead_to(self, care_of):
        """The extension headers of the mobile node, or those for it; a home agent reads them from anywhere."""
        lines = [self._extension("update", "route2", (self._agent, self._home), care_of)]
        if self._on_node:
            lines.append(self._extension("update", "hao", (self._home, self._agent), care_of))
        ip(lines)

    def bare_updates(self):
        ends = (self._home, self._agent)
        selector = Selector(*ends, PROTOCOL, BINDING_UPDATE)
        ip([f"xfrm policy update {selector.words()} dir out priority {REQUEST[BINDING]} "
            + self._extension_template(ends, "hao")])

    def _state(self, name, ends, mode):
        spi, protocol, algorithm = self._sas[name]
        return (f"xfrm state add src {ends[0]} dst {ends[1]} proto {protocol} spi {spi} "
                f"reqid {REQUEST[name.split('-')[0]]} mode {mode} replay-window 64 {algorithm}")

    @staticmethod
    def _extension(what, header, ends, care_of):
        return f"xfrm state {what} src {ends[0]} dst {ends[1]} proto {header} mode ro coa {care_of}"

    def _directions(self, way):
        """What goes "up" leaves a mobile node and comes to a home agent, which forwards what was in a tunnel."""
        if (way == "up") == self._on_node:
            return ["out"]
        return ["in"] if self._on_node else ["in", "fwd"]

    def _binding_policy(self, way, kind):
        ends = (self._home, self._agent) if way == "up" else (self._agent, self._home)
        direction = self._directions(way)[0]
        extension = self._extension_template(ends, "hao" if way == "up" else "route2")
        protocol = self._sas[f"{BINDING}-{way}"][1]
        templates = [self._template(ends, protocol, BINDING, "transport"), extension]
        if direction == "out" and protocol == "ah":  # it covers the extension header
            templates.reverse()
        return (f"xfrm policy add {Selector(*ends, PROTOCOL, kind).words()} dir {direction} "
                f"priority {REQUEST[BINDING]} " + " ".join(templates))

    @staticmethod
    def _template(ends, protocol, name, mode):
        return f"tmpl src {ends[0]} dst {ends[1]} proto {protocol} reqid {REQUEST[name]} mode {mode}"

    @staticmethod
    def _extension_template(ends, header):
        return f"tmpl src {ends[0]} dst {ends[1]} proto {header} mode ro"

    def _tunnel_policies(self, care_of):
        """(name, direction, selector, ends) of each."""
        policies = []
        for name, protocol in ((TESTS, PROTOCOL), (PAYLOAD, 0)):
            for way, source, destination, ends in (("up", self._home, ANYWHERE, (care_of, self._agent)),
                                                   ("down", ANYWHERE, self._home, (self._agent, care_of))):
                for direction in self._directions(way):
                    own = name == TESTS and self._on_node and direction == "out"
                    selector = Selector(source, destination, protocol, HOME_TEST_INIT if own else None)
                    policies.append((name, direction, selector, ends))
        return policies

    @staticmethod
    def _migrate(request, direction, selector, old, new):
        policy = selector.packed() + struct.pack("=IBxxx", 0, DIRECTIONS[direction])
        move = b"".join(packed(end) for ends in (old, new) for end in reversed(ends))
        move += struct.pack("=BBHIHH", socket.IPPROTO_ESP, TUNNEL, 0, request, socket.AF_INET6, socket.AF_INET6)
        body = policy + struct.pack("=HH", 4 + len(move), XFRMA_MIGRATE) + move
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM) as kernel:
            kernel.send(struct.pack("=IHHII", 16 + len(body), XFRM_MSG_MIGRATE, REQUEST_AND_ACKNOWLEDGE, 1, 0) + body)
            error = struct.unpack_from("=i", kernel.recv(4096), 16)[0]
        if error:
            sys.exit(f"XFRM_MSG_MIGRATE of {selector.words()} {direction}: {os.strerror(-error)}")


def main():
    command, *rest = sys.argv[1:]
    if command == "set":
        path, home, agent, care_of = rest
        states = States("node", home, agent)
        states.load(path)
        states.protect_binding(care_of)
        states.open_tunnels(care_of)
    elif command == "move":
        home, agent, old, new = rest
        States("node", home, agent).move(old, new)
    elif command == "bare":
        States("node", *rest).bare_updates()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
