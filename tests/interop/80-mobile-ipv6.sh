#!/bin/bash
# A home agent and a mobile node of ours: it moves between two links and comes home while somebody speaks with it.
. "$(dirname "$0")/_lab.sh"

check "the mobile node is reached wherever it goes" env SALLYPORT_BUILD="$build" /usr/bin/python3 "$root/scripts/demo.d/mobile.py" --busy
