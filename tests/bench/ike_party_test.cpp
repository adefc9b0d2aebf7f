// A load run in small: both sides of it in this process, by sockets and by a queue.
#include "bench/ike_party.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "bench/ike_in_process.h"
#include "bench/ike_installers.h"
#include "bench/process_cost.h"
#include "bench/udp_datagrams.h"

namespace sallyport::bench::ike_party_test {
namespace {

const Address kHere = Address::v4(0x7f000001);
constexpr Duration kLongEnough = std::chrono::seconds(10);

BothIdentities identities_for(const IkeKind& kind) {
  constexpr unsigned kCertificates = 2;
  if (kind.method == IkeMethod::Psk) return shared_secret_of_both();
  return both_of(make_pki(kind.method, kCertificates)).value();
}

// A party with its sockets.
struct Station {
  explicit Station(Random& random, ike::SaInstaller& installer)
      : datagrams(UdpDatagrams::open(kHere, {.ike = 0, .nat = 0}).value()),
        party({clock, random, *datagrams, installer}) {}

  // Takes what is there, or what comes soon.
  void turn() {
    datagrams->wait(kLongEnough);
    while (datagrams->receive([this](const ike::Path& path, ByteView message) {
      party.daemon().receive(path, message);
    }) != 0)
      continue;
    datagrams->flush();
  }

  SystemClock clock;
  std::unique_ptr<UdpDatagrams> datagrams;
  IkeParty party;
};

}  // namespace

TEST_CASE("peers with identities of their own make IKE SAs with one responder, by sockets") {
  const auto& kind = GENERATE(from_range(kIkeKinds));
  INFO(kind.name);
  auto random = SystemRandom::open().value();
  const BothIdentities identities = identities_for(kind);
  SadInstaller sad(random, 8);
  ForgetfulInstaller forgetful;
  Station responder(random, sad);
  Station initiator(random, forgetful);
  REQUIRE(responder.party.adopt(server_terms(kind, identities.responder)));
  std::vector<std::string> up;
  initiator.party.on_event([&](const ike::Event& event) {
    if (event.kind == ike::EventKind::ChildUp) up.push_back(event.peer);
  });
  for (unsigned number = 0; number < 3; ++number) {
    IkeTerms terms = client_terms(kind, identities.initiator, {kHere, kHere}, number);
    terms.peer.locator.remote_port = responder.datagrams->ports().ike;
    terms.peer.nat_traversal = NatTraversal::Off;  // the ports stand for others
    REQUIRE(initiator.party.initiate(std::move(terms)));
    initiator.datagrams->flush();
    responder.turn();
    initiator.turn();
    responder.turn();
    initiator.turn();
  }
  CHECK(up == std::vector<std::string>{"0", "1", "2"});
  CHECK(responder.party.daemon().size() == 3);
  CHECK(responder.party.failures() == 0);
  CHECK(sad.pairs() == 3);
  std::vector<std::string> names;
  responder.party.daemon().for_each(
      [&](const ike::IkeSa& sa) { names.push_back(to_string(sa.remote_identity)); });
  std::ranges::sort(names);
  const std::string third = kind.method == IkeMethod::Psk ? "2" : "0";  // certificates go round
  std::vector<std::string> expected{"0.clients.example.org", "1.clients.example.org",
                                    third + ".clients.example.org"};
  std::ranges::sort(expected);
  CHECK(names == expected);
}

TEST_CASE("each client has a host of its own behind it") {
  const auto identities = shared_secret_of_both();
  const auto terms = client_terms(kIkeKinds.front(), identities.initiator, {kHere, kHere}, 70'000);
  REQUIRE(terms.policy.selectors.size() == 1);
  const AddressRange& host = terms.policy.selectors.front().local.front();
  CHECK(to_string(host.first) == "10.1.17.113");
  CHECK(host.first == host.last);
}

TEST_CASE("what a responder's SAD has no room for does not come to be") {
  auto random = SystemRandom::open().value();
  const auto identities = shared_secret_of_both();
  SadInstaller sad(random, 1);
  ForgetfulInstaller forgetful;
  Station responder(random, sad);
  Station initiator(random, forgetful);
  REQUIRE(responder.party.adopt(server_terms(kIkeKinds.front(), identities.responder)));
  for (unsigned number = 0; number < 2; ++number) {
    IkeTerms terms = client_terms(kIkeKinds.front(), identities.initiator, {kHere, kHere}, number);
    terms.peer.locator.remote_port = responder.datagrams->ports().ike;
    terms.peer.nat_traversal = NatTraversal::Off;
    REQUIRE(initiator.party.initiate(std::move(terms)));
    initiator.datagrams->flush();
    responder.turn();
    initiator.turn();
    responder.turn();
    initiator.turn();
  }
  CHECK(sad.pairs() == 1);
  CHECK(responder.party.failures() == 1);
  CHECK(initiator.party.failures() == 1);
}

TEST_CASE("in one process every kind of IKE SA costs something, in time and in memory") {
  const auto& kind = GENERATE(from_range(kIkeKinds));
  INFO(kind.name);
  auto random = SystemRandom::open().value();
  const auto identities = identities_for(kind);
  const auto cost = measure_in_process(kind, identities, 3, random);
  REQUIRE(cost);
  CHECK(cost->responder_microseconds > 0);
  CHECK(cost->initiator_microseconds > 0);
}

TEST_CASE("keys and certificates come back from the folder that they were written to") {
  char folder[] = "/tmp/sallyport-ike-pki-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const IkePki made = make_pki(IkeMethod::Ecdsa, 3);
  REQUIRE(write_pki(made, folder));
  const auto read = read_pki(folder);
  std::filesystem::remove_all(folder);
  REQUIRE(read);
  CHECK(read->authority == made.authority);
  CHECK(read->clients.keys == made.clients.keys);
  const auto clients = identities_of(*read, ike::Side::Initiator);
  REQUIRE(clients);
  REQUIRE(clients->credentials.size() == 3);
  for (const auto& credential : clients->credentials) CHECK(validate(*credential));
  CHECK(!read_pki(folder));
}

TEST_CASE("another process's time and memory can be told, and none of one that is not there") {
  const auto own = cost_of(getpid());
  REQUIRE(own);
  CHECK(own->processor.count() > 0);
  CHECK(own->resident > 0);
  CHECK(!cost_of(0x7ffffff0));
}

}  // namespace sallyport::bench::ike_party_test
