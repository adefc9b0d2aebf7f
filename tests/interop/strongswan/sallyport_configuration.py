#!/usr/bin/python3
"""Translates peer.sh's variables, from the environment, to a configuration of Sallyport on standard output.

Beside them it reads DIR (the instance's directory), INSTANCE (its name), LINK and LINK_ADDRESSES (the
interface and what the kernel had on it), LINK_TWO and LINK_TWO_ADDRESSES (another one, or empty), NEXT_HOP
(empty: the peer is on the link). A variable that cannot be honoured is an error.
"""

import ipaddress
import json
import math
import os
import re
import sys

GCM_CCM = {f"aes{bits}{mode}{tag}": f"aes{bits}-{mode}{tag}"
           for bits in (128, 192, 256) for mode in ("gcm", "ccm") for tag in (8, 12, 16)}
CIPHERS = {**GCM_CCM, "chacha20poly1305": "chacha20-poly1305", "3des": "3des-cbc", "null": "null",
           **{f"aes{bits}": f"aes{bits}-cbc" for bits in (128, 192, 256)},
           **{f"aes{bits}ctr": f"aes{bits}-ctr" for bits in (128, 192, 256)},
           **{f"aes{bits}gmac": f"aes{bits}-gmac" for bits in (128, 192, 256)},
           **{f"camellia{bits}": f"camellia{bits}-cbc" for bits in (128, 192, 256)}}
INTEGRITIES = {"md5": "hmac-md5-96", "sha1": "hmac-sha1-96", "sha256": "hmac-sha256-128",
               "sha384": "hmac-sha384-192", "sha512": "hmac-sha512-256",
               "aesxcbc": "aes-xcbc-96", "aescmac": "aes-cmac-96"}
PRFS = {"prfmd5": "prf-hmac-md5", "prfsha1": "prf-hmac-sha1", "prfsha256": "prf-hmac-sha256",
        "prfsha384": "prf-hmac-sha384", "prfsha512": "prf-hmac-sha512",
        "prfaesxcbc": "prf-aes-xcbc", "prfaescmac": "prf-aes-cmac"}
MODP = ("768", "1024", "1536", "2048", "3072", "4096", "6144", "8192", "1024s160", "2048s224", "2048s256")
GROUPS = {**{f"modp{size}": f"modp{size}" for size in MODP},
          **{f"ecp{size}": f"ecp{size}" for size in (256, 384, 521)},
          **{f"ecp{size}bp": f"brainpool{size}" for size in (224, 256, 384, 512)},
          "curve25519": "curve25519", "x25519": "curve25519", "curve448": "curve448", "x448": "curve448"}
# What [crypto] allow must name, docs/configuration.md. Without NO_CONSENT it is all given.
CONSENT = {"null", "3des-cbc", "camellia128-cbc", "camellia192-cbc", "camellia256-cbc", "hmac-md5-96", "prf-hmac-md5",
           "modp768", "modp1024", "modp1536", "modp1024s160", "modp2048s224", "modp2048s256"}
# Of peer.sh, with no counterpart here: what they may be without anything being lost.
ONLY = {"AH": [""], "MODE": ["tunnel"], "TFC": [""], "PPK_ID": [""], "IKE_REAUTH": ["0"], "START": ["none"],
        "CONN_EXTRA": [""], "CHILD_EXTRA": ["", "rand_time = 0", "rand_time = 0\nlife_time = 30s"], "CHARON_EXTRA": [""], "FWMARK": [""],
        "REVOCATION": ["", "strict", "ifuri", "relaxed"], "RAW_ESP": ["no"], "CHILDLESS": ["allow", "never", "force"]}


def fail(text):
    sys.exit(f"sallyport-peer: {text}")


def setting(name, default=None):
    value = os.environ.get(name, default)
    if value is None:
        fail(f"{name} is not set")
    return value


def quoted(value):
    return json.dumps(value, ensure_ascii=False)


def seconds(text):
    """Of strongSwan's "3s", "1.0", "10m": whole seconds, rounded up."""
    number, unit = re.fullmatch(r"([0-9.]+)([smhd]?)", text).groups()
    return math.ceil(float(number) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[unit])


