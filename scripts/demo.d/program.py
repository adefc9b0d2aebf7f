"""The frame of every program here: which build it runs, how it is stopped, and its exit status."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tables import say
from two_sites import ROOT, Failure


def build_tree(usual):
    """Where the daemons are built: SALLYPORT_BUILD, or the tree that is usual for the program."""
    return Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build" / usual))


def exit_status(work):
    """0 if work() says that all is well, 1 if not or if it fails, in words; 130 when it is told to stop."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    try:
        return 0 if work() else 1
    except KeyboardInterrupt:
        return 130
    except (Failure, OSError, subprocess.SubprocessError) as problem:
        say(f"FAILED: {problem}")
        return 1


def verdict(wrong, good):
    """Whether nothing went wrong, said with what did or with `good`."""
    say()
    for text in wrong:
        say(f"FAILED: {text}")
    if not wrong:
        say(f"OK: {good}")
    return not wrong
