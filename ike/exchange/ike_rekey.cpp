#include "ike/exchange/ike_rekey.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ike/auth/proof.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/key_agreement.h"
#include "ike/exchange/mobike.h"
#include "ike/rekey_collision.h"
#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

Octets octets_of(IkeSpi spi) {
  Octets octets;
  append(octets, spi.value);
  return octets;
}

struct Succession {
  Side side{};
  Suite suite;
  IkeSpi ours{};
  IkeSpi theirs{};
  Octets initiator_nonce;  // of the exchange
  Octets responder_nonce;
};

// The successor with keys of its own, and everything else as the old one has it but children.
std::shared_ptr<Session> succeed(Session& old, const Succession& next, ByteView secret) {
  const bool initiator = next.side == Side::Initiator;
  IkeSa sa{.number = old.my.registry.next_number(),
           .line = old.sa.line != 0 ? old.sa.line : old.sa.number,
           .side = next.side,
           .initiator_spi = initiator ? next.ours : next.theirs,
           .responder_spi = initiator ? next.theirs : next.ours,
           .state = IkeState::Established,
           .suite = next.suite,
           .path = old.sa.path,
           .nat = old.sa.nat,
           .abilities = old.sa.abilities,
           .mobility = inherited(old.sa.mobility),
           .datagram_bytes = old.sa.datagram_bytes,
           .initial = nullptr,
           .peer = old.sa.peer,
           .local_identity = old.sa.local_identity,
           .remote_identity = old.sa.remote_identity,
           .assigned = old.sa.assigned,
           .home = old.sa.home,
           .made = old.now(),
           .authenticated = old.sa.authenticated,  // REAUTH-03
           .credentials_end = old.sa.credentials_end,
           .lowest_nonce = lower_nonce(next.initiator_nonce, next.responder_nonce)};
  IkeKeys keys = derive_rekeyed(next.suite, old.sa.suite.prf, old.sa.keys->d.view(), secret,
                                {.initiator_nonce = next.initiator_nonce,
                                 .responder_nonce = next.responder_nonce,
                                 .initiator_spi = sa.initiator_spi,
                                 .responder_spi = sa.responder_spi});
  const auto successor = std::make_shared<Session>(old.my, std::move(sa));
  successor->take_keys(std::move(keys));
  old.my.registry.add(successor);
  successor->establish();
  return successor;
}

class IkeRekey final : public Exchange, public std::enable_shared_from_this<IkeRekey> {
 public:
  explicit IkeRekey(Session& session)
      : session_(session),
        group_(session.sa.suite.group),
        spi_(session.my.registry.allocate_spi()),
        nonce_(kNonceBytes) {
    session.my.random.fill(nonce_);
  }

  void start();
  ExchangeType type() const noexcept override { return ExchangeType::CreateChildSa; }
  void write(PayloadChain& payloads) override {
    payloads.sa(offer_ike(session_.sa.peer->proposals, octets_of(spi_)));
    payloads.nonce(nonce_);
    payloads.key_exchange(facts(group_).ike_id, key_->public_value());
  }
  void on_response(const Message& response) override;
  void on_no_response(NoResponse) override {}

 private:
  void on_error(const Notify& error);
  void retry_later();
  void conclude(const ChosenIke& chosen, const Octets& peer_nonce, ByteView secret);

  Session& session_;
  Group group_;
  IkeSpi spi_;
  Octets nonce_;
  KeyPair key_;
  bool regrouped_{};
};

void IkeRekey::start() {
  session_.compute<KeyPair>([group = group_] { return make_key_pair(group); },
                            [self = shared_from_this()](KeyPair key) {
                              if (!key) return self->session_.close("no private value to be had");
                              self->key_ = std::move(key);
                              self->session_.begin(self);
                            });
}

void IkeRekey::on_error(const Notify& error) {
  IkeSa& sa = session_.sa;
  const auto group = other_group(error, groups_of(sa.peer->proposals), group_);
  if (group && !std::exchange(regrouped_, true)) {
    group_ = *group;
    return start();
  }
  // The peer was replacing it itself, and has: its successor is the one.
  if (may_settle_for_rival(sa)) return settle_for_rival(session_);
  if (sa.state == IkeState::Rekeying) sa.state = IkeState::Established;
  if (error.type == NotifyType::TemporaryFailure) return retry_later();
  session_.close(fmt::format("{} to an IKE rekey", name_of(error.type)));
}

