"""What the gateways say of themselves, side by side."""


def say(text=""):
    print(text, flush=True)


def tell_gateways(a, b):
    account = {gateway: gateway.ask("show.account")[0] for gateway in (a, b)}
    peer = {a: b, b: a}

    def row(title, value, meaning=""):
        say(f"  {title:28} {value(a):>15,} {value(b):>12,}   {meaning}".rstrip())

    say("\nWhat the gateways counted            gateway a    gateway b")
    row("received", lambda gateway: account[gateway]["received"])
    row("sealed", lambda gateway: gateway.packets_sealed())
    row("opened", lambda gateway: gateway.packets_opened())
    row("sent", lambda gateway: account[gateway]["sent"])
    row("balance", lambda gateway: account[gateway]["balance"], "0: each packet was sent, dropped, consumed or punted")
    row("lost on the way to it", lambda gateway: peer[gateway].packets_sealed() - gateway.packets_opened(),
        "in queues of the kernel's links, or dropped below")
    _tell_drops(a, b)
    say("\nCrypto: " + a.ask("show.workers")[0]["crypto"] + "; " + _hugepages(a))


def _tell_drops(a, b):
    reasons = {}
    for gateway in (a, b):
        for row in gateway.ask("show.drops"):
            reasons.setdefault(row["reason"], {"meaning": row["meaning"]})[gateway.name] = row["packets"]
    say("  drops by reason" + ("" if reasons else f" {'none':>27} {'none':>12}"))
    for reason, row in sorted(reasons.items()):
        say(f"    {reason:26} {row.get('a', 0):>15,} {row.get('b', 0):>12,}   {row['meaning']}")


def _hugepages(gateway):
    return ("without" if "without hugepages" in gateway.log.read_text() else "with") + " hugepages"
