#include "ike/daemon.h"

#include <algorithm>
#include <utility>

#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/sa_init.h"
#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

// One answer to unknown SPIs in so long (IKE-121).
constexpr Duration kUnknownSpiPause = std::chrono::milliseconds(100);
constexpr std::size_t kMostMessageBytes = 65'535;
// IKE SAs that have ended and are kept for who has not heard the answer.
constexpr std::size_t kMostAnswering = 1024;

// Who stands behind one address: one party of IPv4, a /64 of IPv6 (IKE-49).
Address source_of(const Address& address) {
  return address.family == Family::V4 ? address : Prefix{address, 64}.first();
}

}  // namespace

Daemon::Daemon(const Parts& parts, const Settings& settings)
    : parts_(parts),
      settings_(settings),
      timers_(parts.clock),
      cookies_(parts.random),
      lookups_(parts.fetches != nullptr ? std::optional(Lookups{*parts.fetches}) : std::nullopt),
      surroundings_{.datagrams = parts.datagrams,
                    .installer = parts.installer,
                    .policies = parts.policies,
                    .peers = parts.peers,
                    .pools = pools_,
                    .places = places_,
                    .jobs = parts.jobs,
                    .timers = timers_,
                    .events = parts.events,
                    .clock = parts.clock,
                    .random = parts.random,
                    .settings = settings_,
                    .registry = *this,
                    .key_log = parts.key_log,
                    .lookups = lookups_ ? &*lookups_ : nullptr} {}

Daemon::~Daemon() {
  for (const SessionPtr& session : sessions_.all()) session->end("IKE stops");
}

void Daemon::poll() {
  timers_.advance();
  const Instant now = parts_.clock.now();
  while (!answering_until_.empty() && answering_until_.front().first <= now)
    forget_oldest_answering();
  ended_.clear();
  poll_orphans();
}

void Daemon::receive(const Path& path, ByteView message) {
  const auto header = message.size() <= kMostMessageBytes ? parse_header(message) : std::nullopt;
  if (!header || header->initiator_spi == IkeSpi{}) {
    ++refusals_.malformed;
    return;
  }
  if (header->major() > kMajorVersion) {  // IKE-03
    if (!header->is_response())
      reply_in_clear(path, *header, {.type = NotifyType::InvalidMajorVersion});
    return;
  }
  const bool init_request = header->exchange == ExchangeType::IkeSaInit && !header->is_response();
  if (init_request) return receive_init(path, *header, message);
  const SessionPtr session = addressee(*header);
  if (!session) return answer_unknown(path, *header);
  // Its own SPI is the peer's other half; a first response only brings it (IKE-33).
  const IkeSa& sa = session->sa;
  const IkeSpi theirs = header->from_initiator() ? header->initiator_spi : header->responder_spi;
  if (sa.keys && theirs != sa.peer_spi()) return answer_unknown(path, *header);
  session->receive(path, *header, message);
}

std::shared_ptr<Session> Daemon::addressee(const Header& header) const {
  const IkeSpi ours = header.from_initiator() ? header.responder_spi : header.initiator_spi;
  if (SessionPtr live = sessions_.by_spi(ours)) return live;
  const auto found = answering_.find(ours.value);
  return found == answering_.end() ? nullptr : found->second;
}

void Daemon::receive_init(const Path& path, const Header& header, ByteView datagram) {
  if (header.responder_spi != IkeSpi{} || !header.from_initiator() || header.message_id != 0) {
    ++refusals_.malformed;
    return;
  }
  const auto known = initiating_.find({header.initiator_spi.value, path.remote});
  if (known != initiating_.end()) {
    const SessionPtr session = known->second.lock();
    if (!session || !session->sa.initial) return;
    const Octets& first = session->sa.initial->request;
    const auto* const response = session->responses().answered(0);
    if (response != nullptr && std::ranges::equal(first, datagram))
      for (const Octets& again : *response) parts_.datagrams.send(path, again);
    return;
  }
  const auto message = parse_message(header.next, datagram.subspan(kHeaderBytes));
  if (!message) {
    ++refusals_.malformed;
    Notify notify{.type = message.error().notify};
    if (notify.type == NotifyType::UnsupportedCriticalPayload)
      notify.data = {message.error().payload};
    return reply_in_clear(path, header, notify);
  }
  if (!admit(path, header, *message)) return;
  const InitRequest request{path, header, datagram, *message};
  auto terms = judge_init(request, acceptable_from(path.remote.address));
  if (const Notify* const refusal = std::get_if<Notify>(&terms))
    return reply_in_clear(path, header, *refusal);
  take_up(surroundings_, request, std::get<InitTerms>(std::move(terms)));
}

