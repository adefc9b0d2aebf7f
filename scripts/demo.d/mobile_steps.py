"""The ten steps in which a mobile node moves while its keys are negotiated (RFC 3776 6.19, RFC 4877 7), each
looked for and told when it happens. With configured SAs some of them are nobody's to take."""

import ipaddress
import time

from mobile_frames import destination_of, home_address_in, ike_in, is_icmpv6, source_of, spi_of, upper_layer
from mobile_journal import part_of
from mobile_sites import HOME, HOME_AGENT, ROUTERS, Keys
from tables import say
from two_sites import Failure, eventually

NEIGHBOUR_SOLICITATION = 135
PATIENCE = 10  # seconds for a step
TITLES = {1: "the node comes to link B and has a care-of address there",
          2: "IKE from the care-of address; the home agent only answers",
          3: "SAs for mobility messages between the home address and the home agent",
          4: "Binding Update and Acknowledgement by these SAs",
          5: "SAs of a tunnel for return routability, which ends at the care-of address",
          6: "return routability through this tunnel",
          7: "the node moves to link C and has a care-of address there",
          8: "Binding Update and Acknowledgement by the SAs of step 3, and the tunnel of step 5 ends at C",
          9: "the IKE SA is at C",
          10: "what the home agent notifies comes to C by that IKE SA"}


