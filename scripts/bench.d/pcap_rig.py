"""The Sallyport daemon between a file of packets that it gets over and over (net_pcap) and net_null: a core's full load
without a generator. For scripts/bench-secgw and scripts/bench-workers.
"""

import contextlib
import random
import secrets
import struct
import time
from pathlib import Path

from memif_rig import NAME, Failure, Gateway, build, eventually, launch, new_folder, port
from two_sites import remove_folder, reserve_hugepages, sweep

FLOWS = 1024
FIRST_SPI = 4097
FIRST_INSIDE = (10 << 24) + (2 << 16) + 2  # 10.2.0.2: one host behind each SA
MAC = {"lan": "02:00:00:00:00:0a", "wan": "02:00:00:00:00:0b", "peer": "02:00:00:00:00:01"}


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def dotted(address):
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def frame(destination, source_port, size):
    udp = struct.pack("!4H", source_port, 9, size - 20, 0) + bytes(size - 28)
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, size, 0, 0, 64, 17, 0, (10 << 24) + (1 << 16) + 2, destination)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return octets(MAC["lan"]) + octets(MAC["peer"]) + b"\x08\x00" + ip + udp


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for octets_of_frame in frames:
            file.write(struct.pack("<IIII", 0, 0, len(octets_of_frame), len(octets_of_frame)) + octets_of_frame)


def readdressed(path, destination):
    """The frames of a capture, to another link address."""
    data, frames, place = path.read_bytes(), [], 24
    while place < len(data):
        length = struct.unpack_from("<I", data, place + 8)[0]
        frames.append(octets(destination) + octets(MAC["peer"]) + data[place + 28: place + 16 + length])
        place += 16 + length
    return frames


class Course:
    """One kind of packets. `folder` is the caller's, and empty; one worker on each of `cores`."""

    def __init__(self, options, folder, direction, size, sas, cores, spread=False):
        self.options, self.folder, self.direction, self.size, self.sas = options, folder, direction, size, sas
        self.cores, self.spread = cores, spread
        self.keys = [secrets.token_hex(20) for _ in range(sas)]
        for number, key in enumerate(self.keys):
            (folder / f"key-{number}").touch(mode=0o600)
            (folder / f"key-{number}").write_text(key)
        self.packets = folder / "packets.pcap"
        draw = random.Random(7)
        frames = [frame(FIRST_INSIDE + draw.randrange(sas), 1024 + number % FLOWS, size)
                  for number in range(max(FLOWS, min(2 * sas, 16384)))]
        write_pcap(self.packets, frames)
        if direction == "in":
            self.encrypt()

    def devices(self):
        """Of the port that packets come in by, with a queue for each worker, and of the other one."""
        queues = ",".join(f"rx_pcap={self.packets}" for _ in self.cores)
        return f"net_pcap0,{queues},infinite_rx=1", "net_null1,no-rx=1"

    def encrypt(self):
        """The packets become what a Sallyport gateway makes of them."""
        sealed = self.folder / "sealed.pcap"
        self.direction = "out"
        count = len(readdressed(self.packets, MAC["lan"]))
        with self.sallyport((f"net_pcap0,rx_pcap={self.packets}", f"net_pcap1,tx_pcap={sealed}")) as gateway:
            if not eventually(30, lambda: port(gateway, "wan")["sent_packets"] >= count):
                raise Failure(f"the packets are not sealed: {gateway.ask('show.drops')}")
        self.direction = "in"
        write_pcap(self.packets, readdressed(sealed, MAC["wan"]))

    def configuration(self, devices):
        entry, other = devices
        outbound = self.direction == "out"
        lan, wan = (entry, other) if outbound else (other, entry)
        mine, theirs = ("192.0.2.1", "192.0.2.2") if outbound else ("192.0.2.2", "192.0.2.1")
        here, there = (("10.1.0.0/16", "10.2.0.0/16") if outbound else ("10.2.0.0/16", "10.1.0.0/16"))
        inside = "10.1.0.1/16" if outbound else "10.2.255.254/16"
        text = f"""
[instance]
name = "bench"
file_prefix = "{self.folder.name}"
run_directory = "{self.folder}/run"
state_directory = "{self.folder}/state"
[limits]
mbufs = 65536
flows = 65536
sas = {max(1024, self.sas + 16)}
policies = {max(1024, self.sas + 16)}
[dataplane]
workers = {len(self.cores)}
cores = {self.cores}
idle = "spin"
[[port]]
name = "lan"
device = "{lan}"
side = "protected"
mac = "{MAC['lan']}"
addresses = ["{inside}"]
[[port]]
name = "wan"
device = "{wan}"
side = "unprotected"
mac = "{MAC['wan']}"
addresses = ["{mine}/24"]
[[route]]
to = "{there}"
via = "{theirs}"
[[neighbour]]
address = "{theirs}"
mac = "{MAC['peer']}"
port = "wan"
"""
        for number in range(self.sas):
            host = dotted(FIRST_INSIDE + number)
            local, remote = (here, host) if outbound else (host, there)
            text += f"""
[[policy]]
name = "p{number}"
local = "{local}"
remote = "{remote}"
action = "protect"
protect = {{ endpoints = {{ local = "{mine}", remote = "{theirs}" }}, replay_window = 0, esn = false, sas = ["s{number}"] }}
[[sa]]
name = "s{number}"
direction = "{self.direction}"
{'spread = true' if self.spread and outbound else ''}
spi = {FIRST_SPI + number}
transform = "aes128-gcm16"
unsafe_static_key = true
key = {{ file = "{self.folder}/key-{number}" }}
"""
        if not outbound:  # every host of the capture is a neighbour
            for number in range(self.sas):
                text += f"""
[[neighbour]]
address = "{dotted(FIRST_INSIDE + number)}"
mac = "{MAC['peer']}"
port = "lan"
"""
        return text

    @contextlib.contextmanager
    def sallyport(self, devices):
        file, log = self.folder / "sallyport.toml", self.folder / "sallyport.log"
        file.write_text(self.configuration(devices))
        process = launch([build("sallyport"), "--config", file], log, self.folder)
        gateway = Gateway("bench", process, log, self.folder / "run/control.sock")
        try:
            if not eventually(120, gateway.answers):
                raise Failure(f"Sallyport does not answer:\n{log.read_text()[-3000:]}")
            yield gateway
        finally:
            process.terminate()
            process.wait(30)

    def rate(self):
        exit_name = "wan" if self.direction == "out" else "lan"
        with self.sallyport(self.devices()) as gateway:
            time.sleep(self.options.settle)
            before, start = port(gateway, exit_name)["sent_packets"], time.monotonic()
            time.sleep(self.options.seconds)
            after, end = port(gateway, exit_name)["sent_packets"], time.monotonic()
            if after == before:
                raise Failure(f"Sallyport sends nothing: {gateway.ask('show.drops')}")
            return (after - before) / (end - start)


@contextlib.contextmanager
def hugepages(megabytes):
    """With fewer than that a gateway would run without, and be measured so."""
    sweep(NAME)
    work = new_folder()
    try:
        if reserve_hugepages(work, megabytes << 20) < megabytes << 20:
            raise Failure(f"no {megabytes} MB of hugepages can be had")
        yield
    except OSError as error:
        raise Failure(f"hugepages: {error}") from error
    finally:
        remove_folder(work)
