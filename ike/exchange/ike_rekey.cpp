#include "ike/exchange/ike_rekey.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ike/auth/proof.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/key_agreement.h"
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
           .side = next.side,
           .initiator_spi = initiator ? next.ours : next.theirs,
           .responder_spi = initiator ? next.theirs : next.ours,
           .state = IkeState::Established,
           .suite = next.suite,
           .path = old.sa.path,
           .nat = old.sa.nat,
           .abilities = old.sa.abilities,
           .initial = nullptr,
           .peer = old.sa.peer,
           .local_identity = old.sa.local_identity,
           .remote_identity = old.sa.remote_identity,
           .assigned = old.sa.assigned,
           .made = old.now(),
           .authenticated = old.sa.authenticated,  // REAUTH-03
           .credentials_end = old.sa.credentials_end,
           .lowest_nonce = lower_nonce(next.initiator_nonce, next.responder_nonce)};
  sa.keys = derive_rekeyed(next.suite, old.sa.suite.prf, old.sa.keys->d.view(), secret,
                           {.initiator_nonce = next.initiator_nonce,
                            .responder_nonce = next.responder_nonce,
                            .initiator_spi = sa.initiator_spi,
                            .responder_spi = sa.responder_spi});
  const auto successor = std::make_shared<Session>(old.my, std::move(sa));
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
  void conclude(const ChosenIke& chosen, const Octets& peer_nonce, ByteView secret);

  Session& session_;
  Group group_;
  IkeSpi spi_;
  Octets nonce_;
  KeyPair key_;
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
  if (error.type == NotifyType::InvalidKePayload && error.data.size() == 2) {
    const auto other = group_by_ike_id(load_be<std::uint16_t>(error.data.data()));
    const auto groups = groups_of(sa.peer->proposals);
    if (other && *other != group_ && std::ranges::find(groups, *other) != groups.end()) {
      group_ = *other;
      return start();
    }
  }
  // The peer was replacing it itself, and has: its successor is the one.
  if (sa.rival && !sa.rival->dead()) return settle_for_rival(session_);
  if (sa.state == IkeState::Rekeying) sa.state = IkeState::Established;
  if (error.type == NotifyType::TemporaryFailure) {
    session_.my.timers.after(session_.my.settings.retry, [weak = session_.weak_from_this()] {
      if (const auto session = weak.lock(); session && !session->dead()) begin_ike_rekey(*session);
    });
    return;
  }
  session_.close(fmt::format("{} to an IKE rekey", name_of(error.type)));
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
  session_.requests().resume();
  if (session_.sa.state != IkeState::Rekeying) {  // it has been told to end meanwhile
    ours->sa.state = IkeState::Rekeyed;
    return begin_ike_delete(*ours, "its predecessor has ended");
  }
  const auto rival = session_.sa.rival;
  if (rival && !rival->dead() &&
      survivor_of(ours->sa.lowest_nonce, rival->sa.lowest_nonce) == Survivor::Theirs) {
    settle_for_rival(session_);
    ours->sa.state = IkeState::Rekeyed;
    return begin_ike_delete(*ours, "the peer's rekey has won");
  }
  session_.report(EventKind::IkeRekeyed, to_string(ours->sa.suite));
  hand_over(session_, *ours);
  begin_ike_delete(session_, "rekeyed");
}

}  // namespace

void begin_ike_rekey(Session& session) {
  if (session.sa.state != IkeState::Established) return;
  if (session.sa.child_exchanges > 0) {  // it is their turn first (IKE-116)
    session.my.timers.after(session.my.settings.retry, [weak = session.weak_from_this()] {
      if (const auto self = weak.lock(); self && !self->dead()) begin_ike_rekey(*self);
    });
    return;
  }
  session.sa.state = IkeState::Rekeying;
  std::make_shared<IkeRekey>(session)->start();
}

void settle_for_rival(Session& session) {
  const auto rival = std::exchange(session.sa.rival, nullptr);
  session.report(EventKind::IkeRekeyed, to_string(rival->sa.suite));
  hand_over(session, *rival);
}

void hand_over(Session& from, Session& to) {
  for (auto& child : std::exchange(from.sa.children, {}))
    if (child->state != ChildState::Gone) adopt_child(to, child);
  to.watch_successors();
  to.sa.leases = std::exchange(from.sa.leases, {});
  from.sa.state = IkeState::Rekeyed;
  from.sa.rival.reset();
  from.requests().end_waiting(NoResponse::SaGone);
  // Whose part it is to delete it does so long before.
  from.my.timers.after(from.my.settings.retransmission.give_up, [weak = from.weak_from_this()] {
    if (const auto old = weak.lock()) old->end("rekeyed");
  });
}

void respond_to_ike_rekey(Session& session, MessageId id, const Message& request) {
  const auto refuse = [&](const Notify& notify) {
    session.respond_with(ExchangeType::CreateChildSa, id, notify);
  };
  if (!request.nonce || !request.key_exchange) return refuse({.type = NotifyType::InvalidSyntax});
  if (session.sa.state != IkeState::Established && session.sa.state != IkeState::Rekeying)
    return refuse({.type = NotifyType::TemporaryFailure});
  auto chosen = choose_ike(session.sa.peer->proposals, *request.sa, request.key_exchange->group);
  if (!chosen || chosen->peer_spi.size() != 8)
    return refuse({.type = NotifyType::NoProposalChosen});
  const std::uint16_t group = facts(chosen->suite.group).ike_id;
  if (group != request.key_exchange->group) {
    Notify other{.type = NotifyType::InvalidKePayload};
    append(other.data, group);
    return refuse(other);
  }
  session.compute<ResponderKeys>(
      [group = chosen->suite.group, value = request.key_exchange->data] {
        return make_responder_keys(group, value);
      },
      [&session, id, chosen = std::move(*chosen),
       nonce = *request.nonce](ResponderKeys made) mutable {
        if (!made.secret) {
          session.respond_with(ExchangeType::CreateChildSa, id,
                               {.type = NotifyType::InvalidSyntax});
          return session.end(to_string(made.secret.error()));
        }
        if (session.sa.state != IkeState::Established && session.sa.state != IkeState::Rekeying)
          return session.respond_with(ExchangeType::CreateChildSa, id,
                                      {.type = NotifyType::TemporaryFailure});
        Octets ours(kNonceBytes);
        session.my.random.fill(ours);
        const auto successor = succeed(session,
                                       {.side = Side::Responder,
                                        .suite = chosen.suite,
                                        .ours = session.my.registry.allocate_spi(),
                                        .theirs = {load_be<std::uint64_t>(chosen.peer_spi.data())},
                                        .initiator_nonce = nonce,
                                        .responder_nonce = ours},
                                       made.secret->view());
        PayloadChain payloads;
        chosen.answer.spi = octets_of(successor->sa.our_spi());
        payloads.sa({&chosen.answer, 1});
        payloads.nonce(ours);
        payloads.key_exchange(facts(chosen.suite.group).ike_id, made.public_value);
        session.respond(ExchangeType::CreateChildSa, id, payloads);
        if (session.sa.state == IkeState::Rekeying) {
          session.sa.rival = successor;  // our own answer decides
          return;
        }
        session.report(EventKind::IkeRekeyed, to_string(chosen.suite));
        hand_over(session, *successor);
      });
}

}  // namespace sallyport::ike
