"""Two sites whose gateways have a wire between them that loses some of what it carries, at random, and counts it."""

import json

from two_sites import Failure, TwoSites, run

# The wire is a namespace with a link to each gateway: what comes in by one goes out by the other, but for what is lost.
# Address resolution is spared, so that what is missing at the end was ESP.
RULES = """
table netdev wire {{
  counter esp_carried {{ }}
  counter esp_lost {{ }}
  counter ike_carried {{ }}
  counter ike_lost {{ }}
  chain to_b {{
    type filter hook ingress device "to-a" priority 0; policy drop;
    jump lose
    fwd to "to-b"
  }}
  chain to_a {{
    type filter hook ingress device "to-b" priority 0; policy drop;
    jump lose
    fwd to "to-a"
  }}
  chain lose {{
    ip protocol esp numgen random mod 1000 < {thousandths} counter name "esp_lost" drop
    ip protocol esp counter name "esp_carried"
    udp dport {{ 500, 4500 }} numgen random mod 1000 < {thousandths} counter name "ike_lost" drop
    udp dport {{ 500, 4500 }} counter name "ike_carried"
  }}
}}
"""


class LossySites(TwoSites):
    def __init__(self, name, example, loss):
        """loss: of a hundred packets, how many are lost; tenths count."""
        super().__init__(name, example)
        self._thousandths = round(loss * 10)

    def on_wire(self):
        """{"esp_carried", "esp_lost", "ike_carried", "ike_lost"}: packets so far, of both directions."""
        listing = json.loads(run(*self.command("wire", "nft", "--json", "list", "counters")))
        return {entry["counter"]["name"]: entry["counter"]["packets"]
                for entry in listing["nftables"] if "counter" in entry}

    def _wire_gateways(self):
        self.add_namespace("wire", speaks=False)
        for letter in "ab":
            self.cable((f"gateway-{letter}", "wan0"), ("wire", f"to-{letter}"))
        rules = self.work / "wire.nft"
        rules.write_text(RULES.format(thousandths=self._thousandths))
        run(*self.command("wire", "nft", "--file", rules))
        if set(self.on_wire().values()) != {0}:
            raise Failure("the wire does not count")
