#!/usr/bin/python3
"""What a mobile node says, by the raw sockets of its kernel; the status is 0 if it got the answer that it wants.

    mobile_node.py register HOME AGENT CARE_OF SEQUENCE SECONDS    a home registration; 0 seconds end it
    mobile_node.py ignored HOME AGENT CARE_OF SEQUENCE SECONDS     the same, which nobody is to answer
    mobile_node.py home-test HOME CORRESPONDENT                    a Home Test Init, and its Home Test

Each transmission has the next sequence number. CARE_OF is told in an option; "none" leaves it out.
"""

import os
import sys

from mobility import (ACCEPTED, BINDING_ACKNOWLEDGEMENT, HOME_TEST, MobilitySocket, binding_update, cookie_of,
                      home_test_init, read_binding_acknowledgement)

TRIES = 4
PATIENCE = 4  # seconds: a home agent asks the home link for one before it answers the first time


def register(home, agent, care_of, sequence, seconds):
    """What the first acknowledgement of any of the tries says: (status, sequence, lifetime)."""
    link = MobilitySocket(home)
    for number in range(sequence, sequence + TRIES):
        link.send(binding_update(number, seconds, care_of), agent)
        answer = link.await_kind(BINDING_ACKNOWLEDGEMENT, agent, PATIENCE)
        if answer is None:
            continue
        status, acknowledged, lifetime = read_binding_acknowledgement(answer)
        print(f"status {status}, sequence {acknowledged}, {lifetime} s")
        return status == ACCEPTED and sequence <= acknowledged <= number and lifetime == seconds
    return False


def is_ignored(home, agent, care_of, sequence, seconds):
    link = MobilitySocket(home)
    link.send(binding_update(sequence, seconds, care_of), agent)
    answer = link.await_kind(BINDING_ACKNOWLEDGEMENT, agent, PATIENCE)
    if answer is not None:
        print(f"answered: {read_binding_acknowledgement(answer)}")
    return answer is None


def tests_home(home, correspondent):
    link = MobilitySocket(home)
    for _ in range(TRIES):
        cookie = os.urandom(8)
        link.send(home_test_init(cookie), correspondent)
        answer = link.await_kind(HOME_TEST, correspondent, PATIENCE)
        if answer is not None:
            return cookie_of(answer) == cookie
    return False


def main():
    command, *rest = sys.argv[1:]
    if command == "home-test":
        return tests_home(*rest)
    home, agent, place, sequence, seconds = rest
    care_of = None if place == "none" else place
    send = {"register": register, "ignored": is_ignored}[command]
    return send(home, agent, care_of, int(sequence), int(seconds))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
