#include "bench/ike_parties.h"

#include <fmt/format.h>
#include <malloc.h>

#include <ctime>
#include <utility>

#include "tests/support/test_pki.h"

namespace sallyport::bench {
namespace {

std::chrono::nanoseconds processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::int64_t heap_in_use() { return static_cast<std::int64_t>(mallinfo2().uordblks); }

std::shared_ptr<const SecretBytes> secret() {
  constexpr std::string_view kSecret = "a secret that many share";
  return std::make_shared<const SecretBytes>(
      ByteView(reinterpret_cast<const std::uint8_t*>(kSecret.data()), kSecret.size()));
}

IkeProposal proposal(Group group) {
  return {.ciphers = {Cipher::AesGcm16_128},
          .integrities = {},
          .prfs = {Prf::HmacSha256},
          .groups = {group}};
}

Policy policy(const Endpoints& endpoints, const char* local, const char* remote) {
  Policy policy;
  policy.name = "all";
  policy.action = PolicyAction::Protect;
  policy.selectors = {{.local = {AddressRange::parse(local).value()},
                       .remote = {AddressRange::parse(remote).value()}}};
  policy.protect.emplace();
  policy.protect->endpoints = endpoints;
  policy.protect->proposals = {{Cipher::AesGcm16_128, Integrity::None}};
  return policy;
}

// Either side of the methods: how it proves itself, and how the other is to.
struct Proofs {
  RemoteAuthentication remote;
  LocalAuthentication local;
};

Proofs proofs(IkeMethod method, const std::string& name) {
  if (method == IkeMethod::Psk) {
    Proofs by;
    by.remote.secret = secret();
    by.local.secret = by.remote.secret;
    return by;
  }
  static const TestAuthority kAuthority;
  const TestKey key = method == IkeMethod::Ecdsa ? TestKey::EcP256 : TestKey::Rsa2048;
  TestIdentity own = kAuthority.issue({.subject = "C=CH, O=Bench, CN=" + name,
                                       .key = key,
                                       .extensions = {{"subjectAltName", "DNS:" + name}}});
  auto anchors = std::make_shared<TrustAnchors>();
  anchors->name = "root";
  anchors->certificates = {kAuthority.certificate()};
  Proofs by;
  by.remote.kind = AuthenticationKind::PublicKey;
  by.remote.anchors = {std::move(anchors)};
  by.local.kind = AuthenticationKind::PublicKey;
  by.local.credential = std::make_shared<const Credential>(
      Credential{name, std::move(own.key), {std::move(own.certificate)}});
  return by;
}

Peer peer(const IkeLoad& load, const std::string& identity, const std::string& local) {
  Proofs by = proofs(load.method, local);
  Peer peer;
  peer.name = identity;
  peer.identities = {IdentityPattern::parse(identity).value()};
  peer.local_identity = Identity::parse(local).value();
  peer.remote = {std::move(by.remote)};
  peer.local = std::move(by.local);
  peer.proposals = {proposal(load.group)};
  peer.initial_contact = false;
  peer.limits.ike_sas = 1'000'000;
  peer.timers.liveness = {};
  return peer;
}

}  // namespace

std::string_view to_string(IkeMethod method) noexcept {
  switch (method) {
    case IkeMethod::Psk:
      return "psk";
    case IkeMethod::Ecdsa:
      return "ecdsa-p256";
    case IkeMethod::Rsa:
      return "rsa-2048";
  }
  return {};
}

IkeParty::IkeParty(const Clock& clock, Random& random, Terms terms)
    : address_(terms.address), pad_(Pad::of(std::move(terms.peers)).value()) {
  for (Policy& one : terms.policies)
    policies_.push_back(std::make_shared<const Policy>(std::move(one)));
  daemon_ = std::make_unique<ike::Daemon>(
      ike::Daemon::Parts{*this, *this, *this, *this, *this, *this, clock, random}, terms.settings);
}

IkeParty::~IkeParty() = default;

void IkeParty::run(const std::function<void()>& work) {
  const std::int64_t heap = weighs_ ? heap_in_use() : 0;
  const auto begun = processor_time();
  work();
  spent_ += processor_time() - begun;
  if (weighs_) kept_ += heap_in_use() - heap;
}

void IkeParty::send(const ike::Path& path, ByteView message) {
  sent_.push_back({path, ike::Octets(message.begin(), message.end())});
}

bool IkeParty::take_from(IkeParty& other) {
  if (other.sent_.empty()) return false;
  const Datagram datagram = std::move(other.sent_.front());
  other.sent_.pop_front();
  run([&] { daemon_->receive({datagram.path.remote, datagram.path.local}, datagram.message); });
  return true;
}

void IkeParty::poll() {
  run([&] { daemon_->poll(); });
}

Expected<void> IkeParty::install(const ike::ChildPlace&, std::vector<Sa> sas) {
  installed_ += sas.size();
  return {};
}

void IkeParty::report(const ike::Event& event) {
  if (event.kind == ike::EventKind::IkeFailed || event.kind == ike::EventKind::ChildFailed)
    ++failures_;
}

Expected<IkeTerms> make_terms(const IkeLoad& load) {
  const Address client = Address::v4(0xc0000201);  // 192.0.2.1
  const Address server = Address::v4(0xc0000202);
  IkeTerms terms;
  terms.initiator.address = client;
  terms.responder.address = server;
  Peer to_server = peer(load, "server.example.org", "client.example.org");
  to_server.locator.remote = server;
  to_server.may_claim = {AddressRange::parse("10.2.0.0/16").value()};
  terms.initiator.peers = {std::move(to_server)};
  Peer to_clients = peer(load, "client.example.org", "server.example.org");
  to_clients.may_claim = {AddressRange::parse("10.1.0.0/16").value()};
  terms.responder.peers = {std::move(to_clients)};
  terms.initiator.policies = {policy({client, server}, "10.1.0.0/16", "10.2.0.0/16")};
  terms.responder.policies = {policy({server, client}, "10.2.0.0/16", "10.1.0.0/16")};
  for (IkeParty::Terms* const side : {&terms.initiator, &terms.responder}) {
    side->settings.ike_sas = 1'000'000;
    side->settings.admission = {
        .cookie_threshold = 1'000'000, .half_open = 1'000'000, .half_open_per_source = 1'000'000};
  }
  return terms;
}

}  // namespace sallyport::bench
