// What the peer says about addresses, in IKE_AUTH and in its INFORMATIONAL requests.
#include <algorithm>

#include "ike/exchange/mobike.h"
#include "ike/paths.h"

namespace sallyport::ike {
namespace {

constexpr std::size_t kLeastCookie = 8;  // RFC 4555 4.2.5
constexpr std::size_t kMostCookie = 64;

// With a window they may come in another order than they were sent in (RFC 4555 3.5, 3.6).
bool is_newest(const std::optional<MessageId>& newest, MessageId id) noexcept {
  return !newest || id > *newest;
}

bool names_our_end(const Policy* policy) {
  return policy != nullptr && policy->protect && !policy->protect->endpoints.local.is_unspecified();
}

}  // namespace

void offer_mobike(Session& session, const Policy* policy) {
  IkeSa& sa = session.sa;
  sa.abilities.mobike = sa.peer->mobility == PeerMobility::Mobike;
  if (!names_our_end(policy)) sa.mobility.told = other_addresses(sa, session.my.datagrams);
}

void append_mobike(PayloadChain& payloads, Session& session) {
  IkeSa& sa = session.sa;
  if (!sa.abilities.mobike) return;
  // The responder's child is there by now, and with it what its policy names.
  if (sa.side == Side::Responder) sa.mobility.told = other_addresses(sa, session.my.datagrams);
  payloads.notify(NotifyType::MobikeSupported);
  append_addresses(payloads, sa.mobility.told, WithoutAny::SayNothing);
  if (sa.side == Side::Initiator && !traverses_nats(sa))
    payloads.notify(NotifyType::NoNatsAllowed, no_nats_allowed(sa.path));
}

void note_mobike(Session& session, const Message& message) {
  IkeSa& sa = session.sa;
  const bool offered = message.find(NotifyType::MobikeSupported) != nullptr;
  sa.abilities.mobike = offered && sa.peer->mobility == PeerMobility::Mobike;
  sa.mobility.role = sa.side;
  sa.mobility.agreed = sa.path;
  if (sa.abilities.mobike) sa.mobility.theirs = addresses_in(message);
}

AddressNews::AddressNews(Session& session, MessageId id, const Message& request)
    : session_(session), id_(id), path_(session.path_of(id)) {
  const IkeSa& sa = session.sa;
  if (!sa.abilities.mobike) return;
  // Only who chooses the path says where the SAs go (MOBIKE-02).
  updates_ = sa.mobility.role == Side::Responder &&
             request.find(NotifyType::UpdateSaAddresses) != nullptr &&
             is_newest(sa.mobility.newest_update, id);
  lists_ = tells_addresses(request) && is_newest(sa.mobility.newest_list, id);
  asks_for_nat_ = traverses_nats(sa) && request.find(NotifyType::NatDetectionSourceIp) != nullptr;
  if (updates_) nat_ = detect_nat(request, path_, sa.initiator_spi, sa.responder_spi);
  addresses_ = addresses_in(request);
  if (const Notify* const cookie = request.find(NotifyType::Cookie2))
    if (cookie->data.size() >= kLeastCookie && cookie->data.size() <= kMostCookie)
      cookie_ = cookie->data;
  refusal_ = refusal(request);
}

std::optional<NotifyType> AddressNews::refusal(const Message& request) const {
  if ((updates_ || lists_) && finds_unexpected_nat(request, path_))
    return NotifyType::UnexpectedNatDetected;
  const IkeSa& sa = session_.sa;
  const bool may_move = uses_mobike(sa) && is_acceptable(sa, path_, session_.my.datagrams);
  if (updates_ && !may_move) return NotifyType::UnacceptableAddresses;
  return std::nullopt;
}

void AddressNews::write(PayloadChain& answer) const {
  const IkeSa& sa = session_.sa;
  if (refusal_)
    answer.notify(*refusal_);
  else if (asks_for_nat_)
    append_nat_detection(answer, path_, sa.initiator_spi, sa.responder_spi, NatHashes::True);
  if (cookie_) answer.notify(NotifyType::Cookie2, *cookie_);
}

void AddressNews::take() {
  Mobility& mobility = session_.sa.mobility;
  if (updates_) mobility.newest_update = id_;
  if (lists_) mobility.newest_list = id_;
  // What has a successor has no SAs to move: the successor is told by itself.
  if (refusal_ || session_.sa.state >= IkeState::Rekeyed) return;
  if (updates_) follow();
  if (lists_) take_list();
}

// The addresses are those that the request came by (MOBIKE-02).
void AddressNews::follow() {
  const IkeSa& sa = session_.sa;
  const bool looks_for_nats = nat_.supported && traverses_nats(sa);
  take_path(session_, path_, looks_for_nats ? nat_ : sa.nat);
  if (sa.mobility.proven) begin_routability_check(session_);
}

// The source that it came from belongs to the list (RFC 4555 3.6). Who does not choose the path and
// tells it from another address sends its SAs from there: it may where it could not stay (3.5).
// They are followed if that is ours to say, even where the address that was in use is listed still.
void AddressNews::take_list() {
  IkeSa& sa = session_.sa;
  const Address& source = path_.remote.address;
  const bool listed = std::ranges::find(addresses_, source) != addresses_.end();
  const bool elsewhere = source != sa.path.remote.address;
  if (elsewhere && !listed) addresses_.insert(addresses_.begin(), source);
  if (addresses_.size() > kMostOtherAddresses) addresses_.resize(kMostOtherAddresses);
  sa.mobility.theirs = addresses_;
  // It has not moved if it only has not heard yet of a move of ours.
  const bool moved = elsewhere && source != sa.mobility.agreed.remote.address;
  if (moved && is_acceptable(sa, path_, session_.my.datagrams))
    begin_address_update(session_, path_);
}

}  // namespace sallyport::ike
