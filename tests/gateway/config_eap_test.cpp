// [[aaa]], and eap of auth and local_auth: who is authenticated by EAP, by whom, and as whom.
#include <catch2/catch.hpp>

#include "ike/eap/local_users.h"
#include "ike/eap/peer.h"
#include "tests/gateway/config_peer_support.h"
#include "tests/support/fixed_random.h"

namespace sallyport::config_eap_test {

using namespace test;

namespace {

// Line 1 is [[aaa]]; then what a user is, from line 3 on.
std::string aaa(const std::string& users, const std::string& more = "") {
  return "[[aaa]]\nname = \"subscribers\"\nusers = [" + users + "]\n" + more;
}
const std::string kCarol = R"({ name = "carol@example.org", password = { file = "keys/carol" } })";
const std::string kOurs = "local_auth = { credential = \"gateway\" }\n";

std::string peer_with(const std::string& lines, const std::string& identities = "@example.org") {
  return "[[peer]]\nname = \"p\"\nidentities = \"" + identities + "\"\nlocal_id = \"we\"\n" +
         lines + "\n";
}

Expected<Configuration> with(const std::string& text, const MemoryFiles& files = sample_files()) {
  return parse(text + kPorts + kCredentials, files);
}

void refused(const std::string& text, std::string_view where, std::string_view what) {
  INFO(text);
  check_refused(with(text), where, what);
}

// Whom the authenticator takes who logs in so for; empty where it is nobody.
std::string who_is(EapAuthenticator& by, const std::string& user, std::string_view password) {
  FixedRandom random;
  LocalAuthentication local{
      .kind = AuthenticationKind::Eap,
      .secret = std::make_shared<const SecretBytes>(
          ByteView(reinterpret_cast<const std::uint8_t*>(password.data()), password.size())),
      .credential = nullptr};
  local.user = user;
  const auto peer = ike::EapPeer::of(local, random).value();
  const auto conversation = by.begin(Identity::parse("x.org").value(), random);
  std::string who;
  std::vector<std::uint8_t> response;
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    conversation->take(response, [&](EapStep step) {
      if (const auto* const request = std::get_if<EapRequest>(&step)) {
        response = peer->answer(*ike::parse_eap_packet(request->packet)).value();
        goes_on = true;
      }
      if (const auto* const success = std::get_if<EapSuccess>(&step))
        who = to_string(success->identity);
    });
  }
  return who;
}

}  // namespace

TEST_CASE("EAP-05, MDYN-14: users have passwords in files, and an identity that they prove") {
  const auto configuration = with(
      aaa(kCarol +
          R"(, { name = "box 7", password = { file = "keys/psk" }, identity = "seven.example.org" })") +
      peer_with("auth = { eap = \"subscribers\" }\n" + kOurs) +
      "[[peer]]\nname = \"seven\"\nidentities = \".example.org\"\nlocal_id = \"we\"\n"
      "auth = { eap = \"subscribers\" }\n" +
      kOurs);
  INFO(said(configuration));
  REQUIRE(configuration);
  REQUIRE(configuration->aaa.size() == 1);
  const AaaConfig& config = configuration->aaa.front();
  CHECK(config.name == "subscribers");
  CHECK_FALSE(config.ask_identity);
  REQUIRE(config.users.size() == 2);
  CHECK(config.users[1].name == "box 7");
  CHECK(config.users[1].password.file == "/etc/sallyport/keys/psk");
  EapAuthenticator& by = *config.authenticator;
  CHECK(by.name() == "subscribers");
  CHECK(who_is(by, "carol@example.org", "open sesame, says Carol") == "carol@example.org");
  CHECK(who_is(by, "box 7", kSamplePsk) == "seven.example.org");
  CHECK(who_is(by, "box 7", "open sesame, says Carol").empty());
  CHECK(who_is(by, "seven.example.org", kSamplePsk).empty());
  const Peer& peer = configuration->peers[0].peer;
  REQUIRE(peer.remote.size() == 1);
  CHECK(peer.remote[0].kind == AuthenticationKind::Eap);
  CHECK(peer.remote[0].eap == config.authenticator);
  CHECK_FALSE(warns(*configuration, "users: "));
}