class Algorithms:
    """Proposals in strongSwan's words, "aes128-sha256-modp2048,..."; keeps what needs consent."""

    def __init__(self):
        self.consent = set()

    def parts(self, proposal):
        found = {"cipher": [], "integrity": [], "prf": [], "group": [], "esn": []}
        kinds = {"cipher": CIPHERS, "integrity": INTEGRITIES, "prf": PRFS, "group": GROUPS,
                 "esn": {"esn": "esn", "noesn": ""}}
        for word in proposal.strip().split("-"):
            kind = next((kind for kind, names in kinds.items() if word in names), None)
            if kind is None:
                fail(f"no counterpart of the algorithm {word} in {proposal}")
            found[kind].append(kinds[kind][word])
        self.consent |= CONSENT & {name for kind in found for name in found[kind]}
        return found

    def ike(self, text):
        proposals = []
        for proposal in text.split(","):
            found = self.parts(proposal)
            if "hmac-md5-96" in found["integrity"] and not found["prf"]:
                self.consent.add("prf-hmac-md5")  # its integrity names it
            joined = found["cipher"] + found["integrity"] + found["prf"] + found["group"]
            proposals.append("+".join(joined))
        return proposals

    def esp(self, text):
        """(transforms, groups, ESN)"""
        transforms, groups, esn = [], [], False
        for proposal in text.split(","):
            found = self.parts(proposal)
            for cipher in found["cipher"]:
                transforms += [f"{cipher}+{integrity}" for integrity in found["integrity"]] or [cipher]
            groups += [group for group in found["group"] if group not in groups]
            esn = esn or "esn" in found["esn"]
        return transforms, groups, esn


