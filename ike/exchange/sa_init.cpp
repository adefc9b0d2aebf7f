#include "ike/exchange/sa_init.h"

#include <fmt/format.h>

#include <algorithm>

#include "ike/auth/proof.h"
#include "ike/exchange/auth.h"
#include "ike/exchange/auth_steps.h"
#include "ike/exchange/key_agreement.h"
#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

// Cookies and changes of group in one attempt: a loop somebody else may keep going (IKE-42).
constexpr unsigned kMostRetries = 8;
// After an error that anybody may have forged a genuine answer is still waited for (IKE-44).
constexpr Duration kRefusalGrace = std::chrono::seconds(2);

// Hashes that signatures may be made with towards us: never SHA-1 (AUTH-03, AUTH-04).
Octets our_hashes() {
  Octets list;
  for (const SignatureHash hash : {SignatureHash::Sha256, SignatureHash::Sha384,
                                   SignatureHash::Sha512, SignatureHash::Identity})
    append(list, static_cast<std::uint16_t>(hash));
  return list;
}

// Who the peer is, is not known yet: what one of those that it could be may have, is offered.
bool is_offered_to_some(std::span<const Pad::Entry> candidates, Offer Peer::* what) {
  return std::ranges::any_of(candidates,
                             [=](const Pad::Entry& peer) { return *peer.*what == Offer::Yes; });
}

// What both sides say of themselves in IKE_SA_INIT.
void append_abilities(PayloadChain& payloads, Offer fragmentation) {
  if (fragmentation == Offer::Yes) payloads.notify(NotifyType::FragmentationSupported);
  payloads.notify(NotifyType::SignatureHashAlgorithms, our_hashes());
}

void note_abilities(IkeSa& sa, const Message& message) {
  sa.abilities.fragmentation = message.find(NotifyType::FragmentationSupported) != nullptr;
  if (const Notify* const hashes = message.find(NotifyType::SignatureHashAlgorithms))
    for (std::size_t at = 0; at + 2 <= hashes->data.size(); at += 2)
      sa.abilities.hashes.push_back(
          static_cast<SignatureHash>(load_be<std::uint16_t>(hashes->data.data() + at)));
  note_certificate_requests(sa.abilities, message);
}

KeyInputs inputs_of(const IkeSa& sa) {
  return {.initiator_nonce = sa.initial->initiator_nonce,
          .responder_nonce = sa.initial->responder_nonce,
          .initiator_spi = sa.initiator_spi,
          .responder_spi = sa.responder_spi};
}

class SaInit final : public Exchange, public std::enable_shared_from_this<SaInit> {
 public:
  SaInit(Session& session, std::optional<ChildRequest> child)
      : session_(session),
        child_(std::move(child)),
        groups_(groups_of(session.sa.peer->proposals)),
        group_(groups_.front()) {}

  // Makes a private value and sends the request.
  void start() {
    session_.compute_for<KeyPair>(
        shared_from_this(), [group = group_] { return make_key_pair(group); },
        [self = shared_from_this()](KeyPair key) {
          if (!key) return self->fail("no private value to be had");
          self->key_ = std::move(key);
          self->send();
        });
  }

  ExchangeType type() const noexcept override { return ExchangeType::IkeSaInit; }
  void write(PayloadChain& payloads) override;
  void on_response(const Message& response) override;
  void on_no_response(NoResponse why) override {
    refuse_child(
        session_, child_,
        why == NoResponse::TimedOut ? "the peer does not answer" : "the IKE SA did not come to be");
  }

 private:
  // Every attempt has message ID 0 (IKE-26).
  void send() {
    session_.requests().start_at(0);
    session_.begin(shared_from_this());
  }
  void fail(const std::string& why) {
    refuse_child(session_, child_, why);
    session_.end(why);
  }
  // With everything but the cookie and the group as it was (IKE-42), the request is sent anew;
  // false where that was too often, and what is outstanding stays so: the answers may all be
  // forged.
  [[nodiscard]] bool may_retry();
  void on_cookie(const Notify& cookie);
  void on_other_group(const Notify& other);
  void on_refusal(const Notify& error);
  void accept(const Message& response, const ChosenIke& chosen);
  void on_keys(Agreement secret);

  Session& session_;
  std::optional<ChildRequest> child_;
  std::vector<Group> groups_;
  Group group_;
  KeyPair key_;
  Octets cookie_;
  unsigned retries_{};
  bool refused_{};
};

