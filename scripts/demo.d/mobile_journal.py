"""What the mobile node's cell has carried, in words."""

import bisect
import re

from mobile_frames import message_in

# Of a policy's SAs: what leaves the node by them, and what comes to it.
SPOKEN = {"binding": ("Binding Update (ESP)", "Binding Acknowledgement (ESP)"),
          "return-routability": ("Home Test Init (ESP tunnel)", "Home Test (ESP tunnel)"),
          "prefix-discovery": ("Mobile Prefix Solicitation (ESP)", "Mobile Prefix Advertisement (ESP)")}
CONFIGURED = {"mn-bu": "binding", "mn-ba": "binding", "mn-hoti": "return-routability", "mn-hot": "return-routability",
              "mn-mps": "prefix-discovery", "mn-mpa": "prefix-discovery"}


def part_of(sa):
    """Of mobility, by the name of an SA: of a configured one, or of a policy's that was negotiated."""
    negotiated = re.match(r"(?:mobile-node|carol)-([a-z-]+)/", sa)
    return negotiated[1] if negotiated else CONFIGURED.get(sa)


class Journal:
    def __init__(self, air, node):
        self._air, self._node = air, node
        self._names = {}  # by SPI, also of SAs that are gone

    def learn(self):
        """Packets of the node's SAs are told of, from now on and before."""
        for sa in self._node.ask("show.sas"):
            if (spoken := SPOKEN.get(part_of(sa["name"]))) is not None:
                self._names[int(sa["spi"], 16)] = spoken[sa["direction"] == "inbound"]

    def messages(self, since, until=float("inf")):
        """Of those that have to do with moves: (wall time, "up" or "down", what it is, frame)."""
        self.learn()
        seen = self._air.seen
        for when, way, frame in seen[bisect.bisect_left(seen, since, key=lambda entry: entry[0]):]:
            if when >= until:
                return
            if (what := message_in(frame, self._names)) is not None:
                yield when, way, what, frame

    def first(self, what, way, since):
        """(wall time, frame) of the first message of that kind, or None."""
        return next(((when, frame) for when, passed, found, frame in self.messages(since) if (found, passed) == (what, way)),
                    None)

    def frames(self, since):
        """All of them, (wall time, "up" or "down", frame)."""
        seen = self._air.seen
        return seen[bisect.bisect_left(seen, since, key=lambda entry: entry[0]):]
