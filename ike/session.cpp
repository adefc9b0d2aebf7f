#include "ike/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ike/datagram_size.h"
#include "ike/exchange/auth.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/ike_rekey.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/mobike.h"

namespace sallyport::ike {
namespace {

// By us, as responder.
bool is_being_authenticated(IkeState state) noexcept {
  return state == IkeState::AuthExpected || state == IkeState::EapExpected;
}

}  // namespace

Session::Session(const Surroundings& surroundings, IkeSa ike_sa)
    : my(surroundings),
      sa(std::move(ike_sa)),
      requests_({.seal =
                     [this](ExchangeType type, MessageId id, const PayloadChain& payloads) {
                       return seal(header_for(type, id, 0), payloads);
                     },
                 .seal_smaller =
                     [this](ExchangeType type, MessageId id, const PayloadChain& payloads,
                            std::size_t pieces) {
                       return seal_smaller(header_for(type, id, 0), payloads, pieces);
                     },
                 .send = [this](ByteView datagram) { send(sa.path, datagram); },
                 .repeated =
                     [this](Exchange& exchange, std::span<const Octets> datagrams,
                            unsigned repeats) { search_path(*this, exchange, datagrams, repeats); },
                 .give_up = [this] { end("the peer does not answer"); }},
                my.timers, my.settings.retransmission) {
  if (sa.peer) responses_.widen(sa.peer->window);
}

// A job that comes back when all is over may hold the last of it: then its surroundings are gone.
Session::~Session() {
  if (!dead()) cancel_timers();
}

void Session::take_keys(IkeKeys keys) {
  sa.keys = std::move(keys);
  if (my.key_log != nullptr) my.key_log->on_keys(sa);
}

void Session::send(const Path& path, ByteView datagram) {
  my.datagrams.send(path, datagram);
  spoken_ = now();
}

Header Session::header_for(ExchangeType type, MessageId id, std::uint8_t flags) const {
  const std::uint8_t initiator = sa.side == Side::Initiator ? kInitiatorFlag : 0;
  // An error in answer to the first request may have brought an SPI; the next has none (IKE-04).
  const bool first = type == ExchangeType::IkeSaInit && (flags & kResponseFlag) == 0;
  return {.initiator_spi = sa.initiator_spi,
          .responder_spi = first ? IkeSpi{} : sa.responder_spi,
          .exchange = type,
          .flags = static_cast<std::uint8_t>(flags | initiator),
          .message_id = id};
}

std::vector<Octets> Session::seal(Header header, const PayloadChain& payloads) {
  if (header.exchange == ExchangeType::IkeSaInit) return keep_clear(header, payloads);
  const std::size_t most =
      sa.abilities.fragmentation ? most_datagram_bytes() - bytes_around_message(sa.path) : 0;
  return Sealer(sa.our_cipher(), sa.next_iv, my.random).seal(header, payloads, most);
}

// A message of IKE_SA_INIT, which AUTH will cover.
std::vector<Octets> Session::keep_clear(Header header, const PayloadChain& payloads) {
  header.next = payloads.first();
  Octets message;
  write_header(message, header);
  message.insert(message.end(), payloads.bytes().begin(), payloads.bytes().end());
  set_length(message);
  Octets& kept = header.is_response() ? sa.initial->response : sa.initial->request;
  kept = message;
  return {std::move(message)};
}

// Once more, in smaller datagrams than the `pieces` that nobody has answered; none where there is
// no size at which they would be more: by their number the peer tells them apart (RFC 7383 2.5.2).
std::vector<Octets> Session::seal_smaller(const Header& header, const PayloadChain& payloads,
                                          std::size_t pieces) {
  if (!sa.keys || !sa.abilities.fragmentation) return {};
  const Family family = sa.path.remote.address.family;
  const Sealer sealer(sa.our_cipher(), sa.next_iv, my.random);
  auto bytes = smaller_datagram_bytes(family, most_datagram_bytes());
  for (; bytes; bytes = smaller_datagram_bytes(family, *bytes)) {
    const std::size_t most = *bytes - bytes_around_message(sa.path);
    if (sealer.pieces(payloads, most) <= pieces) continue;
    sa.datagram_bytes = *bytes;  // what follows begins with it
    return sealer.seal(header, payloads, most);
  }
  return {};
}

// Of the path as far as it is known, and of policy.
std::size_t Session::most_datagram_bytes() const noexcept {
  const bool configured = sa.peer && sa.peer->fragment_bytes;
  const std::size_t most =
      configured ? *sa.peer->fragment_bytes : usual_datagram_bytes(sa.path.remote.address.family);
  return sa.datagram_bytes == 0 ? most : std::min(most, sa.datagram_bytes);
}

// The initiator of an exchange finds out what the path carries: all fragments but the last are as
// long as it goes (RFC 7383 2.5.1). Short ones would have our answers cut to shreds.
void Session::follow_fragments(const Path& path, const Header& header, const Opened& opened) {
  if (opened.fragment == opened.fragments) return;
  const std::size_t theirs = header.length + bytes_around_message(path);
  const std::size_t usual = usual_datagram_bytes(path.remote.address.family);
  const std::size_t carried = sa.datagram_bytes == 0 ? theirs : std::min(sa.datagram_bytes, theirs);
  sa.datagram_bytes = std::max(carried, usual);
}

void Session::receive(const Path& path, const Header& header, ByteView message) {
  const auto self = shared_from_this();
  // The peer is the original initiator, or we are (IKE-02).
  if (header.from_initiator() != (sa.side == Side::Responder)) return;
  if (!sa.keys) return receive_clear(header, message);
  auto opened = open_message(header, message, sa.peer_cipher());
  if (!opened) return;  // IKE-31
  if (header.is_response())
    receive_response(path, header, std::move(*opened));
  else
    receive_request(path, header, std::move(*opened));
}

void Session::receive_clear(const Header& header, ByteView message) {
  if (header.exchange != ExchangeType::IkeSaInit || !header.is_response() || header.message_id != 0)
    return;
  const auto exchange = requests_.find(0);
  const auto parsed = parse_message(header.next, message.subspan(kHeaderBytes));
  if (!exchange || !parsed) return;
  sa.responder_spi = header.responder_spi;
  sa.initial->response.assign(message.begin(), message.end());
  // It decides itself whether its wait ends: nothing here is authentic yet (IKE-44).
  exchange->on_response(*parsed);
}

void Session::receive_response(const Path& path, const Header& header, Opened opened) {
  const auto outstanding = requests_.find(header.message_id);
  if (!outstanding || outstanding->type() != header.exchange) return;
  if (opened.fragment != 0) {
    auto whole = fragments_of_responses_.add(header.message_id, std::move(opened));
    if (!whole) return;
    opened = std::move(*whole);
  }
  sa.heard = now();
  const auto exchange = requests_.take(header.message_id);
  const auto parsed = parse_message(opened.first, opened.plain);
  // An error in a response starts no exchange (IKE-129), and INVALID_SYNTAX in one is the end at
  // both ends (IKE-120).
  if (!parsed || parsed->find(NotifyType::InvalidSyntax) != nullptr) {
    exchange->on_no_response(NoResponse::SaGone);
    return end(parsed ? "INVALID_SYNTAX from the peer" : "a malformed response");
  }
  if (header.exchange == ExchangeType::CreateChildSa &&
      parsed->find(NotifyType::TemporaryFailure) == nullptr)
    temporary_failures_.forget();
  follow_answer(*this, path);
  exchange->on_response(*parsed);
  if (dead()) return;
  requests_.allow(requests_.window());
  if (requests_.idle()) fragments_of_responses_.forget_before(requests_.next_id());
}

void Session::receive_request(const Path& path, const Header& header, Opened opened) {
  const MessageId id = header.message_id;
  switch (responses_.judge(id)) {
    case Responses::Verdict::Outside:  // without a word: INVALID_MESSAGE_ID would be one (IKE-29)
    case Responses::Verdict::UnderWay:
      return;
    case Responses::Verdict::Answered:
      return answer_again(path, header, opened);
    case Responses::Verdict::New:
      if (!is_answerable(header.exchange)) return;
      break;
  }
  if (opened.fragment != 0) {
    follow_fragments(path, header, opened);
    auto whole = fragments_of_requests_.add(id, std::move(opened));
    if (!whole) return;
    opened = std::move(*whole);
  }
  responses_.take(id);
  fragments_of_requests_.forget_before(responses_.expected());
  reply_paths_[id] = path;
  sa.heard = now();
  follow_nat(path);
  const auto parsed = parse_message(opened.first, opened.plain);
  if (!parsed) return refuse_request(header, parsed.error());
  dispatch(header, *parsed);
}

// Of a repeated request in fragments the first alone brings the response again (RFC 7383 2.6.1);
// one of another exchange is no repeat.
void Session::answer_again(const Path& path, const Header& header, const Opened& opened) {
  const std::vector<Octets>& datagrams = *responses_.answered(header.message_id);
  if (opened.fragment > 1 || parse_header(datagrams.front())->exchange != header.exchange) return;
  for (const Octets& datagram : datagrams) send(path, datagram);
}

// Which requests an IKE SA answers in each of its states (IKE-32); of others it knows nothing, and
// takes them when they come again in another state (IKE-11).
bool Session::is_answerable(ExchangeType exchange) const noexcept {
  if (sa.state == IkeState::EapExpected && exchange == ExchangeType::Informational) return true;
  if (is_being_authenticated(sa.state)) return exchange == ExchangeType::IkeAuth;
  return sa.state >= IkeState::Established && sa.state < IkeState::Dead &&
         (exchange == ExchangeType::Informational || exchange == ExchangeType::CreateChildSa);
}

void Session::dispatch(const Header& header, const Message& request) {
  const MessageId id = header.message_id;
  if (header.exchange == ExchangeType::IkeAuth) return respond_to_auth(*this, id, request);
  if (sa.state == IkeState::EapExpected) return respond_amid_eap(*this, id, request);
  // Whoever deletes children has them here, and whoever makes some wants them here; to who has done
  // with the whole IKE SA it is what lost.
  const bool uses_it = header.exchange == ExchangeType::CreateChildSa ||
                       std::ranges::any_of(request.deletes, [](const DeletePayload& payload) {
                         return payload.protocol != ProtocolId::Ike;
                       });
  if (uses_it) take_over(*this);
  if (header.exchange == ExchangeType::CreateChildSa)
    return respond_to_create_child(*this, id, request);
  respond_to_informational(*this, id, request);
}

void Session::refuse_request(const Header& header, const ParseFailure& failure) {
  if (failure.notify == NotifyType::InvalidSyntax)
    return refuse_malformed(header.exchange, header.message_id,
                            fmt::format("payload {}", failure.payload));
  respond_with(header.exchange, header.message_id,
               {.type = failure.notify, .data = {failure.payload}});
  if (is_being_authenticated(sa.state))  // IKE-129
    end_answered(fmt::format("{}: payload {}", name_of(failure.notify), failure.payload));
}

void Session::refuse_malformed(ExchangeType type, MessageId id, const std::string& what) {
  respond_with(type, id, {.type = NotifyType::InvalidSyntax});
  end_answered("a malformed request: " + what);
}

void Session::respond(ExchangeType type, MessageId id, const PayloadChain& payloads) {
  auto datagrams = seal(header_for(type, id, kResponseFlag), payloads);
  const auto reply = reply_paths_.extract(id);
  const Path& path = reply.empty() ? sa.path : reply.mapped();
  for (const Octets& datagram : datagrams) send(path, datagram);
  responses_.answer(id, std::move(datagrams));
}

void Session::respond_with(ExchangeType type, MessageId id, const Notify& notify) {
  PayloadChain payloads;
  payloads.notify(notify);
  respond(type, id, payloads);
}

const Path& Session::path_of(MessageId request) const {
  const auto found = reply_paths_.find(request);
  return found == reply_paths_.end() ? sa.path : found->second;
}

// The newest authentic request came by this path (NAT-06, MOBIKE-05).
void Session::follow_nat(const Path& path) {
  const bool follows = sa.follows_peer() && sa.state >= IkeState::Established && !dead();
  if (follows && path.remote != sa.path.remote && path.local == sa.path.local) move_to(path);
}

void Session::move_to(const Path& path) {
  if (path == sa.path) return;
  sa.path = path;
  ++sa.mobility.moves;
  sa.datagram_bytes = 0;  // of another path
  renew_paths();
  report(EventKind::PeerMoved, fmt::format("to {}", to_string(path.remote.address)));
  requests_.repeat();
}

void Session::renew_paths() {
  if (keepalive_ == kNoTimer) arm_keepalive();
  if (sa.mobility.proven) return;
  const ChildPath child_path = sa.child_path();
  for (const auto& child : sa.children) {
    if (!may_move(*child, child_path)) continue;
    if (child->waiting_outbound) {
      child->waiting_outbound->endpoints = child_path.endpoints;
      child->waiting_outbound->encapsulation = child_path.encapsulation;
    }
    for (const std::string& name : {child->outbound_name(), child->inbound_name()})
      if (auto moved = my.installer.move(name, child_path.endpoints, child_path.encapsulation);
          !moved)
        report(EventKind::ChildFailed, child->name, to_string(moved.error()));
  }
}

void Session::report(EventKind kind, std::string subject, std::string detail) {
  my.events.report({.kind = kind,
                    .spi = sa.our_spi(),
                    .peer = sa.peer ? sa.peer->name : std::string{},
                    .subject = std::move(subject),
                    .path = sa.path,
                    .detail = std::move(detail)});
}

void Session::close(const std::string& why) {
  if (dead() || sa.state >= IkeState::Rekeyed) return;  // its end has begun
  if (sa.state < IkeState::Established) return end(why);
  begin_ike_delete(*this, why);
}

void Session::end(const std::string& why) {
  if (dead()) return;
  const auto self = shared_from_this();
  const IkeState before = sa.state;
  const bool amid_rounds = sa.initial && sa.initial->rounds;
  const std::string detail = amid_rounds ? sa.initial->rounds->explain(why) : why;
  sa.state = IkeState::Dead;
  cancel_timers();
  requests_.end(NoResponse::SaGone);
  end_work();
  for (const auto& child : std::exchange(sa.children, {})) drop_child(*this, *child, why);
  for (const Address& lease : sa.leases) my.pools.release(lease);
  if (const auto rival = std::exchange(sa.rival, nullptr)) rival->close(why);
  sa.initial.reset();
  if (sa.keys) {  // nothing is derived of them any more
    sa.keys->d = {};
    sa.keys->p_initiator = {};
    sa.keys->p_responder = {};
  }
  if (before != IkeState::Rekeyed && !sa.stands_by)  // another one goes on
    report(before < IkeState::Established ? EventKind::IkeFailed : EventKind::IkeDown, detail);
  my.registry.remove(*this);
}

void Session::end_answered(const std::string& why) {
  if (dead()) return;
  my.registry.answer_repeats(*this);
  end(why);
}

// Who waits for what comes of it hears of it now, and not when the pool has come to it.
void Session::end_work() {
  for (const auto& exchange : std::exchange(at_work_, {}))
    exchange->on_no_response(NoResponse::SaGone);
}

void Session::leave_work(const std::shared_ptr<Exchange>& exchange) {
  const auto found = std::ranges::find(at_work_, exchange);
  if (found != at_work_.end()) at_work_.erase(found);
}

}  // namespace sallyport::ike