TEST_CASE("EAP-05: whether an identity is asked for is the operator's to say") {
  const auto asked = with(aaa(kCarol, "ask_identity = true\n") +
                          peer_with("auth = { eap = \"subscribers\" }\n" + kOurs));
  INFO(said(asked));
  REQUIRE(asked);
  CHECK(asked->aaa[0].ask_identity);
  CHECK(who_is(*asked->aaa[0].authenticator, "carol@example.org", "open sesame, says Carol") ==
        "carol@example.org");
  refused(aaa(kCarol, "ask_identity = 1\n"), "4:16", "ask_identity: ");
}

TEST_CASE("EAP-01: we log in by a user and a password") {
  const auto configuration =
      with(peer_with("auth = { authorities = \"root\" }\n"
                     "local_auth = { eap = { user = \"we@example.net\", password = { file = "
                     "\"keys/carol\" } } }"));
  INFO(said(configuration));
  REQUIRE(configuration);
  const PeerConfig& config = configuration->peers[0];
  CHECK(config.peer.local.kind == AuthenticationKind::Eap);
  CHECK(config.peer.local.user == "we@example.net");
  CHECK(holds(config.peer.local.secret, "open sesame, says Carol"));
  CHECK(config.local_sources.secret.file == "/etc/sallyport/keys/carol");
}

TEST_CASE("EAP-01: who is not known by the identity that he proves draws a warning") {
  const std::string eap = peer_with("auth = { eap = \"subscribers\" }\n" + kOurs);
  const auto nobody = with(
      aaa(R"({ name = "carol", identity = "carol.example.net", password = { file = "keys/carol" } })") +
      eap);
  INFO(said(nobody));
  REQUIRE(nobody);
  CHECK(warns(*nobody,
              ":3:9: users: \"carol\" is carol.example.net, which is no peer with auth = { "
              "eap = \"subscribers\" }"));
  // The first entry that has the identity asks for something else.
  const auto other = with(aaa(kCarol) +
                          "[[peer]]\nname = \"q\"\nidentities = \"carol@example.org\"\n"
                          "local_id = \"we\"\npsk = { file = \"keys/psk\" }\n" +
                          eap);
  INFO(said(other));
  REQUIRE(other);
  CHECK(warns(*other, "users: \"carol@example.org\" is carol@example.org, which is no peer"));
  const auto unused = with(aaa(kCarol));
  REQUIRE(unused);
  CHECK(warns(*unused, ":2:8: no peer names aaa \"subscribers\""));
}

TEST_CASE("EAP-01: users that are none are refused, and their passwords never shown") {
  refused("[[aaa]]\nname = \"x\"\n", "1:1", "[[aaa]] has no users");
  refused("[[aaa]]\nname = \"x\"\nusers = []\n", "3:9", "users: the list is empty");
  refused("[[aaa]]\nusers = " + kCarol + "\n", "1:1", "[[aaa]] has no name");
  refused(aaa("{ name = \"carol@example.org\" }"), "3:10", "a user has no password");
  refused(aaa("{ password = { file = \"keys/carol\" } }"), "3:10", "a user has no name");
  refused(aaa(R"({ name = "", password = { file = "keys/carol" }, identity = "x.org" })"), "3:19",
          "name: the text is empty");
  refused(aaa("{ name = \"" + std::string(257, 'x') + "\", password = { file = \"keys/carol\" } }"),
          "3:19", "is no name of a user");
  refused(aaa(R"({ name = "a b", password = { file = "keys/carol" } })"), "3:19", "name: ");
  refused(aaa(R"({ name = "a", identity = "a b", password = { file = "keys/carol" } })"), "3:35",
          "identity: ");
  refused(aaa(kCarol + ", " + kCarol), "3:87", "\"carol@example.org\" stands twice");
  refused(aaa(R"({ name = "a.org", password = { file = "keys/none" } })"), "3:48",
          "password: /etc/sallyport/keys/none: No such file");
  refused(aaa(R"({ name = "a.org", password = "secret" })"), "3:39", "password: text is not a key");
  refused(aaa(R"({ name = "a.org", password = { text = "secret" } })"), "3:48",
          "stands in the configuration itself");
  refused(aaa(kCarol) + aaa(kCarol), "5:8", "subscribers");
  MemoryFiles files = sample_files();
  files.secrets["/etc/sallyport/keys/carol"] = "\xff\xfe";
  check_refused(with(aaa(kCarol), files), "3:51", "password: the password is not UTF-8");
  const auto weak = [&] {
    files.secrets["/etc/sallyport/keys/carol"] = "sesame";
    return with(aaa(kCarol), files);
  }();
  REQUIRE(weak);
  CHECK(warns(*weak, "a key of 6 octets can be guessed"));
}