def table(kind, /, **fields):
    """One of an array of tables; None is left out, str is quoted, Raw is not."""
    lines = ["", kind if kind.startswith("[") else f"[[{kind}]]"]
    for key, value in fields.items():
        if value is not None:
            lines.append(f"{key} = {value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines)


class Raw(str):
    """TOML as it is."""


def family(prefix):
    return ipaddress.ip_network(prefix.split("-")[0], strict=False).version


def selectors(local, remote):
    """(version, addresses of both sides) for each family that both have: a policy is of one."""
    sets = []
    for version in (4, 6):
        mine, its = ([prefix for prefix in side if family(prefix) == version] for side in (local, remote))
        if mine and its:
            sets.append((version, {"local": mine, "remote": its}))
    if not sets:
        fail(f"{local} and {remote} have no family in common")
    return sets


def inline(fields):
    return Raw("{ " + ", ".join(f"{key} = {value if isinstance(value, Raw) else json.dumps(value)}"
                                for key, value in fields.items()) + " }")


def policies(name, local, remote, esp, algorithms):
    """One, or two where traffic of both families is wanted: the second has -v6 behind its name."""
    transforms, groups, esn = algorithms.esp(esp)
    protect = {"peer": "lab", "proposals": transforms, "esn": esn}
    if groups:
        protect["pfs"] = groups
    rekey = setting("CHILD_REKEY", "0")
    soft = {}
    if seconds(rekey):
        soft["time"] = f"{seconds(rekey)}s"
        protect["hard"] = inline({"time": f"{seconds(rekey) + 30}s"})
    if setting("REKEY_BYTES", ""):
        soft["bytes"] = f"{setting('REKEY_BYTES')}B"
    if soft:
        protect["soft"] = inline(soft)
    dynamic = setting("REMOTE_TS") == "dynamic"
    sets = selectors(local, remote)
    for version, addresses in sets:
        own_name = name if version == 4 or len(sets) == 1 else f"{name}-v6"
        yield table("policy", name=own_name, **addresses, pfp=["remote"] if dynamic else None, action="protect",
                    protect=inline(protect))


def traffic(text, pools):
    """Prefixes of a list of traffic selectors; of "dynamic" those that a pool could give."""
    prefixes = []
    for one in text.split(","):
        prefixes += pools if one == "dynamic" else [one]
    if not prefixes:
        fail("dynamic traffic selectors need VIPS or POOLS")
    return prefixes


def extra_children(algorithms):
    """Sections of EXTRA_CHILDREN: name { key = value ... }."""
    for name, body in re.findall(r"([\w-]+)\s*\{(.*?)\}", setting("EXTRA_CHILDREN", ""), re.S):
        fields = dict(re.findall(r"(\w+)\s*=\s*(\S+)", body))
        unknown = set(fields) - {"esp_proposals", "mode", "local_ts", "remote_ts"}
        if unknown or fields.get("mode", "tunnel") != "tunnel":
            fail(f"child {name}: cannot honour {', '.join(unknown) or 'its mode'}")
        yield from policies(name, fields["local_ts"].split(","), fields["remote_ts"].split(","),
                            fields.get("esp_proposals", setting("ESP")), algorithms)


def eap(directory):
    """The same where who begins is authenticated by EAP, and who answers by certificate."""
    user, password = setting("EAP_ID"), inline({"text": setting("EAP_PASSWORD")})
    if setting("ROLE") == "init":
        authority = table("authority", name="lab", certificates=[f"{directory}/ca.crt.pem", f"{directory}/eca.crt.pem"])
        return {"local_id": user, "auth": inline({"authorities": ["lab"], "extended_key_usage": "ignored"}),
                "local_auth": inline({"eap": inline({"user": user, "password": password})})}, [authority]
    certificate = setting("CERT")
    return {"identities": [user], "auth": inline({"eap": "lab"}), "local_auth": inline({"credential": "own"})}, [
        table("credential", name="own", key=inline({"file": f"{directory}/{certificate}.key.pem"}),
              certificates=[f"{directory}/{certificate}.crt.pem"]),
        table("aaa", name="lab", users=Raw("[" + inline({"name": user, "password": password}) + "]"))]


def authentication():
    """(fields of the peer, other tables)"""
    method, directory = setting("AUTH"), setting("DIR")
    if method == "psk":
        return {"psk": inline({"text": setting("PSK")})}, []
    if method == "eap-mschapv2":
        return eap(directory)
    if method != "pubkey":
        fail(f"AUTH={method} is not in this version")
    certificate, how = setting("CERT"), setting("SIGAUTH")
    chain = [f"{directory}/{certificate}.crt.pem"]
    if certificate.endswith(("-sub", "-chain")):
        chain.append(f"{directory}/sub.crt.pem")
    local = {"credential": "own"}
    if how.startswith("rsa/pss"):
        pass
    elif how == "legacy":
        local["legacy"] = True
    elif "-ecdsa" in certificate or "-ed25519" in certificate:
        if how != "pubkey":
            fail(f"SIGAUTH={how} with {certificate}")
    else:
        local["pkcs1"] = True  # what strongSwan does unless told
    strict = setting("REVOCATION", "") == "strict"
    tables = [
        table("authority", name="lab", certificates=[f"{directory}/ca.crt.pem", f"{directory}/eca.crt.pem"],
              revocation_lists=[f"{directory}/lab.crl.pem"] if setting("REVOCATION", "") else None),
        table("credential", name="own", key=inline({"file": f"{directory}/{certificate}.key.pem"}),
              certificates=chain)]
    # The laboratory's certificates are marked for TLS.
    auth = {"authorities": ["lab"], "revocation": "required" if strict else "if-known", "extended_key_usage": "ignored"}
    return {"auth": inline(auth), "local_auth": inline({k: Raw(str(v).lower()) if v is True else v
                                                        for k, v in local.items()})}, tables


def retransmission():
    first, tries = float(setting("RETRANSMIT_TIMEOUT")), int(setting("RETRANSMIT_TRIES"))
    patience = sum(first * 1.4**turn for turn in range(tries + 1))  # strongSwan's, with its base of 1.4
    initial = max(1, round(first))
    give_up = max(initial + 1, math.ceil(patience))
    return inline({"initial": f"{initial}s", "cap": f"{min(initial * 4, give_up)}s", "give_up": f"{give_up}s"})


def words(name, known):
    value = setting(name)
    if value not in known:
        fail(f"cannot honour {name}={value}")
    return known[value]


def peer(algorithms, remote_prefixes, pools):
    yes_no = {"yes": True, "no": False}
    remote, local = (setting(name) for name in ("REMOTE_ADDR", "LOCAL_ADDR"))
    identity, tables = authentication()
    lifetime = {}
    if seconds(setting("IKE_REKEY", "0")):
        lifetime = {"lifetime": f"{seconds(setting('IKE_REKEY')) + 10}s", "rekey_margin": "10s"}
    families = [{"0.0.0.0": "v4", "::": "v6"}.get(one) for one in setting("VIPS", "").split(",") if one]
    if None in families:
        fail(f"cannot honour VIPS={setting('VIPS')}")
    fields = dict(
        name="lab",
        remote=None if remote == "%any" else remote,
        local=None if local == "%any" else local,
        identities=["any" if setting("REMOTE_ID") == "%any" else setting("REMOTE_ID")],
        local_id=setting("LOCAL_ID"),
        proposals=algorithms.ike(setting("IKE")),
        may_claim=None if pools else remote_prefixes,
        pools=pools or None,
        request_addresses=families or None,
        mobility=words("MOBIKE", {"yes": "mobike", "no": "none"}), fragmentation=words("FRAG", {**yes_no, "force": True, "accept": True}),
        fragment_bytes=int(setting("FRAGMENT_SIZE")), childless=setting("CHILDLESS") != "never",
        nat_traversal=words("ENCAP", {"yes": "force", "no": "detect"}),
        replace_older=words("UNIQUE", {"no": True, "replace": True, "never": False}),
        liveness=f"{seconds(setting('DPD'))}s", **lifetime)
    return tables + [table("peer", **(fields | identity))]


def ports():
    """The link to the peer, and a tap to the kernel of this namespace, which is the protected host."""
    role = setting("ROLE")
    side = "A" if role == "init" else "B"
    inner = [f"{ipaddress.ip_network(setting(f'NET_{side}{version}'))[-2]}/"
             f"{ipaddress.ip_network(setting(f'NET_{side}{version}')).prefixlen}" for version in (4, 6)]
    links = [table("port", name=f"link{number or ''}", side="unprotected",
                   device=f"net_af_packet{number},iface={interface},framesz=4096", addresses=addresses.split())
             for number, (interface, addresses) in enumerate(
                 [(setting("LINK"), setting("LINK_ADDRESSES"))]
                 + [(setting("LINK_TWO", ""), setting("LINK_TWO_ADDRESSES", ""))] * bool(setting("LINK_TWO", "")))]
    return links + [table("port", name="host", side="protected", device="net_tap0,iface=host0", addresses=inner)]


def main():
    for name, accepted in ONLY.items():
        if setting(name, accepted[0]) not in accepted:
            fail(f"cannot honour {name}={setting(name)}")
    directory, algorithms = setting("DIR"), Algorithms()
    asks, gives = setting("VIPS", ""), [name for name in setting("POOLS", "").split(",") if name]
    pools = {"pool4": setting("POOL4"), "pool6": setting("POOL6")}
    if set(gives) - set(pools):
        fail(f"cannot honour POOLS={setting('POOLS')}")
    local = traffic(setting("LOCAL_TS"), list(pools.values()) if asks else [])
    remote = traffic(setting("REMOTE_TS"), [pools[name] for name in gives])
    tables = ports()
    # What a tunnel's packets are looked up by once they are in it, and where the peer is.
    for version, everything in ((4, "0.0.0.0/0"), (6, "::/0")):
        next_hop = setting("NEXT_HOP") if version == 4 else ""
        tables.append(table("route", to=everything, **({"via": next_hop} if next_hop else {"port": "link"})))
    if asks:
        tables += [table("route", to=pool, port="host") for pool in pools.values()]
    tables += [table("pool", name=name, addresses=pools[name],
                     dns=["192.0.2.53" if name == "pool4" else "2001:db8:0:1::53"]) for name in gives]
    tables += peer(algorithms, remote + re.findall(r"remote_ts\s*=\s*(\S+)", setting("EXTRA_CHILDREN", "")), gives)
    tables += policies("net", local, remote, setting("ESP"), algorithms)
    tables += extra_children(algorithms)

    consent = sorted(algorithms.consent) if setting("NO_CONSENT", "") == "" else []
    print(f"# {setting('NAME')}: {setting('AUTH')} {setting('ROLE')}, by sallyport-peer.sh")
    print(table("[instance]", name=setting("INSTANCE"), run_directory=f"{directory}/run",
                state_directory=f"{directory}/state", inline_secrets=True).lstrip())
    print(table("[limits]", sas=256, flows=4096, mbufs=4096))
    print(table("[dataplane]", workers=1, idle="sleep", hugepages="no"))
    print(table("[audit]", target="file", file=f"{directory}/audit.jsonl"))
    if consent:
        print(table("[crypto]", allow=consent))
    threshold, block = int(setting("COOKIE_THRESHOLD")), int(setting("BLOCK_THRESHOLD"))
    print(table("[ike]", cookie_threshold=threshold, half_open_per_source=block or 1000, retransmit=retransmission()))
    print("\n".join(tables))


main()
