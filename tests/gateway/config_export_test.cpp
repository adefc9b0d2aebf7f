// Export, import, export: byte for byte the same (ARCH-13).
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::config_export_test {

using namespace test;

namespace {

const std::string kEverything = R"(
[instance]
name = "gate-a"
run_directory = "/run/with \"quotes\" and \\"
[limits]
sas = 8
large_buffers = 17
reassembly_datagrams = 0
reassembly_time = "1m"
punt_ring = 128
[dataplane]
workers = 2
cores = [1, 0]
idle = "yield"
hugepages = "no"
skipped_headers = [0, 44]
flow_life = "90s"
flow_keep_active = "0s"
[crypto]
allow = ["null", "3des-cbc", "modp1024"]
[audit]
target = "syslog"
file = "audit log"
facility = "local3"
rate = 7
remember = 0
esp = false
ah = false
lifetimes = false
without = ["replay", "no_policy"]
[icmp]
accept_unprotected = ["icmp/11", "icmpv6/2/0", "packet-too-big"]
accept_protected = []
[path_mtu]
floor_ipv4 = 552
floor_ipv6 = 1300
lifetime = "5m"
rate = 50
[policy_changes]
sas = "keep"
[[spd]]
name = "main"
[[spd]]
name = "guests"
default_policies = false
)" + kPorts + R"(
[[port]]
name = "apps"
device = "net_tap0"
kind = "local-stack"
addresses = "192.0.2.10/32"
spd = "guests"
vlan = 7
user = "alice"
mac = "02:00:00:00:00:01"
icmp_errors = { send = false }
udp_zero_checksum_v6 = true
[[route]]
to = "10.2.0.0/24"
via = "192.0.2.2"
[[route]]
to = "10.9.0.0/16"
action = "blackhole"
[[neighbour]]
address = "192.0.2.2"
mac = "02:00:00:00:00:02"
port = "wan"
[[policy]]
name = "ports"
spd = "guests"
direction = "out"
names = ["user:alice", "fqdn:gw.example.com"]
action = "bypass"
protocol = "tcp"
local_port = [443, 80, "1000-2000"]
remote_port = "opaque"
[[policy]]
name = "types"
action = "discard"
selectors = [
  { protocol = "icmp", icmp = ["8/0", "3", "5/1-6/2"] },
  { protocol = "mobility", mh_type = { send = "5-6", receive = "any" } },
  { protocol = "esp" },
  { protocol = 89, local = "2001:db8::5-2001:db8::9" },
]
[[policy]]
name = "site"
local = ["10.1.0.0/24", "10.7.0.3-10.7.0.9"]
remote = "10.2.0.0/24"
action = "protect"
[policy.protect]
endpoints = { local = "192.0.2.1", remote = "192.0.2.2" }
proposals = ["aes128-gcm16", "VPN-A", "null+hmac-sha1-96"]
dscp = { "10" = 46 }
replay_window = 128
soft = { bytes = "1000kB", time = "90m" }
hard = { bytes = "1MiB", packets = 7, time = "2d" }
sas = ["out", "in"]
)" + kSas + R"(
[[sa]]
name = "spare"
direction = "in"
spi = 0xffffffff
selectors = { local = "any" }
endpoints = { local = "192.0.2.1", remote = "192.0.2.2" }
lookup = "spi+destination"
encapsulation = { local_port = 4500, remote_port = 4501 }
destination_options = "outside"
dscp = 3
soft = {}
transform = "aes128-cbc+hmac-sha256-128"
key = { file = "keys/16" }
integrity_key = { file = "keys/32" }
[[sa]]
name = "salted"
direction = "out"
spi = 0x2000
selectors = [{ local = "10.1.0.9", protocol = "tcp", remote_port = 80 }, { remote = "10.5.0.0/16" }]
endpoints = { local = "192.0.2.1", remote = "192.0.2.2" }
spread = true
dscp_classes = [1, 46]
transform = "aes128-ctr+hmac-sha1-96"
unsafe_static_key = true
key = { file = "keys/16" }
salt = { file = "keys/4" }
integrity_key = { file = "keys/20" }
[ike]
half_open_limit = 50
cookie_threshold = 0
retransmit = { initial = "2s" }
hash_and_url = true
fetch = { timeout = "2s", max_size = "2MiB", allow = ["10.0.0.0/8", "2001:db8::/32"] }
key_log_directory = "key log"
[[authority]]
name = "root"
certificates = "certificates/root.pem"
revocation_lists = ["certificates/root.crl"]
list_urls = "http://lists.example.org/root.crl"
ocsp_url = "http://ocsp.example.org/"
[[credential]]
name = "gateway"
key = { file = "keys/gateway.pem" }
certificates = ["certificates/gateway.pem"]
urls = "http://example.org/gateway.der"
[[credential]]
name = "raw"
key = { file = "keys/rsa.pem" }
[[pool]]
name = "v4"
addresses = "10.3.0.1-10.3.0.254"
dns = "10.1.0.53"
subnets = ["10.1.0.0/16", "10.2.0.0/16"]
netmask = "255.255.255.0"
[[pool]]
name = "whole"
addresses = "10.4.0.128-10.4.0.255"
[[pool]]
name = "v6"
addresses = "2001:db8:3::/64"
prefix_length = 64
[[aaa]]
name = "subscribers"
ask_identity = true
users = [
  { name = "carol", password = { file = "keys/carol" }, identity = "carol@example.net" },
  { name = "dave.example.net", password = { file = "keys/psk", encoding = "text" } },
]
[[policy]]
name = "roaming"
local = "10.1.0.0/24"
remote = "10.3.0.0/24"
pfp = "remote"
action = "protect"
protect = { peer = "roaming", proposals = "aes128-gcm16", pfs = ["curve25519", "ecp256"], unauthenticated_peers = true }
[[peer]]
name = "roaming"
identities = ["@example.org", "C=CH, O=Example, *", "keyid:a b"]
local_id = "gateway.example.org"
auth = [
  { authorities = "root", revocation = "required", fetch_revocation = true },
  { raw_keys = ["certificates/ed25519.pub"], least_rsa_bits = 3072 },
  { psk = { file = "keys/psk" } },
]
local_auth = { credential = "raw", pkcs1 = true, legacy = true }
proposals = ["VPN-A", "aes128-gcm16+prf-hmac-sha256+curve25519"]
may_claim = ["10.3.0.0/24", "2001:db8:3::5-2001:db8:3::9"]
policies = "roaming"
pools = ["v4", "v6"]
mobility = "none"
return_routability = false
nat_traversal = "force"
liveness = "0s"
[[peer]]
name = "branch"
local = "192.0.2.1"
remote = "192.0.2.2"
remote_port = 5000
further_local_ids = ["gate.example.net", "keyid:b c"]
fragment_bytes = 900
psk = { file = "keys/psk", encoding = "text" }
search = "identity"
request_addresses = ["v6"]
lifetime = "90m"
[[peer]]
name = "by-eap"
identities = ["@example.net", ".example.net"]
local_id = "gateway.example.org"
auth = [{ eap = "subscribers" }, { authorities = "root" }]
local_auth = { credential = "gateway" }
[[peer]]
name = "to-eap"
identities = "eap.example.com"
local_id = "gateway@example.org"
auth = { authorities = "root" }
local_auth = { eap = { user = "gateway \\ \"x\"", password = { file = "keys/carol" } } }
[[peer]]
name = "mixed"
identities = "any"
local_id = "gateway@example.org"
auth = { authorities = "root" }
local_auth = { psk = { file = "keys/psk" } }
[[peer]]
name = "certified"
identities = ".example.org"
local_id = "gateway.example.org"
auth = { authorities = "root" }
local_auth = { credential = ["gateway", "raw"] }
[[peer]]
name = "strangers"
identities = ["null", "any"]
local_id = "null"
auth = { null = true }
local_auth = { null = true }
)";

std::string exported(const Configuration& configuration) {
  const auto text = to_toml(configuration);
  INFO((text ? std::string() : to_string(text.error())));
  REQUIRE(text);
  return *text;
}

Configuration imported(const std::string& text) {
  auto configuration = parse(text);
  INFO(text << (configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return std::move(*configuration);
}

bool same_bytes(ByteView left, ByteView right) { return std::ranges::equal(left, right); }

void check_same_peers(const Configuration& before, const Configuration& after) {
  REQUIRE(after.authorities.size() == before.authorities.size());
  CHECK(after.authorities[0].certificate_files == before.authorities[0].certificate_files);
  CHECK(after.authorities[0].revocation_files == before.authorities[0].revocation_files);
  CHECK(after.authorities[0].anchors->list_urls == before.authorities[0].anchors->list_urls);
  CHECK(after.authorities[0].anchors->ocsp_url == "http://ocsp.example.org/");
  REQUIRE(after.credentials.size() == before.credentials.size());
  CHECK(after.credentials[0].key_file == before.credentials[0].key_file);
  CHECK(after.credentials[0].certificate_files == before.credentials[0].certificate_files);
  REQUIRE(before.credentials[0].credential->published.size() == 1);
  CHECK(after.credentials[0].credential->published == before.credentials[0].credential->published);
  REQUIRE(after.peers.size() == before.peers.size());
  for (std::size_t i = 0; i < before.peers.size(); ++i) {
    const Peer& left = before.peers[i].peer;
    const Peer& right = after.peers[i].peer;
    INFO(left.name);
    CHECK(left.name == right.name);
    CHECK(left.identities == right.identities);
    CHECK(left.local_identity == right.local_identity);
    CHECK(left.further_local_identities == right.further_local_identities);
    CHECK(left.fragment_bytes == right.fragment_bytes);
    CHECK(before.peers[i].remote_sources == after.peers[i].remote_sources);
    CHECK(before.peers[i].local_sources == after.peers[i].local_sources);
    REQUIRE(left.remote.size() == right.remote.size());
    for (std::size_t j = 0; j < left.remote.size(); ++j) {
      CHECK(left.remote[j].kind == right.remote[j].kind);
      CHECK(left.remote[j].raw_keys == right.remote[j].raw_keys);
      CHECK(left.remote[j].revocation == right.remote[j].revocation);
      CHECK(left.remote[j].fetch_revocation == right.remote[j].fetch_revocation);
      CHECK(left.remote[j].least_rsa_bits == right.remote[j].least_rsa_bits);
    }
    CHECK(left.local.kind == right.local.kind);
    CHECK(left.local.pkcs1 == right.local.pkcs1);
    CHECK(left.local.legacy == right.local.legacy);
    CHECK(left.proposals == right.proposals);
    CHECK(left.locator == right.locator);
    CHECK(left.search == right.search);
    CHECK(left.may_claim == right.may_claim);
    CHECK(left.policies == right.policies);
    CHECK(left.pools == right.pools);
    CHECK(left.request_addresses == right.request_addresses);
    CHECK(left.mobility == right.mobility);
    CHECK(left.return_routability == right.return_routability);
    CHECK(left.nat_traversal == right.nat_traversal);
    CHECK(left.timers == right.timers);
    CHECK(left.limits == right.limits);
  }
}

}  // namespace

TEST_CASE("ARCH-13: export, import and export again are byte-identical") {
  for (const std::string& text : {std::string(), kPorts + kPolicy + kSas, kEverything}) {
    const std::string once = exported(imported(text));
    CHECK(exported(imported(once)) == once);
  }
}

TEST_CASE("ARCH-13: an export loses nothing") {
  const Configuration before = imported(kEverything);
  const Configuration after = imported(exported(before));
  CHECK(after.instance == before.instance);
  CHECK(after.limits == before.limits);
  CHECK(after.icmp == before.icmp);
  CHECK(after.path_mtu == before.path_mtu);
  CHECK(after.dataplane == before.dataplane);
  CHECK(after.crypto == before.crypto);
  CHECK(after.audit == before.audit);
  CHECK(after.changed_policy_sas == before.changed_policy_sas);
  CHECK(after.control == before.control);
  CHECK(after.ports == before.ports);
  CHECK(after.routes == before.routes);
  CHECK(after.neighbours == before.neighbours);
  CHECK(after.spds == before.spds);
  CHECK(after.policies == before.policies);
  CHECK(after.ike == before.ike);
  CHECK(after.pools == before.pools);
  check_same_peers(before, after);
  CHECK(after.key_files == before.key_files);
  REQUIRE(after.sas.size() == before.sas.size());
  for (std::size_t i = 0; i < before.sas.size(); ++i) {
    const Sa& left = before.sas[i];
    const Sa& right = after.sas[i];
    INFO(left.name);
    CHECK(left.name == right.name);
    CHECK(left.direction == right.direction);
    CHECK(left.spi == right.spi);
    CHECK(left.mode == right.mode);
    CHECK(left.endpoints == right.endpoints);
    CHECK(left.lookup == right.lookup);
    CHECK(left.transform == right.transform);
    CHECK(same_bytes(left.cipher_key.view(), right.cipher_key.view()));
    CHECK(same_bytes(left.salt.view(), right.salt.view()));
    CHECK(same_bytes(left.integrity_key.view(), right.integrity_key.view()));
    CHECK(left.esn == right.esn);
    CHECK(left.replay_window == right.replay_window);
    CHECK(left.encapsulation == right.encapsulation);
    CHECK(left.header == right.header);
    CHECK(left.destination_options == right.destination_options);
    CHECK(left.dscp == right.dscp);
    CHECK(left.selectors == right.selectors);
    CHECK(left.soft == right.soft);
    CHECK(left.hard == right.hard);
  }
}

TEST_CASE("SEL-10: the export of an entry for ESP shows opaque ports") {
  const std::string text =
      exported(imported("[[policy]]\nname = \"p\"\naction = \"bypass\"\nprotocol = 50\n"));
  CHECK_THAT(text, Catch::Contains("{ local = \"any\", remote = \"any\", protocol = \"esp\", "
                                   "local_port = [\"opaque\"], remote_port = [\"opaque\"] }"));
}

TEST_CASE("AUTH-07: an export names the file of a pre-shared key and never holds the key") {
  const std::string text = exported(imported(kPorts + kPeer));
  CHECK_THAT(text, Catch::Contains("psk = { file = \"/etc/sallyport/keys/psk\""));
  CHECK_THAT(text, !Catch::Contains(std::string(kSamplePsk)));
  const auto refused =
      to_toml(imported("[instance]\ninline_secrets = true\n" + kPorts +
                       replaced(kPeer, "{ file = \"keys/psk\" }", "{ text = \"not so long\" }")));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Error::Code::Refused);
  CHECK_THAT(refused.error().what, Catch::Contains("the key of peer branch stands inline"));
}

TEST_CASE("an export names key files and never holds a key") {
  const std::string text = exported(imported(kPorts + kPolicy + kSas));
  CHECK_THAT(text, Catch::Contains("key = { file = \"/etc/sallyport/keys/20\" }"));
  CHECK_THAT(text, !Catch::Contains(hex_key(4)));

  const std::string inlined = "[instance]\ninline_secrets = true\n" + kPorts + kPolicy +
                              replaced(kSas, "{ file = \"keys/20\" }", "\"" + hex_key(20) + "\"");
  const auto refused = to_toml(imported(inlined));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Error::Code::Refused);
  CHECK_THAT(refused.error().what, Catch::Contains("SA out"));

  const std::string half =
      "[instance]\ninline_secrets = true\n" + kPorts + kPolicy +
      replaced(kSas, "{ file = \"keys/20\" }", "{ file = \"keys/16\" }\nsalt = \"01020304\"");
  CHECK_FALSE(to_toml(imported(half)));
}

}  // namespace sallyport::config_export_test
