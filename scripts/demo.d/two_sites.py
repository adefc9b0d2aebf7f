"""Two hosts and two gateways in network namespaces of their own, wired with veth pairs:

    host a -- lan0 [gateway a] wan0 ---- wan0 [gateway b] lan0 -- host b

The gateways run examples/two-gateways-{a,b}.toml under fresh random keys, or examples/negotiated-gateways-{a,b}.toml
with fresh certificates.
"""

import contextlib
import ctypes
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HUGEPAGES = Path("/proc/sys/vm/nr_hugepages")
HUGEPAGE_BYTES = 2 << 20
GATEWAY_BYTES = 512 << 20  # what the examples' limits need, with room
CLONE_NEWNET = 0x40000000
HOST = {"a": {4: "10.1.0.2", 6: "2001:db8:1::2"}, "b": {4: "10.2.0.2", 6: "2001:db8:2::2"}}
ROUTER = {"a": {4: "10.1.0.1", 6: "2001:db8:1::1"}, "b": {4: "10.2.0.1", 6: "2001:db8:2::1"}}
LENGTH = {4: 24, 6: 64}


class Failure(Exception):
    """What went wrong, in words for whoever started the script."""


def run(*words):
    finished = subprocess.run(words, capture_output=True, text=True)
    if finished.returncode:
        raise Failure(f"{' '.join(map(str, words))}: {(finished.stderr or finished.stdout).strip()}")
    return finished.stdout


def eventually(seconds, condition, pause=0.05):
    """The first true answer of condition(), or its last one when the time is over."""
    end = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < end:
        time.sleep(pause)
    return answer


class Gateway:
    """A running daemon and its control socket."""

    def __init__(self, name, process, log, socket_path):
        self.name, self.process, self.log, self.socket_path = name, process, log, socket_path

    def ask(self, command, **arguments):
        """The rows of the answer. Raises Failure where it refuses, OSError where it does not answer."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(20)
            control.connect(str(self.socket_path))
            control.sendall(json.dumps({"v": 1, "id": 1, "do": command, "args": arguments}).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
        if "error" in answer:
            raise Failure(f"gateway {self.name}: {command}: {answer['error']['what']}")
        return answer["ok"].get("rows", [])

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"gateway {self.name} does not start:\n{self.log.read_text()}")
        with contextlib.suppress(OSError, ValueError):
            return bool(self.ask("show.ports"))
        return False

    def packets_sealed(self):
        return self._packets("outbound")

    def packets_opened(self):
        return self._packets("inbound")

    def _packets(self, direction):
        return sum(sa["packets"] for sa in self.ask("show.sas") if sa["direction"] == direction)

    def balance(self):
        return self.ask("show.account")[0]["balance"]

    def sa_counts(self):
        """How many (IKE SAs, children, SAs of one direction) there are."""
        return tuple(len(self.ask(command)) for command in ("show.ike-sas", "show.child-sas", "show.sas"))

    def packets_on_wire(self):
        """(packets, octets) of both directions at the unprotected side."""
        ports = [port for port in self.ask("show.ports") if port["side"] == "unprotected"]
        return tuple(sum(port[f"received_{unit}"] + port[f"sent_{unit}"] for port in ports) for unit in ("packets", "bytes"))


def sweep(name):
    """Takes away what a run left that was killed: what carries our name and the number of no process."""
    def abandoned(entry):
        number = re.match(rf"{name}-(\d+)-", entry)
        return number and not Path("/proc", number[1]).exists()

    for namespace in filter(abandoned, os.listdir("/run/netns") if Path("/run/netns").exists() else []):
        subprocess.run(["ip", "netns", "delete", namespace])
    for folder in map(Path("/tmp").joinpath, filter(abandoned, os.listdir("/tmp"))):
        if folder.lstat().st_uid == os.geteuid():
            remove_folder(folder)


def reserve_hugepages(work, octets):
    """As many more, if they can be had; they go with the folder. What was granted, in octets."""
    before = int(HUGEPAGES.read_text())
    HUGEPAGES.write_text(str(before + octets // HUGEPAGE_BYTES))
    granted = int(HUGEPAGES.read_text()) - before
    (work / "hugepages").write_text(str(granted))
    return granted * HUGEPAGE_BYTES


def remove_folder(work):
    """With it go the hugepages that its run reserved."""
    with contextlib.suppress(OSError, ValueError):
        reserved = int((work / "hugepages").read_text())
        HUGEPAGES.write_text(str(max(0, int(HUGEPAGES.read_text()) - reserved)))
    shutil.rmtree(work, ignore_errors=True)


def make_certificates(work, names):
    """An authority, and for each of {file: its name} a key and a certificate, where the examples look for them."""
    folder = work / "certificates"
    folder.mkdir()
    root_key = work / "root.key"
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
    run("openssl", "req", "-x509", *new_key, "-days", "2", "-subj", "/O=Sallyport demo/CN=Root",
        "-keyout", root_key, "-out", folder / "root.pem")
    for file, name in names.items():
        key, request = work / f"keys/{file}.key", work / f"{file}.csr"
        run("openssl", "req", "-new", *new_key, "-subj", f"/O=Sallyport demo/CN={name}",
            "-addext", f"subjectAltName={'email' if '@' in name else 'DNS'}:{name}", "-keyout", key, "-out", request)
        key.chmod(0o600)
        run("openssl", "x509", "-req", "-in", request, "-CA", folder / "root.pem", "-CAkey", root_key, "-days", "2",
            "-copy_extensions", "copy", "-out", folder / f"{file}.pem")


class Namespaces:
    """Use in a `with`: however it is left, no process, namespace or file of it stays. build() makes what there is."""

    def __init__(self, name):
        sweep(f"sallyport-{name}")
        self.prefix = f"sallyport-{name}-{os.getpid()}"
        self.work = Path(tempfile.mkdtemp(prefix=f"{self.prefix}-", dir="/tmp"))  # mode 0700
        self._processes, self._namespaces = [], []

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for namespace in self._namespaces:
            subprocess.run(["ip", "netns", "delete", namespace])
        remove_folder(self.work)

    def namespace(self, name):
        return f"{self.prefix}-{name}"

    def command(self, name, *words):
        """words, run in a namespace, ended with this script whatever ends it."""
        return ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.namespace(name), *map(str, words)]

    def start(self, name, *words, log, environment=None):
        with open(self.work / log, "w") as output:
            process = subprocess.Popen(self.command(name, *words), stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, env=environment)
        self._processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self, name):
        """Sockets made by this thread belong to the namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.namespace(name)}") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter {name}")
            try:
                yield
            finally:
                libc.setns(home.fileno(), CLONE_NEWNET)

    def start_gateway(self, name, namespace, build, configuration, socket_path, **environment):
        """A daemon of a build tree, with these variables besides, once it answers."""
        daemon = build / "sallyport"
        if not daemon.exists():
            raise Failure(f"{daemon} is not built: scripts/setup builds it")
        environment = dict(os.environ, RUNTIME_DIRECTORY=self.work, **environment)  # EAL leaves its files there
        log = self.work / f"gateway-{name}.log"
        process = self.start(namespace, daemon, "--config", configuration, log=log.name, environment=environment)
        gateway = Gateway(name, process, log, socket_path)
        if not eventually(60, gateway.answers):
            raise Failure(f"gateway {name} does not answer:\n{log.read_text()}")
        return gateway

    def add_namespace(self, name, speaks=True):
        namespace = self.namespace(name)
        run("ip", "netns", "add", namespace)
        self._namespaces.append(namespace)
        # The kernel of a gateway's namespace only lends the links; a host asks for no router and has its address at once.
        quiet = ["accept_dad=0", "router_solicitations=0"] if speaks else ["disable_ipv6=1"]
        for setting in quiet:
            for which in ("all", "default"):
                run("ip", "netns", "exec", namespace, "sysctl", "-q", "-w", f"net.ipv6.conf.{which}.{setting}")
        run("ip", "-n", namespace, "link", "set", "lo", "up")

    def cable(self, *ends):
        (left, left_link), (right, right_link) = ends
        run("ip", "link", "add", left_link, "netns", self.namespace(left), "type", "veth",
            "peer", "name", right_link, "netns", self.namespace(right))
        for name, link in ends:
            # Whole packets with real checksums, as a network card sends them.
            run("ip", "netns", "exec", self.namespace(name), "ethtool", "-K", link,
                "tx", "off", "rx", "off", "gso", "off", "tso", "off", "gro", "off")
            run("ip", "-n", self.namespace(name), "link", "set", link, "up")


