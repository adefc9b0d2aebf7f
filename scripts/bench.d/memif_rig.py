"""One Sallyport gateway or two with net_memif ports, for programs that send through them (scripts/bench-testpmd,
scripts/bench-rfc2544):

    sender --memif--> lan [gateway a] wan --memif--> receiver
    sender --memif--> lan [gateway a] wan --memif--> wan [gateway b] lan --memif--> receiver

Gateway a encrypts, gateway b decrypts. Needs a built tree and no privileges beyond DPDK's own.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts/demo.d"))
from two_sites import Failure, Gateway, eventually, remove_folder, sweep  # noqa: E402

NAME = "sallyport-bench"  # of folders, before the number of the process
RING = 14  # 2^14 descriptors: longer than the time slices of what shares a core
MAC = {"generator": "02:00:00:00:00:01", "lan-a": "02:00:00:00:00:0a", "wan-a": "02:00:00:00:00:0b",
       "wan-b": "02:00:00:00:00:0c", "lan-b": "02:00:00:00:00:0d", "sink": "02:00:00:00:00:02"}
NUMBER = {"a": 1, "b": 2}
KEY_OCTETS = {"aes128-gcm16": 20, "aes256-gcm16": 36, "chacha20-poly1305": 36}  # with the salt
PAIR = [("a", "out"), ("b", "in")]


def memif(role, number, socket_path):
    return f"net_memif{number},id=0,role={role},socket={socket_path},socket-abstract=no,rsize={RING}"


def new_folder():
    return Path(tempfile.mkdtemp(prefix=f"{NAME}-{os.getpid()}-", dir="/tmp"))


@contextlib.contextmanager
def work_folder():
    folder = new_folder()
    try:
        yield folder
    finally:
        remove_folder(folder)


def build(name):
    """The program of the optimised tree."""
    program = Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build/release")) / name
    if not program.exists():
        raise Failure(f"{program} is not built: scripts/setup builds it")
    return program


def launch(words, log, folder, stdin=subprocess.DEVNULL):
    """A process that ends with this one; what EAL leaves goes into `folder`."""
    with open(log, "w") as output:
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, words)], stdin=stdin, stdout=output,
                                stderr=subprocess.STDOUT, env=dict(os.environ, RUNTIME_DIRECTORY=str(folder)))


class Rig:
    """Use in a `with`: every process started ends with it."""

    def __init__(self, options):
        self.options = options
        sweep(NAME)
        self.work = new_folder()
        self.processes, self.gateways = [], {}
        self.last = "a" if options.gateways == 1 else "b"

    def __enter__(self):
        try:
            (self.work / "key").touch(mode=0o600)
            (self.work / "key").write_text(secrets.token_hex(KEY_OCTETS[self.options.algorithm]))
            for letter in ("a", "b")[: self.options.gateways]:
                self.start_gateway(letter)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            stop(process)
        remove_folder(self.work)

    def socket(self, name):
        return self.work / f"{name}.sock"

    def configuration(self, letter):
        """Site A is 10.1.0.0/16, site B 10.2.0.0/16; the wire between the gateways is 192.0.2.0/24. The policies take
        any source in 10.0.0.0/8: testpmd makes its flows by sources near the destination."""
        mine, theirs = NUMBER[letter], 3 - NUMBER[letter]
        wire_role = "client" if letter == "b" else "server"
        direction = dict(PAIR)[letter]
        peer = MAC["wan-b" if letter == "a" and self.options.gateways == 2 else "sink" if letter == "a" else "wan-a"]
        host = MAC["generator" if letter == "a" else "sink"]
        core = self.options.cores[mine - 1]
        return f"""
[instance]
name = "{letter}"
file_prefix = "{self.work.name}-{letter}"
run_directory = "{self.work}/run-{letter}"
state_directory = "{self.work}/state-{letter}"
[limits]
mbufs = 131072
flows = 65536
[dataplane]
cores = [{core}]
idle = "{self.options.idle}"
[[port]]
name = "lan"
device = "{memif('server', 0, self.socket(f'lan-{letter}'))}"
side = "protected"
mac = "{MAC[f'lan-{letter}']}"
addresses = ["10.{mine}.0.1/16"]
[[port]]
name = "wan"
device = "{memif(wire_role, 1, self.socket('wire'))}"
side = "unprotected"
mac = "{MAC[f'wan-{letter}']}"
addresses = ["192.0.2.{mine}/24"]
[[route]]
to = "10.{theirs}.0.0/16"
via = "192.0.2.{theirs}"
[[neighbour]]
address = "192.0.2.{theirs}"
mac = "{peer}"
port = "wan"
[[neighbour]]
address = "10.{mine}.0.2"
mac = "{host}"
port = "lan"
[[policy]]
name = "site"
local = "{'10.0.0.0/8' if letter == 'a' else '10.2.0.0/16'}"
remote = "{'10.2.0.0/16' if letter == 'a' else '10.0.0.0/8'}"
action = "protect"
protect = {{ endpoints = {{ local = "192.0.2.{mine}", remote = "192.0.2.{theirs}" }}, sas = ["site"] }}
[[sa]]
name = "site"
direction = "{direction}"
spi = 0x1001
transform = "{self.options.algorithm}"
unsafe_static_key = true
key = {{ file = "{self.work}/key" }}
"""

    def start_gateway(self, letter):
        file = self.work / f"{letter}.toml"
        file.write_text(self.configuration(letter))
        process = self.start(f"gateway-{letter}", build("sallyport"), "--config", file)
        gateway = Gateway(letter, process, self.log(f"gateway-{letter}"), self.work / f"run-{letter}/control.sock")
        if not eventually(60, gateway.answers):
            raise Failure(f"gateway {letter} does not answer:\n{gateway.log.read_text()}")
        self.gateways[letter] = gateway

    def log(self, name):
        return self.work / f"{name}.log"

    def start(self, name, *words, stdin=subprocess.DEVNULL):
        process = launch(words, self.log(name), self.work, stdin)
        self.processes.append(process)
        return process

    def entry(self):
        """The socket and the link address to send to."""
        return self.socket("lan-a"), MAC["lan-a"]

    def exit(self):
        """The socket to receive from."""
        return self.socket("wire" if self.options.gateways == 1 else "lan-b")


def stop(process):
    """testpmd ends at a line on its standard input and prints its counters; a gateway reads none."""
    if process.poll() is None and process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.write(b"\n")
            process.stdin.flush()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(3)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
    if process.poll() is None:
        process.kill()
        process.wait()


def port(gateway, name):
    return next(row for row in gateway.ask("show.ports") if row["name"] == name)


def add_options(parser):
    """What a Rig wants to know."""
    parser.add_argument("--algorithm", default="aes128-gcm16", choices=KEY_OCTETS)
    parser.add_argument("--gateways", type=int, choices=(1, 2), default=1)
    parser.add_argument("--cores", default="", help="of the workers (default: the last ones)")
    parser.add_argument("--generator-core", type=int, default=0)
    parser.add_argument("--idle", default="spin", choices=("spin", "yield", "sleep"))


def check_options(options, parser):
    last = os.cpu_count() - 1
    default = [last, max(0, last - 1)] if options.gateways == 2 else [last]
    options.cores = [int(core) for core in options.cores.split(",")] if options.cores else default
    if len(options.cores) < options.gateways:
        parser.error("a core for each gateway")


def run(program, main):
    """main() as a program: signals end it in order, failures are told."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        main()
    except Failure as failure:
        sys.exit(f"{program}: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
