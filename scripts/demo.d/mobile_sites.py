"""The machines of the mobile node's demo: a mobile node with its home agent, two correspondents and two visited links, all
in namespaces on this machine."""

import os
import re
from enum import Enum

import correspondent
from air import Router
from two_sites import ROOT, Namespaces, make_certificates, run

PICTURE = """
  correspondents --- internet ==== %d ms ==== home agent ---- home link 2001:db8:1::/64
  2001:db8:9::9      |      |               2001:db8:1::1           :
  2001:db8:d::d  link B   link C                                    :
          2001:db8:b::/64  2001:db8:c::/64 ........ mobile node, 2001:db8:1::10
"""
HOME, HOME_AGENT, CORRESPONDENT = "2001:db8:1::10", "2001:db8:1::1", "2001:db8:9::9"
ROUTERS = {"b": Router("fe80::b", "2001:db8:b::/64"), "c": Router("fe80::c", "2001:db8:c::/64")}
AT_HOME = f"""
[[policy]]
name = "at-home"
local = "{HOME}/128"
remote = "::/0"
action = "bypass"
"""


class Keys(Enum):
    """Where the SAs come from, and what becomes of IKE at a move (RFC 4877 7.4)."""

    CONFIGURED = "configured"
    IKE_MOVES = "negotiated by IKE, whose own SA follows the node (K = 1)"
    IKE_ANEW = "negotiated by IKE, anew from each place (K = 0)"

    @property
    def example(self):
        return "mobile-static" if self is Keys.CONFIGURED else "mobile-ike"


class MobileSites(Namespaces):
    """Use in a `with`."""

    def __init__(self, keys):
        super().__init__("mobile")
        self.keys = keys
        self.gateways = {}
        self.router_of_correspondent = None  # its MAC address, towards correspondent.Correspondent

    def build(self):
        for name in ("node", "home-agent", "air"):
            self.add_namespace(name, speaks=False)
        for name in ("internet", "correspondent"):
            self.add_namespace(name)
        for one, link, other, end in (("node", "wlan0", "air", "cell"), ("node", "eth0", "air", "nowhere"),
                                      ("home-agent", "home0", "air", "at-home"), ("home-agent", "wan0", "air", "line-a"),
                                      ("internet", "rf", "air", "line-b"), ("internet", "rb", "air", "at-b"),
                                      ("internet", "rc", "air", "at-c"), ("internet", "rd", "air", "at-d"),
                                      ("internet", "rx", "correspondent", "eth0")):
            self.cable((one, link), (other, end))
        self._route()
        self._configure()

    def _route(self):
        internet = self.namespace("internet")
        run("ip", "netns", "exec", internet, "sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=1")
        for link, address in (("rf", "2001:db8:f::ff/64"), ("rx", "2001:db8:9::1/64"), ("rb", "2001:db8:b::1/64"),
                              ("rc", "2001:db8:c::1/64"), ("rb", "fe80::b/64"), ("rc", "fe80::c/64"),
                              ("rd", "2001:db8:d::1/64")):
            run("ip", "-n", internet, "address", "add", address, "dev", link)
        run("ip", "-n", internet, "route", "add", "2001:db8:1::/64", "via", "2001:db8:f::1")
        run("ip", "-n", internet, "neighbour", "add", correspondent.ADDRESS, "lladdr", correspondent.MAC.hex(":"),
            "dev", "rd", "nud", "permanent")
        far = self.namespace("correspondent")
        run("ip", "-n", far, "address", "add", f"{CORRESPONDENT}/64", "dev", "eth0")
        run("ip", "-n", far, "route", "add", "default", "via", "2001:db8:9::1")
        for name, router in ROUTERS.items():
            router.mac = self._mac_in_internet(f"r{name}")
        self.router_of_correspondent = self._mac_in_internet("rd")

    def _mac_in_internet(self, link):
        text = run("ip", "-n", self.namespace("internet"), "-o", "link", "show", "dev", link)
        return bytes.fromhex(re.search(r"link/ether ([0-9a-f:]+)", text)[1].replace(":", ""))

    def _configure(self):
        keys = self.work / "keys"
        keys.mkdir(mode=0o700)
        texts = {name: (ROOT / f"examples/{self.keys.example}-{name}.toml").read_text()
                 for name in ("home-agent", "mobile-node")}
        for octets, key in re.findall(r"^# key: (\d+) octets in keys/(\S+)$", texts["home-agent"], re.MULTILINE):
            with open(os.open(keys / key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(os.urandom(int(octets)).hex())
        if self.keys is not Keys.CONFIGURED:
            make_certificates(self.work, {"ha": "ha.example.org", "carol": "carol@example.org"})
        texts["mobile-node"] = texts["mobile-node"].replace(
            "\n[mobile_node]\n", '\n[mobile_node]\naddress_check = "optimistic"\n') + AT_HOME
        for name, text in texts.items():
            own = f'[instance]\nfile_prefix = "{self.prefix}-{name}"\n' + "".join(
                f'{kind}_directory = "{self.work}/{kind}-{name}"\n' for kind in ("run", "state"))
            text = text.replace("[instance]\n", own, 1).replace('["tcp", "udp"]', '["tcp", "udp", "icmpv6"]')
            if self.keys is Keys.IKE_ANEW:  # nothing moves IKE SAs
                text = text.replace("[[peer]]\n", '[[peer]]\nmobility = "none"\n')
            (self.work / f"{name}.toml").write_text(text)

    def start_gateways(self, build):
        for name, namespace in (("home-agent", "home-agent"), ("mobile-node", "node")):
            self.gateways[name] = self.start_gateway(name, namespace, build, self.work / f"{name}.toml",
                                                     self.work / f"run-{name}" / "control.sock")
        node = self.namespace("node")
        run("ip", "netns", "exec", node, "sysctl", "-q", "-w", "net.ipv6.conf.apps0.disable_ipv6=0")
        run("ip", "-n", node, "address", "add", f"{HOME}/128", "dev", "apps0", "nodad")
        run("ip", "-n", node, "link", "set", "apps0", "up")
        run("ip", "-n", node, "-6", "route", "add", "default", "dev", "apps0")