void SaInit::write(PayloadChain& payloads) {
  const IkeSa& sa = session_.sa;
  if (!cookie_.empty()) payloads.notify(NotifyType::Cookie, cookie_);
  payloads.sa(offer_ike(sa.peer->proposals, {}));
  payloads.key_exchange(facts(group_).ike_id, key_->public_value());
  payloads.nonce(sa.initial->initiator_nonce);
  if (sa.peer->nat_traversal != NatTraversal::Off)
    append_nat_detection(
        payloads, sa.path, sa.initiator_spi, {},
        sa.peer->nat_traversal == NatTraversal::Force ? NatHashes::Forced : NatHashes::True);
  append_abilities(payloads, sa.peer->fragmentation);
}

bool SaInit::may_retry() {
  if (retries_ == kMostRetries) return false;
  ++retries_;
  refused_ = false;
  static_cast<void>(session_.requests().take(0));
  return true;
}

void SaInit::on_cookie(const Notify& cookie) {
  if (cookie.data.empty() || cookie.data.size() > 64 || cookie.data == cookie_) return;
  if (!may_retry()) return;
  cookie_ = cookie.data;
  send();
}

void SaInit::on_other_group(const Notify& other) {
  const auto group = other_group(other, groups_, group_);
  if (!group || !may_retry()) return;  // IKE-43
  group_ = *group;
  start();
}

void SaInit::on_response(const Message& response) {
  if (session_.sa.state != IkeState::InitSent || session_.sa.keys) return;
  if (const Notify* const cookie = response.find(NotifyType::Cookie);
      cookie != nullptr && !response.sa)
    return on_cookie(*cookie);
  if (const Notify* const other = response.find(NotifyType::InvalidKePayload))
    return on_other_group(*other);
  if (const Notify* const error = response.error()) return on_refusal(*error);
  if (!response.sa || !response.key_exchange || !response.nonce ||
      session_.sa.responder_spi == IkeSpi{})
    return;
  const auto chosen = accept_ike(session_.sa.peer->proposals, *response.sa);
  if (!chosen || chosen->suite.group != group_ ||
      response.key_exchange->group != facts(group_).ike_id)
    return;
  accept(response, *chosen);
}

void SaInit::on_refusal(const Notify& error) {
  if (std::exchange(refused_, true)) return;
  const std::string why = fmt::format("{} from the peer", name_of(error.type));
  session_.after(kRefusalGrace, [self = weak_from_this(), why] {
    const auto init = self.lock();
    if (init && init->refused_ && !init->session_.sa.keys) init->session_.end(why);
  });
}

void SaInit::accept(const Message& response, const ChosenIke& chosen) {
  IkeSa& sa = session_.sa;
  refused_ = false;
  const auto self = session_.requests().take(0);
  sa.suite = chosen.suite;
  sa.initial->responder_nonce = *response.nonce;
  note_abilities(sa, response);
  if (sa.peer->fragmentation == Offer::No) sa.abilities.fragmentation = false;
  if (sa.peer->nat_traversal != NatTraversal::Off) {
    sa.nat = detect_nat(response, sa.path, sa.initiator_spi, sa.responder_spi);
    if (sa.peer->nat_traversal == NatTraversal::Force) sa.nat.here = true;
  }
  session_.compute_for<Agreement>(
      shared_from_this(),
      [key = key_, value = response.key_exchange->data] { return key->agree(value); },
      [me = shared_from_this()](Agreement secret) { me->on_keys(std::move(secret)); });
}

void SaInit::on_keys(Agreement secret) {
  IkeSa& sa = session_.sa;
  if (!secret) return fail(to_string(secret.error()));
  session_.take_keys(derive_keys(sa.suite, secret->view(), inputs_of(sa)));
  // From here on by 4500, where there is a NAT or the peer may come to be behind one (IKE-47,
  // MOBIKE-01).
  const bool floats =
      sa.nat.any() || (sa.nat.supported && sa.peer->mobility == PeerMobility::Mobike);
  if (floats && sa.path.remote.port == kIkePort) {
    sa.path.local.port = kIkeNatPort;
    sa.path.remote.port = kIkeNatPort;
  }
  sa.state = IkeState::AuthSent;
  session_.requests().start_at(1);
  begin_auth(session_, std::move(child_));
}