TEST_CASE("EAP-01, PAD-07: EAP stands alone in its table, beside a public key of the other side") {
  const std::string table = aaa(kCarol);
  const std::string by_eap = "auth = { eap = \"subscribers\" }\n";
  const auto peer = [&](const std::string& lines) { return with(table + peer_with(lines)); };
  const auto wrong = [&](const std::string& lines, std::string_view where, std::string_view what) {
    INFO(lines);
    check_refused(peer(lines), where, what);
  };
  wrong(kOurs + "auth = { eap = \"subscriber\" }", "9:16",
        "eap: there is no [[aaa]] \"subscriber\" (did you mean \"subscribers\"?)");
  wrong(kOurs + "auth = { eap = \"subscribers\", authorities = \"root\" }", "9:45",
        "authorities has no meaning beside eap");
  wrong(kOurs + "auth = { eap = \"subscribers\", psk = { file = \"keys/psk\" } }", "9:16",
        "eap has no meaning beside psk");
  wrong(kOurs + "auth = { eap = \"subscribers\", null = true }", "9:16",
        "eap has no meaning beside null");
  wrong(by_eap + "local_auth = { psk = { file = \"keys/psk\" } }", "4:1",
        "EAP goes with a side that is not authenticated by public key");
  const std::string login = "eap = { user = \"x\", password = { file = \"keys/carol\" } }";
  wrong("auth = { psk = { file = \"keys/psk\" } }\nlocal_auth = { " + login + " }", "4:1",
        "EAP goes with a side that is not authenticated by public key");
  const std::string root = "auth = { authorities = \"root\" }\n";
  wrong(root + "local_auth = { " + login + ", credential = \"gateway\" }", "9:87",
        "credential has no meaning beside eap");
  wrong(root + "local_auth = { eap = { user = \"x\" } }", "9:22", "eap has no password");
  wrong(root + "local_auth = { eap = { password = { file = \"keys/carol\" } } }", "9:22",
        "eap has no user");
  wrong(root + "local_auth = { eap = true }", "9:22", "eap is");
  CHECK(peer(by_eap + kOurs));
  CHECK(peer("auth = [{ eap = \"subscribers\" }, { authorities = \"root\" }]\n" + kOurs));
  wrong("auth = [{ eap = \"subscribers\" }, { eap = \"subscribers\" }]\n" + kOurs, "4:1",
        "eap stands twice");
}

TEST_CASE("BOOT-10: who says which home address is whose is within, or not asked") {
  // A server beyond this process would have to prove itself, and there is no way for that yet.
  const std::string there = " = { server = \"192.0.2.9\" }\n";
  refused(aaa(kCarol, "radius" + there), "4:10", "radius in [[aaa]] is not available");
  refused(aaa(kCarol, "diameter" + there), "4:12", "diameter in [[aaa]] is not available");
  CHECK(with(aaa(kCarol)));
}

}  // namespace sallyport::config_eap_test