class TwoSites(Namespaces):
    """Two hosts, each behind a gateway."""

    def __init__(self, name, example="two-gateways"):
        super().__init__(name)
        self.example = example
        self.gateways = {}

    def build(self):
        for letter in "ab":
            self.add_namespace(f"host-{letter}")
            self.add_namespace(f"gateway-{letter}", speaks=False)
            self.cable((f"host-{letter}", "eth0"), (f"gateway-{letter}", "lan0"))
            self._address(letter)
        self._wire_gateways()
        self._configure()

    def start_gateways(self, build, **environment):
        """Daemons of a build tree, with these variables besides; their answers are in self.gateways."""
        for letter in "ab":  # one after the other: each looks how many hugepages are left
            self.gateways[letter] = self.start_gateway(letter, f"gateway-{letter}", build,
                                                       self.work / f"{self.example}-{letter}.toml",
                                                       self.socket_path(letter), **environment)

    def socket_path(self, letter):
        return self.work / f"run-{letter}" / "control.sock"

    def reserve_hugepages(self):
        """As many as both gateways want, if they can be had; the gateways run without as well."""
        if os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < 4 * GATEWAY_BYTES:
            return
        with contextlib.suppress(OSError, ValueError):
            reserve_hugepages(self.work, 2 * GATEWAY_BYTES)

    def _wire_gateways(self):
        self.cable(("gateway-a", "wan0"), ("gateway-b", "wan0"))

    def _address(self, letter):
        namespace = self.namespace(f"host-{letter}")
        for family in (4, 6):
            run("ip", "-n", namespace, "address", "add", f"{HOST[letter][family]}/{LENGTH[family]}", "dev", "eth0")
            run("ip", "-n", namespace, f"-{family}", "route", "add", "default", "via", ROUTER[letter][family])

    def _configure(self):
        keys = self.work / "keys"
        keys.mkdir(mode=0o700)
        if self.example == "negotiated-gateways":
            make_certificates(self.work, {letter: f"{letter}.example.org" for letter in "ab"})
        for key in ("a-to-b", "b-to-a"):
            with open(os.open(keys / key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(20))  # 16 octets of key, 4 of salt
        for letter in "ab":
            text = (ROOT / f"examples/{self.example}-{letter}.toml").read_text()
            own = f'[instance]\nfile_prefix = "{self.prefix}-{letter}"\n' + "".join(
                f'{kind}_directory = "{self.work}/{kind}-{letter}"\n' for kind in ("run", "state"))
            if os.cpu_count() < 2:
                text = text.replace("cores = [1]", "cores = [0]")
            (self.work / f"{self.example}-{letter}.toml").write_text(text.replace("[instance]\n", own, 1))
