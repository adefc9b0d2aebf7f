// psk, auth and local_auth of [[peer]]: how each side proves who it is.
#include <catch2/catch.hpp>

#include "pad/pad.h"
#include "tests/gateway/config_peer_support.h"

namespace sallyport::config_authentication_test {

using namespace test;

TEST_CASE("AUTH-07: keys are text, hexadecimal or base64, to the octet") {
  const std::string inlined = "instance = { inline_secrets = true }\n";
  const auto secret = [&](const std::string& key) {
    const auto configuration = proving("psk = " + key, inlined);
    INFO(key << said(configuration));
    REQUIRE(configuration);
    const auto view = configuration->peers[0].peer.local.secret->view();
    return std::string(view.begin(), view.end());
  };
  CHECK(secret("{ text = \" with blanks \\\" and 0x \" }") == " with blanks \" and 0x ");
  CHECK(secret("{ hex = \"0x00 ff\" }") == std::string("\0\xff", 2));
  CHECK(secret("{ base64 = \"AP8=\" }") == std::string("\0\xff", 2));
  CHECK(secret("{ base64 = \"c2VjcmV0\" }") == "secret");
  CHECK(secret("{ base64 = \"c2Vj\\n cmV0 cw==\" }") == "secrets");
  CHECK(secret("{ text = \"" + std::string(1024, 'x') + "\" }") == std::string(1024, 'x'));

  const auto from_file = [](const std::string& content, const std::string& more) {
    MemoryFiles files = sample_files();
    files.secrets["/etc/sallyport/keys/k"] = content;
    const auto configuration = parse(
        kPorts + replaced(kPeer, "{ file = \"keys/psk\" }", "{ file = \"keys/k\"" + more + " }"),
        files);
    INFO(said(configuration));
    REQUIRE(configuration);
    const auto view = configuration->peers[0].peer.remote[0].secret->view();
    return std::string(view.begin(), view.end());
  };
  CHECK(from_file("two\nlines\n", "") == "two\nlines");
  CHECK(from_file("a line\r\n", "") == "a line");
  CHECK(from_file(" no end", "") == " no end");
  CHECK(from_file(std::string("\0\xff", 2), "") == std::string("\0\xff", 2));
  CHECK(from_file("6b\n6579\n", ", encoding = \"hex\"") == "key");
  CHECK(from_file("a2V5\n", ", encoding = \"base64\"") == "key");
}

TEST_CASE("AUTH-07: keys that are no keys are refused, and never shown") {
  const auto refused = [](const std::string& key, std::string_view where, std::string_view what) {
    INFO(key);
    check_refused(proving("psk = " + key, "instance = { inline_secrets = true }\n"), where, what);
  };
  refused("\"" + std::string(kSamplePsk) + "\"", "6:7",
          "psk: text is not a key ({ file = \"...\" })");
  refused("{}", "6:7", "psk: no key");
  refused("{ text = \"" + std::string(kSamplePsk) + "\", hex = \"00\" }", "6:7", "there twice");
  refused("{ file = \"keys/psk\", text = \"x\" }", "6:7", "there twice");
  refused("{ text = \"x\", encoding = \"hex\" }", "6:7", "encoding is for the key's file");
  refused("{ file = \"keys/psk\", encoding = \"hexa\" }", "6:39", "did you mean \"hex\"?");
  refused("{ file = \"keys/psk\", encoding = \"hex\" }", "6:16",
          "psk: /etc/sallyport/keys/psk: the key is not hexadecimal");
  refused("{ file = \"keys/none\" }", "6:16", "No such file");
  refused("{ hex = \"0\" }", "6:15", "half an octet");
  refused("{ base64 = \"" + std::string(kSamplePsk) + "\" }", "6:18", "not base64");
  refused("{ base64 = \"c2Vjc\" }", "6:18", "not base64");
  refused("{ base64 = \"=AAA\" }", "6:18", "not base64");
  refused("{ text = \"\" }", "6:16", "the key is empty");
  refused("{ text = 3 }", "6:16", "a number is not text");
  refused("{ text = \"" + std::string(1025, 'x') + "\" }", "6:16", "longer than 1024 octets");
  refused("{ txet = \"x\" }", "6:7", "no key");

  check_refused(proving("psk = { text = \"" + std::string(kSamplePsk) + "\" }"), "5:16",
                "psk: the key stands in the configuration itself");
  MemoryFiles open = sample_files();
  open.open_to_others = true;
  const auto shown = parse("[instance]\ninline_secrets = true\n" + kPorts +
                               replaced(kPeer, "{ file = \"keys/psk\" }", "{ text = \"x\" }"),
                           open);
  CHECK_THAT(said(shown), Catch::Contains("is open to others"));
  const auto weak = proving("psk = { text = \"x\" }", "instance = { inline_secrets = true }\n");
  REQUIRE(weak);
  CHECK(warns(*weak, ":6:16: a key of 1 octets can be guessed"));
}

TEST_CASE("IKE-92, PAD-07: each side has its own method, and the peer may have several") {
  const auto configuration = proving(R"(local_auth = { credential = "gateway", legacy = true }
auth = [
  { authorities = ["root"], identity_in_certificate = false, revocation = "required", least_rsa_bits = 3072 },
  { raw_keys = "certificates/ed25519.pub" },
  { psk = { file = "keys/psk" } },
])");
  INFO(said(configuration));
  REQUIRE(configuration);
  const PeerConfig& config = configuration->peers.at(0);
  const Peer& peer = config.peer;
  CHECK(peer.local.kind == AuthenticationKind::PublicKey);
  CHECK(peer.local.credential == configuration->credentials[0].credential);
  CHECK(peer.local.legacy);
  CHECK_FALSE(peer.local.pkcs1);
  CHECK(config.local_sources.credentials == std::vector<std::string>{"gateway"});
  REQUIRE(peer.remote.size() == 3);
  REQUIRE(config.remote_sources.size() == 3);
  CHECK(peer.remote[0].kind == AuthenticationKind::PublicKey);
  CHECK(peer.remote[0].anchors == std::vector{configuration->authorities[0].anchors});
  CHECK_FALSE(peer.remote[0].identity_in_certificate);
  CHECK(peer.remote[0].revocation == RevocationRule::Required);
  CHECK(peer.remote[0].least_rsa_bits == 3072);
  CHECK(peer.remote[1].raw_keys == std::vector{*PublicKey::from_pem(kEd25519PublicKey)});
  CHECK(peer.remote[1].revocation == RevocationRule::IfKnown);
  CHECK(config.remote_sources[1].raw_key_files ==
        std::vector<std::filesystem::path>{"/etc/sallyport/certificates/ed25519.pub"});
  CHECK(peer.remote[2].kind == AuthenticationKind::PreSharedKey);
  CHECK(holds(peer.remote[2].secret, kSamplePsk));
  CHECK(warns(*configuration, ":7:55: identity_in_certificate: whoever has a certificate"));

  const auto rsa = proving(
      "local_auth = { credential = \"rsa\", pkcs1 = true }\n"
      "auth = { psk = { file = \"keys/psk\" } }");
  INFO(said(rsa));
  REQUIRE(rsa);
  CHECK(rsa->peers[0].peer.local.pkcs1);
  const auto weak = proving(
      "auth = { authorities = \"root\", least_rsa_bits = 1024 }\n"
      "local_auth = { psk = { file = \"keys/psk\" } }");
  REQUIRE(weak);
  CHECK(warns(*weak, ":5:49: least_rsa_bits: RSA keys of 1024 bits"));
}

TEST_CASE("CERT-02: several credentials, the preferred one first") {
  const auto configuration = proving(
      "local_auth = { credential = [\"rsa\", \"gateway\", \"ed\"] }\n"
      "auth = { psk = { file = \"keys/psk\" } }");
  INFO(said(configuration));
  REQUIRE(configuration);
  const PeerConfig& config = configuration->peers[0];
  CHECK(config.local_sources.credentials == std::vector<std::string>{"rsa", "gateway", "ed"});
  CHECK(config.peer.local.credential == configuration->credentials[2].credential);
  REQUIRE(config.peer.local.alternatives.size() == 2);
  CHECK(config.peer.local.alternatives[0] == configuration->credentials[0].credential);
  CHECK(config.peer.local.alternatives[1] == configuration->credentials[1].credential);
  CHECK_FALSE(warns(*configuration, "no peer names credential"));
  const std::string remote = "auth = { psk = { file = \"keys/psk\" } }\n";
  check_refused(proving(remote + "local_auth = { credential = [\"rsa\", \"rsa\"] }"), "6:29",
                "\"rsa\" stands twice");
  check_refused(proving(remote + "local_auth = { credential = [\"rsa\", \"ed\"], legacy = true }"),
                "6:53", "the credential's key can sign by RFC 7427 alone");
}

TEST_CASE("AUTH-05: NULL authentication is configured for either side") {
  const auto configuration = parse(
      "[[peer]]\nname = \"p\"\nidentities = [\"null\", \"any\"]\nlocal_id = \"null\"\n"
      "auth = { null = true }\nlocal_auth = { null = true }\n" +
      kPorts + kCredentials);
  INFO(said(configuration));
  REQUIRE(configuration);
  const Peer& peer = configuration->peers[0].peer;
  REQUIRE(peer.remote.size() == 1);
  CHECK(peer.remote[0].kind == AuthenticationKind::Null);
  CHECK(peer.local.kind == AuthenticationKind::Null);
  CHECK(peer.local_identity.type == IdType::Null);
  CHECK(proves_nothing(peer));
  CHECK(warns(*configuration, ":5:8: auth: whoever comes is let in"));

  const std::string local = "local_auth = { psk = { file = \"keys/psk\" } }\n";
  check_refused(proving(local + "auth = { null = false }"), "6:17", "null: false is no method");
  check_refused(proving(local + "auth = { null = true, authorities = \"root\" }"), "6:37",
                "authorities has no meaning beside null");
  check_refused(proving(local + "auth = { null = true, psk = { file = \"keys/psk\" } }"), "6:17",
                "null has no meaning beside psk");
  // What proves nothing proves no name.
  check_refused(proving(local + "auth = { null = true }"), "1:1", "cannot prove the identity");
  check_refused(proving("auth = { psk = { file = \"keys/psk\" } }\n"
                        "local_auth = { null = true, credential = \"rsa\" }"),
                "6:42", "credential has no meaning beside null");
}

TEST_CASE("CERT-05: what nobody knows may be fetched, where it is looked at") {
  const std::string local = "local_auth = { psk = { file = \"keys/psk\" } }\n";
  const auto configuration = proving(
      local +
      "auth = { authorities = \"root\", revocation = \"required\", fetch_revocation = true }");
  INFO(said(configuration));
  REQUIRE(configuration);
  CHECK(configuration->peers[0].peer.remote[0].fetch_revocation);
  check_refused(
      proving(local +
              "auth = { authorities = \"root\", revocation = \"none\", fetch_revocation = true }"),
      "1:1", "nobody looks at");
  check_refused(
      proving(local + "auth = { psk = { file = \"keys/psk\" }, fetch_revocation = true }"), "6:58",
      "fetch_revocation has no meaning beside psk");
}

TEST_CASE("PAD-07: a method without its data is refused") {
  const std::string local = "local_auth = { psk = { file = \"keys/psk\" } }\n";
  const std::string remote = "auth = { authorities = \"root\" }\n";
  const auto refused = [](const std::string& lines, std::string_view where, std::string_view what) {
    INFO(lines);
    check_refused(proving(lines), where, what);
  };
  refused("", "1:1", "[[peer]] has no auth");
  refused(local, "1:1", "[[peer]] has no auth");
  refused(remote, "1:1", "[[peer]] has no local_auth");
  refused(local + "auth = {}", "6:8", "auth: does not say how");
  refused(local + "auth = []", "6:8", "auth: the list is empty");
  refused(local + "auth = 3", "6:8", "auth is a number, not a table");
  refused(local + "auth = { authorities = \"rot\" }", "6:24",
          "authorities: there is no [[authority]] \"rot\" (did you mean \"root\"?)");
  refused(local + "auth = { authorities = [\"root\", \"root\"] }", "6:24", "stands twice");
  refused(local + "auth = { authorites = \"root\" }", "6:8", "did you mean \"authorities\"?");
  refused(local + "auth = { psk = { file = \"keys/psk\" }, revocation = \"none\" }", "6:52",
          "revocation has no meaning beside psk");
  refused(local + "auth = { raw_keys = \"certificates/root.crl\" }", "6:21",
          "raw_keys: /etc/sallyport/certificates/root.crl: ");
  refused(local + "auth = { authorities = \"root\", revocation = \"maybe\" }", "6:45",
          "one of: none, if-known, required");
  refused(local + "auth = { authorities = \"root\", least_rsa_bits = 512 }", "6:49",
          "out of range");
  refused(local + "auth = { eap = \"aaa\" }", "6:16", "eap: there is no [[aaa]] \"aaa\"");
  refused(local + "auth = [{ psk = { file = \"keys/psk\" } }, { psk = { file = \"keys/psk\" } }]",
          "6:8", "one pre-shared key a peer");
  refused(remote + "local_auth = {}", "6:14", "local_auth has no credential");
  refused(remote + "local_auth = { credential = \"gatewy\" }", "6:29",
          "there is no [[credential]] \"gatewy\" (did you mean \"gateway\"?)");
  refused(remote + "local_auth = { psk = { file = \"keys/psk\" }, pkcs1 = true }", "6:53",
          "pkcs1 has no meaning beside psk");
  refused(remote + "local_auth = { credential = \"gateway\", pkcs1 = true }", "6:48",
          "pkcs1: the credential's key is not one of RSA");
  refused(remote + "local_auth = { credential = \"ed\", legacy = true }", "6:44",
          "legacy: the credential's key can sign by RFC 7427 alone");
  refused("psk = { file = \"keys/psk\" }\n" + remote, "6:8", "auth: psk is for both sides");
}

namespace {

// A peer that is known and strangers behind it, each with a policy. Lines 1 to 6 are the known
// one's.
const std::string kKnown = R"([[peer]]
name = "known"
identities = "known.example.org"
local_id = "we"
auth = { psk = { file = "keys/psk" } }
local_auth = { credential = "gateway" }
)";
const std::string kStrangers = R"([[peer]]
name = "strangers"
identities = ["null", "any"]
local_id = "we"
auth = { null = true }
local_auth = { credential = "gateway" }
pools = "inner"
)";
const std::string kInner = R"([[pool]]
name = "inner"
addresses = "10.3.0.0/24"
)";
std::string policy_for(const std::string& peer, const std::string& more) {
  return "[[policy]]\nname = \"for-" + peer +
         "\"\nlocal = \"10.1.0.0/24\"\nremote = \"10.3.0.0/24\"\naction = \"protect\"\npfp = "
         "\"remote\"\nprotect = { peer = \"" +
         peer + "\"" + more + " }\n";
}

}  // namespace

