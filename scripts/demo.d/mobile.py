"""A mobile node with its home agent, two correspondents and two visited links, all in namespaces on this machine: the node
moves between B and C, comes home and goes away again, while datagrams come to it every millisecond and pings go on.

Registrations, return routability and payload are protected by ESP (RFC 3776, RFC 4877), with configured SAs or, with --ike,
with those that IKEv2 negotiates from wherever the node is. A move costs one Binding Update, and the tunnel's SAs follow; the
ten steps of a move are told when they happen. The exit status is 0 only if none of them is missing, nothing is lost but at
moves, nothing once a move is acknowledged, and at the best of the moves no more than one round trip and five milliseconds'
worth: on a busy machine others take longer. With --renegotiate IKE begins anew from each place, and tunnels wait for it.
"""

import argparse
import re
import sys
import time

from air import Air
from correspondent import Correspondent
from mobile_journal import Journal
from mobile_sites import HOME, PICTURE, ROUTERS, Keys, MobileSites
from mobile_steps import PATIENCE, TenSteps
from program import build_tree, exit_status, verdict
from stream import PERIOD, Stream
from tables import say
from two_sites import Failure, eventually

STAY = 2.0  # seconds on a link
GRACE = 0.005
RENEWAL = 0.05  # for signatures and Diffie-Hellman of a new IKE SA, beside its four round trips
TOLERATED = 0.02  # of what is sent while nothing moves, on a busy machine


