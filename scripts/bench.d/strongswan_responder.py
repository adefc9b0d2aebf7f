"""strongSwan's charon as the responder of a load run, as fast as it can be made: its own process and folder, a kernel
that takes no time (null_kernel.c), for each algorithm the plugin that is fastest here, large hash tables, no bounds on
half-open IKE SAs, no logs, no revocation checks, short exponents for modp groups.
"""

import os
import re
import subprocess
from pathlib import Path

from two_sites import Failure, eventually, run

CHARON = Path("/usr/sbin/charon-systemd")
SWANCTL = Path("/usr/sbin/swanctl")
# The first that has an algorithm provides it. OpenSSL's digests and AEADs cost charon a fifth more than its own, GMP's
# modp groups half of OpenSSL's.
PLUGINS = "aesni sha1 sha2 hmac random nonce kdf {groups} openssl pem pkcs1 pkcs8 pubkey x509 socket-default kernel-netlink vici"
THREADS = 5  # of which four always wait; more of them spend more on switching
SERVER, CLIENTS, SECRET = "server.example.org", "*.clients.example.org", "a secret that many share"
GROUPS = {"psk-modp2048": "modp2048"}

DAEMON = """
charon-systemd {{
  load = {plugins}
  threads = {threads}
  ikesa_table_size = 131072
  ikesa_table_segments = 64
  dos_protection = no
  cookie_threshold = 0
  block_threshold = 0
  init_limit_half_open = 0
  dh_exponent_ansi_x9_42 = no
  flush_auth_cfg = yes
  multiple_authentication = no
  install_routes = no
  send_vendor_id = no
  retransmit_timeout = 30
  filelog {{
  }}
  syslog {{
    daemon {{
      default = -1
    }}
    auth {{
      default = -1
    }}
  }}
  journal {{
    default = -1
  }}
  plugins {{
    vici {{
      socket = unix://{folder}/vici.sock
    }}
  }}
}}
swanctl {{
  load = openssl random nonce pem pkcs1 pkcs8 pubkey x509
}}
"""

CONNECTIONS = """
connections {{
  load {{
    version = 2
    local_addrs = {address}
    remote_addrs = %any
    proposals = aes128gcm16-prfsha256-{group}
    mobike = no
    encap = no
    fragmentation = yes
    unique = never
    rekey_time = 0
    reauth_time = 0
    dpd_delay = 0
    send_cert = ifasked
    local {{
      auth = {method}
      id = {server}
      {certificate}
    }}
    remote {{
      auth = {method}
      id = {clients}
    }}
    children {{
      net {{
        mode = tunnel
        local_ts = 172.16.0.0/16
        remote_ts = 10.0.0.0/8
        esp_proposals = aes128gcm16
        rekey_time = 0
      }}
    }}
  }}
}}
secrets {{
  ike-load {{
    secret = "{secret}"
  }}
}}
"""


class Charon:
    """Use in a `with`. `run_in(core, words)` makes the command line that runs `words` where the responder belongs."""

    def __init__(self, kind, address, folder, identities, run_in):
        self.kind, self.address, self.folder, self.identities, self.run_in = kind, address, folder, identities, run_in
        self.environment = dict(os.environ, STRONGSWAN_CONF=str(folder / "strongswan.conf"),
                                SWANCTL_DIR=str(folder / "swanctl"), LEAK_DETECTIVE_DISABLE="1")

    def write_configuration(self):
        by_secret = self.kind.startswith("psk")
        (self.folder / "strongswan.conf").write_text(
            DAEMON.format(plugins=PLUGINS.format(groups="gmp" if self.kind in GROUPS else ""), threads=THREADS, folder=self.folder))
        for name in ("conf.d", "x509", "x509ca", "private"):
            (self.folder / "swanctl" / name).mkdir(parents=True)
        (self.folder / "swanctl/swanctl.conf").write_text(CONNECTIONS.format(
            address=self.address, group=GROUPS.get(self.kind, "curve25519"), method="psk" if by_secret else "pubkey",
            server=SERVER, clients=CLIENTS, secret=SECRET, certificate="" if by_secret else "certs = server.pem"))
        if by_secret:
            return
        for name, place in (("authority.pem", "x509ca"), ("server.pem", "x509"), ("server.key", "private")):
            (self.folder / "swanctl" / place / name).write_bytes((self.identities / self.kind / name).read_bytes())

    def __enter__(self):
        self.write_configuration()
        library = self.folder / "null_kernel.so"
        run("cc", "-O2", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("null_kernel.c"), "-ldl")
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(
                list(map(str, self.run_in([CHARON]))), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(self.environment, LD_PRELOAD=str(library)))
        try:
            if not eventually(10, (self.folder / "vici.sock").exists):
                raise Failure("charon does not start:\n" + (self.folder / "log").read_text()[-2000:])
            self.swanctl("--load-all", "--noprompt")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def swanctl(self, *words):
        done = subprocess.run([SWANCTL, *words, "--uri", f"unix://{self.folder}/vici.sock"], env=self.environment,
                              capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"swanctl {' '.join(words)}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        return done.stdout

    def ike_sas(self):
        """Those that are up."""
        told = re.search(r"IKE_SAs: (\d+) total, (\d+) half-open", self.swanctl("--stats"))
        return int(told[1]) - int(told[2]) if told else 0


def version():
    if not CHARON.exists() or not SWANCTL.exists():
        return None
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "charon-systemd"], capture_output=True,
                          text=True).stdout or "unknown"
