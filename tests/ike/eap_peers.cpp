#include "tests/ike/eap_peers.h"

#include <utility>

namespace sallyport::ike::test {
namespace {

// A certificate would go in two fragments, and messages are counted here.
constexpr std::uint16_t kWhole = 4000;

// Made once: what tests have in common.
struct Certificates {
  TestAuthority authority = authority_of_today();
  std::shared_ptr<const Credential> bob = credential_of(issued_today(authority, "bob.example.org"));
  RemoteAuthentication trust = trust_in(authority);
};
const Certificates& certificates() {
  static const Certificates kCertificates;
  return kCertificates;
}

}  // namespace

class FakeConversation final : public EapConversation {
 public:
  FakeConversation(FakeAaa& aaa, std::unique_ptr<EapConversation> table)
      : aaa_(aaa), table_(std::move(table)) {
    ++aaa_.open;
  }
  ~FakeConversation() override { --aaa_.open; }

  void take(ByteView response, Done done) override {
    if (!response.empty()) aaa_.heard.push_back(to_octets(response));
    table_->take(response, [this, done = std::move(done)](EapStep step) {
      if (const auto* const success = std::get_if<EapSuccess>(&step))
        aaa_.msks.push_back(to_octets(success->msk.view()));
      aaa_.alter(step);
      if (aaa_.at_once) return done(std::move(step));
      const auto held = std::make_shared<EapStep>(std::move(step));
      aaa_.waiting_.push_back([done, held, alive = std::weak_ptr<int>(alive_)] {
        if (!alive.expired()) done(std::move(*held));
      });
    });
  }

 private:
  FakeAaa& aaa_;
  std::unique_ptr<EapConversation> table_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

FakeAaa::FakeAaa(std::string name, LocalUsers::IdentityRound round)
    : name_(std::move(name)), round_(round) {}

void FakeAaa::add(const std::string& user, const std::string& password,
                  const std::string& identity) {
  entries_.push_back({user, password, identity});
}

std::unique_ptr<EapConversation> FakeAaa::begin(const Identity& identity, Random& random) {
  claimed.push_back(identity);
  LocalUsers::Users users;
  for (const Entry& one : entries_)
    users.emplace(one.user, LocalUser{nt_hash(octets_of(one.password)).value(),
                                      Identity::parse(one.identity).value()});
  LocalUsers table(name_, std::move(users), round_);
  return std::make_unique<FakeConversation>(*this, table.begin(identity, random));
}

void FakeAaa::answer_one() {
  REQUIRE_FALSE(waiting_.empty());
  const auto answer = std::move(waiting_.front());
  waiting_.pop_front();
  answer();
}

LocalAuthentication login(const std::string& user, const std::string& password) {
  LocalAuthentication by{.kind = AuthenticationKind::Eap,
                         .secret = std::make_shared<const SecretBytes>(octets_of(password)),
                         .credential = nullptr};
  by.user = user;
  return by;
}

RemoteAuthentication eap_by(std::shared_ptr<EapAuthenticator> authenticator) {
  RemoteAuthentication by{
      .kind = AuthenticationKind::Eap, .secret = nullptr, .anchors = {}, .raw_keys = {}};
  by.eap = std::move(authenticator);
  return by;
}

Peer eap_entry(const std::shared_ptr<FakeAaa>& aaa, const std::string& name,
               const std::string& identity, const std::string& claims) {
  Peer peer = psk_peer(name, identity, "bob.example.org", "unused");
  peer.remote = {eap_by(aaa)};
  peer.local = proof_by(certificates().bob);
  peer.may_claim = {AddressRange::parse(claims).value()};
  peer.fragment_bytes = kWhole;
  return peer;
}

std::shared_ptr<FakeAaa> authenticate_by_eap(TwoPeers& two, LocalUsers::IdentityRound round) {
  auto aaa = std::make_shared<FakeAaa>("aaa", round);
  aaa->add("alice", "open sesame", "alice.example.org");
  change_entry(two.alice, [&](Peer& peer) {
    peer.local = login("alice", "open sesame");
    peer.remote = {certificates().trust};
    peer.fragment_bytes = kWhole;
  });
  two.bob.set_peers({eap_entry(aaa, "alice", "alice.example.org", "192.0.2.0/24")});
  return aaa;
}

EapPeers::EapPeers(std::unique_ptr<TwoPeers> peers, LocalUsers::IdentityRound round)
    : owned(std::move(peers)), two(*owned), aaa(authenticate_by_eap(two, round)) {}

void EapPeers::exchange(unsigned rounds) {
  for (unsigned round = 0; round < rounds; ++round) {
    REQUIRE(two.deliver(two.alice));
    REQUIRE(two.deliver(two.bob));
  }
}

bool EapPeers::comes_up() { return test::comes_up(two); }

void begin(EapPeers& eap) { REQUIRE(eap.two.alice.daemon->initiate("net")); }

void begin_rounds(EapPeers& eap) {
  begin(eap);
  eap.exchange(2);
}

void begin_proofs(EapPeers& eap) {
  begin_rounds(eap);
  eap.exchange(2);
}

EapPacket packet_of(const Message& message) { return parse_eap_packet(*message.eap).value(); }

const std::string& failure_of(const Node& node) {
  REQUIRE(node.last(EventKind::IkeFailed) != nullptr);
  return node.last(EventKind::IkeFailed)->detail;
}

void check_over(EapPeers& eap) {
  eap.two.settle();
  CHECK(eap.two.alice.daemon->size() == 0);
  CHECK(eap.two.bob.daemon->size() == 0);
  CHECK(eap.two.bob.daemon->half_open() == 0);
  CHECK(eap.two.alice.installer.sas.empty());
  CHECK(eap.two.bob.installer.sas.empty());
  eap.two.pass(std::chrono::seconds(100));
  CHECK(eap.two.bob.daemon->answering() == 0);
  CHECK(eap.aaa->open == 0);
}

void check_alice_leaves(EapPeers& eap, const Impostor& as_bob, std::string_view why) {
  CHECK_THAT(failure_of(eap.two.alice), Catch::Contains(std::string(why)));
  REQUIRE(eap.two.alice.sent.size() == 1);
  const auto said = as_bob.hears(eap.two.alice.sent.front());
  REQUIRE(said);
  CHECK(said->header.exchange == ExchangeType::Informational);
  CHECK(said->message.find(NotifyType::AuthenticationFailed) != nullptr);
  CHECK(eap.two.alice.daemon->size() == 0);
}

}  // namespace sallyport::ike::test