class Demo:
    def __init__(self, sites, air, round_trip, busy):
        self._sites, self._air, self._round_trip, self._busy = sites, air, round_trip, busy
        self._node, self._agent = sites.gateways["mobile-node"], sites.gateways["home-agent"]
        self._friend = Correspondent(sites, "at-d", sites.router_of_correspondent, HOME)
        self._journal = Journal(air, self._node)
        self._moves = []  # (link, wall time)
        self._wrong = []

    def run(self):
        say(f"SAs are {self._sites.keys.value}. The steps of a move:\n")
        self._friend.start()
        steps = TenSteps(self._sites, self._journal, self._friend)
        steps.arrive(self._go("b", hint=False))
        stream = Stream(self._sites, HOME)
        stream.start()
        ping = self._sites.start("correspondent", "ping", "-n", "-q", "-i", "0.2", HOME, log="ping.log")
        time.sleep(STAY)
        self._moves.clear()
        steps.move(self._go("c"))
        self._stay()
        self._visit("b")
        if self._sites.keys is not Keys.CONFIGURED:
            self._rekey()
        self._visit("c")
        self._go("home")
        self._check(eventually(PATIENCE, self._is_home), f"the node does not come home: {self._state()}")
        self._stay()
        self._visit("b")
        stream.stop()
        ping.send_signal(2)
        ping.wait(5)
        self._friend.stop()
        self._tell(stream)
        say("\nPings of the correspondent: " + self._ping_summary())
        self._tell_correspondent()
        return verdict(self._wrong, "the node was reached wherever it went.")

    def _go(self, link, hint=True):
        when = self._air.move(link)
        if hint:  # as who sees the radio link tells it
            self._node.ask("link-moved", port="wlan")
        self._moves.append((link, when))
        return when

    def _visit(self, link):
        self._go(link)
        self._check(self._registered(f"2001:db8:{link}:"), f"the node does not register from {link.upper()}")
        self._stay()

    def _stay(self):
        self._journal.learn()  # SAs go with the next move
        time.sleep(STAY)
        self._journal.learn()

    def _state(self):
        return self._node.ask("show.mobile-node")[0]

    def _registered(self, prefix):
        def there():
            state = self._state()
            return state["registered"] and (state["care_of"] or "").startswith(prefix)
        return eventually(PATIENCE, there)

    def _is_home(self):
        state = self._state()
        return state["care_of"] is None and state["router"] is not None and not state["tunnels_active"]

    def _rekey(self):
        """The node its payload's SAs, then the home agent the IKE SA: both speak along the new path."""
        def payload():
            return {row["name"] for row in self._node.ask("show.child-sas")
                    if row["policy"] == "mobile-node-payload" and row["state"] == "live"}

        def established():
            return {(row["initiator_spi"], row["number"]) for row in self._agent.ask("show.ike-sas")
                    if row["state"] == "established"}

        before = payload()
        for child in before:
            self._node.ask("rekey", child=child)
        self._check(before and eventually(PATIENCE, lambda: payload() and not payload() & before),
                    f"the node's payload gets no other SAs: {before}")
        old = established()
        for _, number in old:
            self._agent.ask("rekey", ike=number)
        self._check(old and eventually(PATIENCE, lambda: established() and not established() & old),
                    f"the home agent gets no other IKE SA: {old}")
        say(f"\n  rekeyed from link B: {len(before)} of the node's children, {len(old)} IKE SAs by the home agent")

    def _tell(self, stream):
        over = stream.sent[-1] - 0.5
        best = len(stream.sent)
        everything = stream.lost_between(0, over)
        anew = self._sites.keys is Keys.IKE_ANEW
        # What is under way at a move is that move's.
        ends = [moved - 2 * self._round_trip for _, moved in self._moves[1:]] + [over]
        for number, ((link, moved), end) in enumerate(zip(self._moves, ends)):
            settled = self._tell_messages(link, moved, end)
            lost = stream.lost_between(moved - 2 * self._round_trip, end)
            everything = [number for number in everything if number not in lost]
            late = [number for number in lost if settled is not None and stream.sent[number] > settled]
            say(f"  lost: {len(lost)} of a datagram a millisecond; nothing arrived for {stream.gap_after(moved) * 1000:.1f} ms; "
                f"{len(late)} of those that were sent after the acknowledgement")
            # Routers of the home link answer within half a second (RFC 4861 6.2.6), and so its neighbours hear of it late.
            if "home" in (link, self._moves[number - 1][0]) and number:
                continue
            best = min(len(lost), best)
            self._check(self._busy or anew or not late, f"{len(late)} datagrams were lost after the acknowledgement at {link}")
        allowed = (self._round_trip + GRACE + (4 * self._round_trip + RENEWAL if anew else 0)) / PERIOD
        self._check(self._busy or best <= allowed, f"{best} datagrams were lost at the best move, {allowed:.0f} may be")
        say(f"\nDatagrams: {len(stream.sent):,} sent, {len(stream.arrived):,} arrived")
        tolerated = TOLERATED * len(stream.sent) if self._busy else 0
        self._check(len(everything) <= tolerated, f"{len(everything)} datagrams were lost where nothing moved")
        self._check(len(stream.arrived) > len(stream.sent) // 2, "most datagrams were lost")

    def _tell_messages(self, link, moved, end):
        """What the cell carried of a move; when its acknowledgement came."""
        say(f"\nTo {'the home link' if link == 'home' else 'link ' + link.upper()}")
        settled, told = None, set()
        for when, way, what, _ in self._journal.messages(moved, min(end, moved + 2)):
            if (what, way) in told:
                continue
            told.add((what, way))
            say(f"  {(when - moved) * 1000:8.1f} ms  {'node ->' if way == 'up' else 'node <-'}  {what}")
            if what == "Binding Acknowledgement (ESP)":
                settled = when
        self._check(settled is not None, f"no Binding Acknowledgement at {link}")
        return settled

    def _tell_correspondent(self):
        places = [str(place) for _, what, place in self._friend.heard if what == "Binding Update"]
        say(f"The correspondent that knows Mobile IPv6 had it at {', '.join(places)}")
        self._check(not self._friend.wrong, f"the correspondent was sent {self._friend.wrong[:3]}")

    def _ping_summary(self):
        text = (self._sites.work / "ping.log").read_text()
        found = re.search(r"(\d+) packets transmitted, (\d+) received", text)
        self._check(found is not None and int(found[2]) > 0, f"no pings: {text}")
        return f"{found[2]} of {found[1]} answered" if found else "none"

    def _check(self, good, wrong):
        if not good:
            self._wrong.append(wrong)


def arguments_of_command():
    parser = argparse.ArgumentParser(prog="scripts/demo-mip6", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ike", action="store_true", help="SAs are negotiated, and the IKE SA follows the node (K = 1)")
    parser.add_argument("--renegotiate", action="store_true", help="with --ike: it is made anew from each place (K = 0)")
    parser.add_argument("--round-trip", type=float, default=20, help="milliseconds between node and home agent (default 20)")
    parser.add_argument("--busy", action="store_true",
                        help="the machine has more to do: outages are told and not judged, and a few losses are borne")
    arguments = parser.parse_args()
    if arguments.renegotiate and not arguments.ike:
        parser.error("--renegotiate goes with --ike")
    return arguments


def main():
    arguments = arguments_of_command()
    build = build_tree("release")
    round_trip = arguments.round_trip / 1000
    keys = Keys.CONFIGURED
    if arguments.ike:
        keys = Keys.IKE_ANEW if arguments.renegotiate else Keys.IKE_MOVES

    def show():
        with MobileSites(keys) as sites:
            say(PICTURE % arguments.round_trip)
            air = Air(sites, {**ROUTERS, "home": None}, ("line-a", "line-b"), round_trip / 2)
            air.start()
            sites.start_gateways(build)
            good = Demo(sites, air, round_trip, arguments.busy).run()
            air.stop()
            return good

    return exit_status(show)


if __name__ == "__main__":
    sys.exit(main())