void IkeRekey::retry_later() {
  const auto wait = session_.wait_after_temporary_failure();
  if (!wait) return session_.close("TEMPORARY_FAILURE from the peer for too long");
  session_.after(*wait, [&session = session_] { begin_ike_rekey(session); });
}

void IkeRekey::on_response(const Message& response) {
  if (const Notify* const error = response.error()) return on_error(*error);
  const auto chosen = response.sa ? accept_ike(session_.sa.peer->proposals, *response.sa)
                                  : std::optional<ChosenIke>{};
  const bool good = chosen && chosen->peer_spi.size() == 8 && response.nonce &&
                    response.key_exchange && chosen->suite.group == group_ &&
                    response.key_exchange->group == facts(group_).ike_id;
  if (!good) return session_.close("the answer to an IKE rekey is none of the offer");
  // What waits for its turn is not sent any more by the one that is about to go.
  session_.requests().pause();
  session_.compute<Agreement>(
      [key = key_, value = response.key_exchange->data] { return key->agree(value); },
      [self = shared_from_this(), chosen = *chosen, nonce = *response.nonce](Agreement secret) {
        if (secret) return self->conclude(chosen, nonce, secret->view());
        self->session_.requests().resume();
        self->session_.close(to_string(secret.error()));
      });
}

void IkeRekey::conclude(const ChosenIke& chosen, const Octets& peer_nonce, ByteView secret) {
  const IkeSpi theirs{load_be<std::uint64_t>(chosen.peer_spi.data())};
  const auto ours = succeed(session_,
                            {.side = Side::Initiator,
                             .suite = chosen.suite,
                             .ours = spi_,
                             .theirs = theirs,
                             .initiator_nonce = nonce_,
                             .responder_nonce = peer_nonce},
                            secret);
  if (session_.sa.state != IkeState::Rekeying) {  // it has been told to end meanwhile
    session_.requests().resume();
    ours->sa.state = IkeState::Rekeyed;
    return begin_ike_delete(*ours, "its predecessor has ended");
  }
  const auto rival = session_.sa.rival;
  if (rival && !rival->dead() &&
      survivor_of(ours->sa.lowest_nonce, rival->sa.lowest_nonce) == Survivor::Theirs) {
    settle_for_rival(session_);
    session_.requests().resume();
    ours->sa.state = IkeState::Rekeyed;
    return begin_ike_delete(*ours, "the peer's rekey has won");
  }
  session_.report(EventKind::IkeRekeyed, to_string(ours->sa.suite));
  hand_over(session_, *ours);
  session_.requests().resume();
  begin_ike_delete(session_, "rekeyed");
  // Who has begun the other one deletes it, unless it has never heard that it was made.
  if (rival)
    rival->after(session_.my.settings.retransmission.give_up,
                 [other = rival.get()] { other->end("rekeyed"); });
}

// Answers a request for a successor of the IKE SA.
class IkeRekeyAnswer : public std::enable_shared_from_this<IkeRekeyAnswer> {
 public:
  IkeRekeyAnswer(Session& session, MessageId id) : session_(session), id_(id) {}

  // It has a nonce and a KE payload.
  void start(const Message& request);

 private:
  void refuse(const Notify& notify) {
    session_.respond_with(ExchangeType::CreateChildSa, id_, notify);
  }
  [[nodiscard]] bool may_be_replaced() const;
  void finish(const ResponderKeys& made);
  void respond(const Session& successor, ByteView public_value);

  Session& session_;
  MessageId id_;
  ChosenIke chosen_{};
  Octets peer_nonce_;
  Octets nonce_ = Octets(kNonceBytes);
};

// Once, not while children come and go by our own doing (IKE-116), and no faster than the old ones
// go: successors are IKE SAs of the entry as others are.
bool IkeRekeyAnswer::may_be_replaced() const {
  const IkeSa& sa = session_.sa;
  const bool replaced = sa.rival && !sa.rival->dead();
  const bool busy = sa.child_exchanges > 0 && sa.state != IkeState::Rekeying;
  return sa.is_up() && !replaced && !busy &&
         session_.my.registry.count_of(*sa.peer) < 2 * std::size_t{sa.peer->limits.ike_sas};
}