class TenSteps:
    """Any that is missing is a Failure."""

    def __init__(self, sites, journal, friend):
        self._keys, self._journal, self._friend = sites.keys, journal, friend
        self._node, self._agent = sites.gateways["mobile-node"], sites.gateways["home-agent"]
        self._start = time.time()
        self._care_of = None
        self._binding = None  # SPIs of step 3
        self._ike = None  # SPIs of the IKE SA

    def arrive(self, moved):
        """Steps 1 to 6: `moved` is when the node came to link B, with nothing before."""
        self._adopt(1, "b", moved)
        if self._keys is Keys.CONFIGURED:
            self._leave(2, "there is no IKE")
        else:
            self._speak_ike(moved)
        self._find_binding_sas()
        self._register(4, moved)
        self._find_test_sas()
        self._test()

    def move(self, moved):
        """Steps 7 to 10, to link C."""
        self._adopt(7, "c", moved)
        self._register(8, moved)
        if self._keys is Keys.CONFIGURED:
            self._leave(9, "there is no IKE")
            return self._leave(10, "there is no IKE")
        if self._keys is Keys.IKE_MOVES:
            self._follow_ike(moved)
        else:
            self._renew_ike(moved)
        return self._notify()

    def _take(self, number, when, detail):
        say(f"  step {number:2}  {when - self._start:8.3f} s  {TITLES[number]}\n{'':21}{detail}")

    def _leave(self, number, why):
        say(f"  step {number:2}  {'':10}  {TITLES[number]}\n{'':21}not to be taken: {why}")

    def _wait(self, number, condition, wanted):
        """Its first true answer."""
        answer = eventually(PATIENCE, condition, pause=0.01)
        if not answer:
            logs = "\n".join(gateway.log.read_text()[-3000:] for gateway in (self._node, self._agent))
            raise Failure(f"step {number} is missing ({TITLES[number]}): {wanted() if callable(wanted) else wanted}\n{logs}")
        return answer

    # Steps 1 and 7: duplicate address detection says which address it takes.
    def _adopt(self, number, link, moved):
        prefix = ROUTERS[link].prefix

        def formed():
            for when, way, frame in self._journal.frames(moved):
                if way == "up" and is_icmpv6(frame, NEIGHBOUR_SOLICITATION):
                    at = upper_layer(frame)[1] + 8
                    target = ipaddress.ip_address(frame[at:at + 16])
                    if target in prefix and source_of(frame) == bytes(16):
                        return when, target
            return None

        when, self._care_of = self._wait(number, formed, "no address is formed")
        self._take(number, when, f"{self._care_of}, {(when - moved) * 1000:.1f} ms after the link")

    def _speak_ike(self, moved):
        def established():
            rows = self._ike_rows()
            return rows[1] if len(rows) == 2 else None

        row = self._wait(2, established, "no IKE SA is established")
        messages = [(when, way, frame) for when, way, what, frame in self._journal.messages(moved) if ike_in(frame)]
        requests = [(way, source_of(frame)) for _, way, frame in messages if not ike_in(frame).is_response]
        self._expect(2, row["role"] == "responder" and set(requests) == {("up", self._care_of.packed)},
                     f"others than the node at its care-of address have asked: {row} {requests}")
        self._expect(2, str(self._care_of) in row["remote"], f"the home agent has it elsewhere: {row}")
        self._ike = spis_of(row)
        self._take(2, messages[-1][0], f"{len(messages)} messages of {', '.join(exchanges(frame for _, _, frame in messages))}; "
                                       f"IKE SA {self._ike[0]}_i {self._ike[1]}_r")

    def _find_binding_sas(self):
        sas = self._wait(3, lambda: self._sas("binding"), "they are not there")
        self._expect(3, {sa["mode"] for sa in sas} == {"transport"} and all(HOME in (sa["local"], sa["remote"]) for sa in sas),
                     f"other than they should be: {sas}")
        self._binding = spis(sas)
        self._take(3, time.time(), f"ESP in transport mode, {' and '.join(self._binding)}"
                                   + (", configured" if self._keys is Keys.CONFIGURED else ""))

    # Steps 4 and 8.
    def _register(self, number, moved):
        def acknowledged():
            update = self._journal.first("Binding Update (ESP)", "up", moved)
            answer = update and self._journal.first("Binding Acknowledgement (ESP)", "down", update[0])
            return (update, answer) if answer else None

        (sent, update), (answered, answer) = self._wait(number, acknowledged, "no Binding Acknowledgement comes")
        used = {f"0x{spi_of(frame):08x}" for frame in (update, answer)}
        self._expect(number, source_of(update) == self._care_of.packed == destination_of(answer)
                     and home_address_in(update) == ipaddress.ip_address(HOME).packed, "they have other addresses")
        self._expect(number, used == set(self._binding), f"they use other SAs: {used}")
        detail = f"answered after {(answered - sent) * 1000:.1f} ms"
        if number == 8:
            self._wait(8, self._tunnels_end_here, lambda: f"tunnels end elsewhere: {self._sas('return-routability')}")
            detail += f", {(answered - moved) * 1000:.1f} ms after the link"
        self._take(number, answered, detail)

    # At the home agent, of all that it sends through a tunnel. Without the IKE SA that they were of they have gone.
    def _tunnels_end_here(self):
        sas = [sa for sa in self._agent.ask("show.sas") if sa["mode"] == "tunnel" and sa["direction"] == "outbound"]
        tests = [sa for sa in sas if part_of(sa["name"]) == "return-routability"]
        return all(sa["remote"] == str(self._care_of) for sa in sas) and (tests or self._keys is Keys.IKE_ANEW)

    def _find_test_sas(self):
        def made():
            self._friend.greet()
            return self._sas("return-routability")

        sas = self._wait(5, made, "nobody asks for them")
        self._expect(5, {sa["mode"] for sa in sas} == {"tunnel"}
                     and all({sa["local"], sa["remote"]} == {str(self._care_of), HOME_AGENT} for sa in sas),
                     f"other than they should be: {sas}")
        self._take(5, time.time(), f"ESP in tunnel mode between {self._care_of} and {HOME_AGENT}, {' and '.join(spis(sas))}")

    def _test(self):
        def registered():
            self._friend.greet()
            return self._friend.times_of("Binding Update")

        updates = self._wait(6, registered, lambda: f"the correspondent has heard {self._friend.heard} {self._friend.wrong}")
        for what, way in (("Home Test Init (ESP tunnel)", "up"), ("Home Test (ESP tunnel)", "down"),
                          ("Care-of Test Init (in clear)", "up"), ("Care-of Test (in clear)", "down")):
            self._expect(6, self._journal.first(what, way, self._start), f"no {what}")
        self._expect(6, not self._friend.wrong, self._friend.wrong)
        self._take(6, updates[0], "both tests are passed, and the correspondent has a binding that they authorize")

    # Step 9 with K.
    def _follow_ike(self, moved):
        self._wait(9, lambda: all(self._is_at_care_of(row) for row in self._ike_rows()) and len(self._ike_rows()) == 2,
                   lambda: f"it is elsewhere: {self._ike_rows()}")
        self._expect(9, {spis_of(row) for row in self._ike_rows()} == {self._ike}, "it is another one")
        said = [frame for _, _, frame in self._journal.frames(moved) if ike_in(frame)]
        self._expect(9, not said, f"{', '.join(exchanges(said))} were needed")
        self._take(9, time.time(), "the same one at both ends, and no IKE message was needed (K = 1)")

    # Step 9 without.
    def _renew_ike(self, moved):
        def anew():
            rows = self._ike_rows()
            ours, theirs = ({spis_of(row) for row in rows if row["who"] == who} for who in (self._node, self._agent))
            return all(self._is_at_care_of(row) for row in rows) and self._ike not in ours | theirs and ours & theirs

        fresh = self._wait(9, anew, lambda: f"it is not: {self._ike_rows()}")
        said = [frame for _, _, frame in self._journal.frames(moved) if ike_in(frame)]
        self._expect(9, "IKE_SA_INIT" in exchanges(said), "it is not new")
        self._ike = max(fresh)
        self._take(9, time.time(), f"a new one, and the old one has gone at both ends (K = 0): {', '.join(exchanges(said))}")

    # A Delete for SAs of return routability. Without K they went with their IKE SA, and are made once more where nobody has.
    def _notify(self):
        part = "return-routability"
        if not self._children(self._agent, part):
            self._agent.ask("initiate", policy=f"carol-{part}")
        pairs = self._wait(10, lambda: [(theirs, ours) for theirs in self._children(self._agent, part)
                                        for ours in self._children(self._node, part)
                                        if theirs["inbound_spi"] == ours["outbound_spi"]], "there are no SAs to end")
        theirs, ours = pairs[0]
        begun = time.time()
        self._agent.ask("terminate", child=theirs["name"])
        self._wait(10, lambda: ours["name"] not in [child["name"] for child in self._children(self._node, part)],
                   "the node has not heard of it")
        notes = [(when, ike_in(frame)) for when, way, frame in self._journal.frames(begun)
                 if way == "down" and ike_in(frame) and destination_of(frame) == self._care_of.packed]
        notes = [(when, note) for when, note in notes if str(note) == "INFORMATIONAL request"]
        now = {spis_of(row) for row in self._ike_rows()}
        self._expect(10, notes and all((note.initiator_spi, note.responder_spi) in now for _, note in notes),
                     f"it came by another one: {notes}")
        self._take(10, notes[0][0], "a Delete, heard and answered"
                   + ("" if self._keys is Keys.IKE_MOVES else "; nothing can come by the one before any more"))

    def _expect(self, number, good, wrong):
        if not good:
            raise Failure(f"step {number} ({TITLES[number]}): {wrong}")

    # Of the node, in pairs.
    def _sas(self, part):
        sas = [sa for sa in self._node.ask("show.sas") if part_of(sa["name"]) == part]
        return sas if len(sas) >= 2 else []

    def _children(self, gateway, part):
        return [child for child in gateway.ask("show.child-sas")
                if part_of(child["name"]) == part and child["state"] in ("live", "up", "installed")]

    def _ike_rows(self):
        return [dict(row, who=who) for who in (self._node, self._agent) for row in who.ask("show.ike-sas")
                if row["state"] == "established"]

    def _is_at_care_of(self, row):
        return str(self._care_of) in (row["local"] if row["who"] is self._node else row["remote"])


def spis(sas):
    return sorted(sa["spi"] for sa in sas)


def spis_of(row):
    return row["initiator_spi"], row["responder_spi"]


def exchanges(frames):
    """Their kinds, each once, in the order in which they came."""
    return list(dict.fromkeys(ike_in(frame).exchange for frame in frames))