void respond(Session& session, const ChosenIke& chosen, ByteView public_value) {
  const IkeSa& sa = session.sa;
  PayloadChain payloads;
  payloads.sa({&chosen.answer, 1});
  payloads.key_exchange(facts(chosen.suite.group).ike_id, public_value);
  payloads.nonce(sa.initial->responder_nonce);
  append_nat_detection(payloads, sa.path, sa.initiator_spi, sa.responder_spi, NatHashes::True);
  const auto candidates = session.my.peers.pad().candidates(sa.path.remote.address);
  const bool fragments =
      sa.abilities.fragmentation && is_offered_to_some(candidates, &Peer::fragmentation);
  append_abilities(payloads, fragments ? Offer::Yes : Offer::No);
  if (is_offered_to_some(candidates, &Peer::childless))
    payloads.notify(NotifyType::ChildlessIkev2Supported);
  append_certificate_requests(payloads, candidates, lookup_of(session));
  session.respond(ExchangeType::IkeSaInit, 0, payloads);
}

Octets fresh_nonce(Random& random) {
  Octets nonce(kNonceBytes);
  random.fill(nonce);
  return nonce;
}

}  // namespace

std::shared_ptr<Session> initiate(const Surroundings& surroundings, Pad::Entry peer,
                                  const Path& path, std::optional<ChildRequest> child) {
  IkeSa sa{.number = surroundings.registry.next_number(),
           .side = Side::Initiator,
           .initiator_spi = surroundings.registry.allocate_spi(),
           .state = IkeState::InitSent,
           .path = path,
           .initial = std::make_unique<InitialExchange>(),
           .peer = std::move(peer),
           .made = surroundings.clock.now()};
  sa.local_identity = sa.peer->local_identity;
  sa.initial->initiator_nonce = fresh_nonce(surroundings.random);
  const auto session = std::make_shared<Session>(surroundings, std::move(sa));
  surroundings.registry.add(session);
  std::make_shared<SaInit>(*session, std::move(child))->start();
  return session;
}

std::variant<InitTerms, Notify> judge_init(const InitRequest& request,
                                           std::span<const IkeProposal> acceptable) {
  const Message& message = request.message;
  if (!message.sa || !message.key_exchange || !message.nonce)
    return Notify{.type = NotifyType::InvalidSyntax};
  auto chosen = choose_ike(acceptable, *message.sa, message.key_exchange->group);
  if (!chosen) return Notify{.type = NotifyType::NoProposalChosen};
  const std::uint16_t group = facts(chosen->suite.group).ike_id;
  if (group != message.key_exchange->group) return wants_group(chosen->suite.group);
  return InitTerms{std::move(*chosen)};
}

void take_up(const Surroundings& surroundings, const InitRequest& request, InitTerms terms) {
  IkeSa sa{.number = surroundings.registry.next_number(),
           .side = Side::Responder,
           .initiator_spi = request.header.initiator_spi,
           .responder_spi = surroundings.registry.allocate_spi(),
           .state = IkeState::AuthExpected,
           .suite = terms.chosen.suite,
           .path = request.path,
           .initial = std::make_unique<InitialExchange>(),
           .first_remote = request.path.remote,
           .counted_half_open = true,
           .made = surroundings.clock.now()};
  sa.initial->request.assign(request.datagram.begin(), request.datagram.end());
  sa.initial->initiator_nonce = *request.message.nonce;
  sa.initial->responder_nonce = fresh_nonce(surroundings.random);
  sa.nat = detect_nat(request.message, request.path, sa.initiator_spi, {});
  note_abilities(sa, request.message);
  const auto session = std::make_shared<Session>(surroundings, std::move(sa));
  surroundings.registry.add(session);
  session->limit_half_open();
  session->responses().take(0);
  session->compute<ResponderKeys>(
      [group = terms.chosen.suite.group, value = request.message.key_exchange->data] {
        return make_responder_keys(group, value);
      },
      [session = session.get(), chosen = std::move(terms.chosen)](ResponderKeys made) {
        if (!made.secret) return session->end(to_string(made.secret.error()));
        const IkeSa& sa = session->sa;
        session->take_keys(derive_keys(sa.suite, made.secret->view(), inputs_of(sa)));
        respond(*session, chosen, made.public_value);
      });
}

}  // namespace sallyport::ike