void IkeRekeyAnswer::start(const Message& request) {
  if (!may_be_replaced()) return refuse({.type = NotifyType::TemporaryFailure});
  auto chosen = choose_ike(session_.sa.peer->proposals, *request.sa, request.key_exchange->group);
  if (!chosen || chosen->peer_spi.size() != 8)
    return refuse({.type = NotifyType::NoProposalChosen});
  const std::uint16_t group = facts(chosen->suite.group).ike_id;
  if (group != request.key_exchange->group) return refuse(wants_group(chosen->suite.group));
  chosen_ = std::move(*chosen);
  peer_nonce_ = *request.nonce;
  session_.my.random.fill(nonce_);
  session_.compute<ResponderKeys>(
      [group = chosen_.suite.group, value = request.key_exchange->data] {
        return make_responder_keys(group, value);
      },
      [self = shared_from_this()](ResponderKeys made) { self->finish(made); });
}

void IkeRekeyAnswer::finish(const ResponderKeys& made) {
  // A bad value under our keys is the peer's fault, or worse (IKE-48).
  if (!made.secret)
    return session_.refuse_malformed(ExchangeType::CreateChildSa, id_,
                                     to_string(made.secret.error()));
  if (!may_be_replaced()) return refuse({.type = NotifyType::TemporaryFailure});
  const auto successor = succeed(session_,
                                 {.side = Side::Responder,
                                  .suite = chosen_.suite,
                                  .ours = session_.my.registry.allocate_spi(),
                                  .theirs = {load_be<std::uint64_t>(chosen_.peer_spi.data())},
                                  .initiator_nonce = peer_nonce_,
                                  .responder_nonce = nonce_},
                                 made.secret->view());
  respond(*successor, made.public_value);
  if (session_.sa.state == IkeState::Rekeying) {
    successor->sa.stands_by = true;
    successor->sa.predecessor = session_.weak_from_this();
    session_.sa.rival = successor;  // our own answer decides
    return;
  }
  session_.report(EventKind::IkeRekeyed, to_string(chosen_.suite));
  hand_over(session_, *successor);
}

void IkeRekeyAnswer::respond(const Session& successor, ByteView public_value) {
  PayloadChain payloads;
  chosen_.answer.spi = octets_of(successor.sa.our_spi());
  payloads.sa({&chosen_.answer, 1});
  payloads.nonce(nonce_);
  payloads.key_exchange(facts(chosen_.suite.group).ike_id, public_value);
  session_.respond(ExchangeType::CreateChildSa, id_, payloads);
}

}  // namespace

void begin_ike_rekey(Session& session) {
  if (session.sa.state != IkeState::Established) return;
  if (session.sa.child_exchanges > 0) {  // it is their turn first (IKE-116)
    session.after(session.my.settings.retry, [&session] { begin_ike_rekey(session); });
    return;
  }
  session.sa.state = IkeState::Rekeying;
  std::make_shared<IkeRekey>(session)->start();
}

bool may_settle_for_rival(const IkeSa& sa) noexcept {
  return sa.state == IkeState::Rekeying && sa.rival && !sa.rival->dead();
}

void settle_for_rival(Session& session) {
  const auto rival = std::exchange(session.sa.rival, nullptr);
  session.report(EventKind::IkeRekeyed, to_string(rival->sa.suite));
  hand_over(session, *rival);
}

void take_over(Session& successor) {
  const auto old = successor.sa.predecessor.lock();
  if (successor.sa.stands_by && old && old->sa.rival.get() == &successor &&
      may_settle_for_rival(old->sa))
    settle_for_rival(*old);
}

void hand_over(Session& from, Session& to) {
  for (auto& child : std::exchange(from.sa.children, {}))
    if (child->state != ChildState::Gone) adopt_child(to, child);
  hand_over_mobility(from, to);
  to.sa.stands_by = false;
  to.watch_successors();
  to.sa.leases = std::exchange(from.sa.leases, {});
  from.sa.state = IkeState::Rekeyed;
  from.sa.rival.reset();
  from.requests().end_waiting(NoResponse::SaGone);
  // Whose part it is to delete it does so long before.
  from.after(from.my.settings.retransmission.give_up, [&from] { from.end("rekeyed"); });
}

void respond_to_ike_rekey(Session& session, MessageId id, const Message& request) {
  if (!request.nonce || !request.key_exchange)
    return session.refuse_malformed(ExchangeType::CreateChildSa, id,
                                    "an IKE rekey without Ni or KEi");
  std::make_shared<IkeRekeyAnswer>(session, id)->start(request);
}

}  // namespace sallyport::ike