bool Daemon::admit(const Path& path, const Header& header, const Message& message) {
  if (!message.nonce) {
    ++refusals_.malformed;
    return false;
  }
  const Cookies::Claim claim{*message.nonce, path.remote.address, header.initiator_spi};
  const Notify* const cookie = message.find(NotifyType::Cookie);
  const bool proved =
      cookie != nullptr && cookies_.is_good(claim, cookie->data, parts_.clock.now());
  const Admission& limits = settings_.admission;
  if (half_open_ >= limits.cookie_threshold && !proved) {
    ++refusals_.cookies_asked;
    reply_in_clear(path, header,
                   {.type = NotifyType::Cookie, .data = cookies_.make(claim, parts_.clock.now())});
    return false;
  }
  const auto of_source = half_open_of_.find(source_of(path.remote.address));
  const bool full =
      half_open_ >= limits.half_open || sessions_.size() >= settings_.ike_sas ||
      (of_source != half_open_of_.end() && of_source->second >= limits.half_open_per_source);
  refusals_.too_many += full ? 1 : 0;
  return !full;
}

void Daemon::reply_in_clear(const Path& path, const Header& request, const Notify& notify) {
  PayloadChain payloads;
  payloads.notify(notify);
  Header header = request;
  header.version = kVersion;
  header.next = payloads.first();
  header.flags =
      static_cast<std::uint8_t>(kResponseFlag | (request.from_initiator() ? 0 : kInitiatorFlag));
  Octets reply;
  write_header(reply, header);
  append(reply, ByteView(payloads.bytes()));
  set_length(reply);
  parts_.datagrams.send(path, reply);
}

void Daemon::answer_unknown(const Path& path, const Header& header) {
  ++refusals_.unknown_spi;
  const Instant now = parts_.clock.now();
  if (header.is_response() || (replied_ != Instant{} && now - replied_ < kUnknownSpiPause)) return;
  replied_ = now;
  reply_in_clear(path, header, {.type = NotifyType::InvalidIkeSpi});
}

// Before it has a name the peer may be any of those that can be where it is.
std::vector<IkeProposal> Daemon::acceptable_from(const Address& remote) const {
  std::vector<IkeProposal> acceptable;
  for (const Pad::Entry& entry : parts_.peers.pad().candidates(remote))
    for (const IkeProposal& proposal : entry->proposals)
      if (std::ranges::find(acceptable, proposal) == acceptable.end())
        acceptable.push_back(proposal);
  return acceptable;
}

IkeSpi Daemon::allocate_spi() {
  while (true) {
    const IkeSpi spi{parts_.random.u64()};
    if (spi != IkeSpi{} && !sessions_.by_spi(spi) && !answering_.contains(spi.value)) return spi;
  }
}

void Daemon::add(SessionPtr session) {
  const IkeSa& sa = session->sa;
  if (sa.counted_half_open) {
    initiating_[{sa.initiator_spi.value, sa.first_remote}] = session;
    ++half_open_;
    ++half_open_of_[source_of(sa.first_remote.address)];
  }
  sessions_.add(std::move(session));
}

void Daemon::leave_half_open(IkeSa& sa) {
  if (!std::exchange(sa.counted_half_open, false)) return;
  --half_open_;
  const auto source = half_open_of_.find(source_of(sa.first_remote.address));
  if (--source->second == 0) half_open_of_.erase(source);
}

void Daemon::authenticated(const Session& session) {
  const SessionPtr found = sessions_.by_spi(session.sa.our_spi());
  if (!found) return;
  leave_half_open(found->sa);
  sessions_.establish(*found);
  std::vector<ChildRequest> requests;
  for (auto [at, end] = waiting_.equal_range(found.get()); at != end; ++at)
    requests.push_back(std::move(at->second));
  waiting_.erase(found.get());
  for (ChildRequest& request : requests) begin_child(*found, std::move(request));
}

void Daemon::remove(const Session& session) {
  SessionPtr removed = sessions_.remove(session);
  if (!removed) return;
  IkeSa& sa = removed->sa;
  if (sa.side == Side::Responder) initiating_.erase({sa.initiator_spi.value, sa.first_remote});
  leave_half_open(sa);
  std::vector<ChildRequest> requests;
  for (auto [at, end] = waiting_.equal_range(removed.get()); at != end; ++at)
    requests.push_back(std::move(at->second));
  waiting_.erase(removed.get());
  for (const ChildRequest& request : requests)
    refuse_child(*removed, request, "the IKE SA did not come to be");
  ended_.push_back(std::move(removed));
}

void Daemon::answer_repeats(const Session& session) {
  const std::uint64_t spi = session.sa.our_spi().value;
  SessionPtr ending = sessions_.by_spi({spi});
  if (!ending || !answering_.emplace(spi, std::move(ending)).second) return;
  // As long as we would repeat a request ourselves.
  answering_until_.emplace_back(parts_.clock.now() + settings_.retransmission.give_up, spi);
  if (answering_.size() > kMostAnswering) forget_oldest_answering();
}

void Daemon::forget_oldest_answering() {
  const auto oldest = answering_.extract(answering_until_.front().second);
  answering_until_.pop_front();
  ended_.push_back(oldest.mapped());  // it may be the one that is being ended
}

}  // namespace sallyport::ike
