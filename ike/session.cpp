#include "ike/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ike/exchange/auth.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"

namespace sallyport::ike {

Session::Session(const Surroundings& surroundings, IkeSa ike_sa)
    : my(surroundings),
      sa(std::move(ike_sa)),
      requests_({.seal =
                     [this](ExchangeType type, MessageId id, const PayloadChain& payloads) {
                       return seal(header_for(type, id, 0), payloads);
                     },
                 .send = [this](ByteView datagram) { my.datagrams.send(sa.path, datagram); },
                 .give_up = [this] { end("the peer does not answer"); }},
                my.timers, my.settings.retransmission) {
  if (sa.peer) responses_.widen(sa.peer->window);
}

Session::~Session() { cancel_timers(); }

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
  if (header.exchange == ExchangeType::IkeSaInit) {
    header.next = payloads.first();
    Octets message;
    write_header(message, header);
    message.insert(message.end(), payloads.bytes().begin(), payloads.bytes().end());
    set_length(message);
    Octets& kept = header.is_response() ? sa.initial->response : sa.initial->request;
    kept = message;
    return {std::move(message)};
  }
  const std::size_t most = sa.abilities.fragmentation && sa.peer ? sa.peer->fragment_bytes : 0;
  return Sealer(sa.our_cipher(), sa.next_iv, my.random).seal(header, payloads, most);
}

void Session::receive(const Path& path, const Header& header, ByteView message) {
  const auto self = shared_from_this();
  // The peer is the original initiator, or we are (IKE-02).
  if (dead() || header.from_initiator() != (sa.side == Side::Responder)) return;
  if (!sa.keys) return receive_clear(header, message);
  auto opened = open_message(header, message, sa.peer_cipher());
  if (!opened) return;  // IKE-31
  if (header.is_response())
    receive_response(header, std::move(*opened));
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

void Session::receive_response(const Header& header, Opened opened) {
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
  // An error in a response starts no exchange (IKE-129).
  if (!parsed) return end("a malformed response");
  exchange->on_response(*parsed);
  if (dead()) return;
  requests_.allow(requests_.window());
  if (requests_.idle()) fragments_of_responses_.forget_before(requests_.next_id());
}

void Session::receive_request(const Path& path, const Header& header, Opened opened) {
  const MessageId id = header.message_id;
  switch (responses_.judge(id)) {
    case Responses::Verdict::Outside:
    case Responses::Verdict::UnderWay:
      return;
    case Responses::Verdict::Answered:
      if (opened.fragment > 1) return;
      for (const Octets& datagram : *responses_.answered(id)) my.datagrams.send(path, datagram);
      return;
    case Responses::Verdict::New:
      if (!is_answerable(header.exchange)) return;
      break;
  }
  if (opened.fragment != 0) {
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

// Which requests an IKE SA answers in each of its states (IKE-32); of others it knows nothing, and
// takes them when they come again in another state (IKE-11).
bool Session::is_answerable(ExchangeType exchange) const noexcept {
  if (sa.state == IkeState::AuthExpected) return exchange == ExchangeType::IkeAuth;
  return sa.state >= IkeState::Established &&
         (exchange == ExchangeType::Informational || exchange == ExchangeType::CreateChildSa);
}

void Session::dispatch(const Header& header, const Message& request) {
  const MessageId id = header.message_id;
  if (header.exchange == ExchangeType::IkeAuth) return respond_to_auth(*this, id, request);
  if (header.exchange == ExchangeType::CreateChildSa)
    return respond_to_create_child(*this, id, request);
  respond_to_informational(*this, id, request);
}

void Session::refuse_request(const Header& header, const ParseFailure& failure) {
  Notify notify{.type = failure.notify};
  if (failure.notify == NotifyType::UnsupportedCriticalPayload) notify.data = {failure.payload};
  respond_with(header.exchange, header.message_id, notify);
  const bool fatal = failure.notify == NotifyType::InvalidSyntax ||
                     sa.state == IkeState::AuthExpected;  // IKE-120, IKE-129
  if (fatal) end(fmt::format("{} from the peer", name_of(failure.notify)));
}

void Session::respond(ExchangeType type, MessageId id, const PayloadChain& payloads) {
  auto datagrams = seal(header_for(type, id, kResponseFlag), payloads);
  const auto reply = reply_paths_.extract(id);
  const Path& path = reply.empty() ? sa.path : reply.mapped();
  for (const Octets& datagram : datagrams) my.datagrams.send(path, datagram);
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

// A peer behind a NAT is where its newest authentic request came from, unless MOBIKE says so itself
// (RFC 7296 2.23; NAT-06, MOBIKE-05).
void Session::follow_nat(const Path& path) {
  const bool follows =
      sa.nat.there && !sa.nat.here && !sa.abilities.mobike && sa.state >= IkeState::Established;
  if (follows && path.remote != sa.path.remote && path.local == sa.path.local) move_to(path);
}

void Session::move_to(const Path& path) {
  if (path == sa.path) return;
  sa.path = path;
  renew_paths();
  report(EventKind::PeerMoved, fmt::format("to {}", to_string(path.remote.address)));
  requests_.repeat();
}

void Session::renew_paths() {
  if (keepalive_ == kNoTimer) arm_keepalive();
  const ChildPath child_path = sa.child_path();
  for (const auto& child : sa.children) {
    if (child->mode != IpsecMode::Tunnel) continue;
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
  sa.state = IkeState::Dead;
  cancel_timers();
  requests_.end(NoResponse::SaGone);
  for (const auto& child : std::exchange(sa.children, {})) drop_child(*this, *child, why);
  for (const Address& lease : sa.leases) my.pools.release(lease);
  if (before != IkeState::Rekeyed)  // its successor lives on
    report(before < IkeState::Established ? EventKind::IkeFailed : EventKind::IkeDown, why);
  my.registry.remove(*this);
}

}  // namespace sallyport::ike