TEST_CASE("AUTH-05: strangers have an entry behind all others, and policies that say so") {
  const std::string behind = kInner + kPorts + kCredentials;
  const auto configuration = parse(
      kKnown + kStrangers + policy_for("strangers", ", unauthenticated_peers = true") + behind);
  INFO(said(configuration));
  REQUIRE(configuration);
  REQUIRE(configuration->policies.size() == 1);
  CHECK(configuration->policies[0].protect->unauthenticated_peers);
  std::vector<Peer> peers;
  for (const PeerConfig& config : configuration->peers) peers.push_back(config.peer);
  const auto pad = Pad::of(std::move(peers));
  REQUIRE(pad);
  CHECK(pad->find(*Identity::parse("known.example.org"))->name == "known");
  CHECK(pad->find(*Identity::parse("null"))->name == "strangers");
  CHECK(pad->find(*Identity::parse("whoever.example.org"))->name == "strangers");

  const auto refused = [&](const std::string& text) { return said(parse(text + behind)); };
  CHECK_THAT(refused(kStrangers + kKnown),
             Catch::Contains("gateway.toml:9:8: peer \"known\" stands behind \"strangers\""));
  CHECK_THAT(refused(kStrangers + policy_for("strangers", "")),
             Catch::Contains("peer \"strangers\" proves nothing, and the policy is not for such"));
  const std::string shared =
      replaced(policy_for("strangers", ", unauthenticated_peers = true"), "pfp = \"remote\"\n", "");
  const auto warned = parse(kStrangers + shared + behind);
  INFO(said(warned));
  REQUIRE(warned);
  CHECK(warns(*warned, "of several peers the last one gets the packets of all"));
}

}  // namespace sallyport::config_authentication_test
