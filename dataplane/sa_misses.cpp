#include "dataplane/sa_misses.h"

#include <utility>

#include "dataplane/envelope.h"
#include "net/mobility_extensions.h"

namespace sallyport {
namespace {

// In logical form, as policy sees it.
std::optional<Address> care_of_in(ByteView datagram, const PacketSummary& summary) {
  if (summary.family != Family::V6) return std::nullopt;
  const MobilityExtensions found = find_mobility_extensions(datagram);
  if (found.fault != MobilityFault::None || found.option_at == 0) return std::nullopt;
  return found.option_address(datagram);
}

}  // namespace

SaMisses::~SaMisses() {
  for (auto& [key, request] : requests_) drop_waiting(request, DropReason::Instance);
}

void SaMisses::take(rte_mbuf* packet, Instant now) {
  const Envelope& envelope = Envelope::of(packet);
  const PolicyEntry& entry = my_.tables.latest().policies->entry(envelope.policy);
  PacketSummary summary;
  const ByteView bytes{rte_pktmbuf_mtod(packet, const std::uint8_t*), packet->data_len};
  if (entry.generation != envelope.generation ||
      summarize(bytes, summary, my_.skipped_headers) != ParseVerdict::Good)
    return my_.sender.resume(packet);
  const SelectorFields fields = selector_fields(summary, Direction::Outbound);
  const auto key = PopulatedKey::of(envelope.policy, entry.pfp, fields);
  if (!key) return my_.sender.drop_held(packet, DropReason::FieldHidden);
  const SaHandle handle = my_.populated.find(envelope.policy, entry.pfp, fields);
  const auto dscp = static_cast<std::uint8_t>(summary.traffic_class >> 2);
  if (my_.handles.choose(handle, dscp) != kNoSa) return my_.sender.resume(packet);
  hold(packet, {.key = *key, .packet = fields, .care_of = care_of_in(bytes, summary)}, now);
}

void SaMisses::hold(rte_mbuf* packet, const SaMiss& miss, Instant now) {
  if (!ask_) return my_.sender.drop_held(packet, DropReason::NoSa);
  const auto found = requests_.find(miss.key);
  Request* const request = found != requests_.end() ? &found->second : begin(miss, now);
  if (request != nullptr && request->refused)
    return my_.sender.drop_held(packet, DropReason::AcquireRefused);
  if (request == nullptr || request->waiting.size() >= settings_.held_each ||
      held_ >= settings_.held_in_all ||
      shares_[miss.key.policy].held >= settings_.held_in_all / kPoliciesAtLeast)
    return my_.sender.drop_held(packet, DropReason::HoldFull);
  request->waiting.push_back(packet);
  ++shares_[miss.key.policy].held;
  ++held_;
}

std::optional<RequestId> SaMisses::want(const SaMiss& miss, Instant now) {
  if (!ask_) return std::nullopt;
  const auto found = requests_.find(miss.key);
  if (found != requests_.end()) return found->second.id;
  const Request* const request = begin(miss, now);
  return request == nullptr ? std::nullopt : std::optional(request->id);
}

// Null where too many are under way.
SaMisses::Request* SaMisses::begin(const SaMiss& miss, Instant now) {
  if (requests_.size() >= settings_.requests ||
      shares_[miss.key.policy].requests >= settings_.requests / kPoliciesAtLeast)
    return nullptr;
  ++shares_[miss.key.policy].requests;
  const RequestId id{++last_id_};
  Request& request = requests_[miss.key];
  request = {.id = id, .miss = miss, .ends = now + settings_.patience, .waiting = {}};
  keys_.emplace(id, miss.key);
  ends_.emplace(request.ends, id);
  to_ask_.push_back(id);
  return &request;
}

bool SaMisses::answered(RequestId id) {
  const auto key = keys_.find(id);
  if (key == keys_.end() || requests_.at(key->second).refused) return false;
  counters_.answered.add();
  Request& request = requests_.at(key->second);
  resume_waiting(request);
  end(request);
  return true;
}

bool SaMisses::refused(RequestId id, Instant now) {
  const auto key = keys_.find(id);
  if (key == keys_.end() || requests_.at(key->second).refused) return false;
  counters_.refused.add();
  Request& request = requests_.at(key->second);
  drop_waiting(request, DropReason::AcquireRefused);
  request.refused = true;
  ends_.erase({request.ends, id});
  request.ends = now + settings_.back_off;
  ends_.emplace(request.ends, id);
  return true;
}

void SaMisses::abandon(const std::function<bool(PolicyId)>& is_gone) {
  std::vector<RequestId> gone;
  for (const auto& [id, key] : keys_)
    if (is_gone(key.policy)) gone.push_back(id);
  for (const RequestId id : gone) {
    Request& request = requests_.at(keys_.at(id));
    resume_waiting(request);
    end(request);
  }
}

void SaMisses::tick(Instant now) {
  for (const RequestId id : std::exchange(to_ask_, {})) {
    const auto key = keys_.find(id);
    if (key == keys_.end() || !ask_) continue;
    counters_.asked.add();
    ask_(id, SaMiss(requests_.at(key->second).miss));
  }
  while (!ends_.empty() && ends_.begin()->first <= now) {
    Request& request = requests_.at(keys_.at(ends_.begin()->second));
    if (!request.refused) counters_.unanswered.add();
    drop_waiting(request, DropReason::HoldTimeout);
    end(request);
  }
}

std::optional<RequestId> SaMisses::request_for(const PopulatedKey& key) const noexcept {
  const auto found = requests_.find(key);
  return found == requests_.end() ? std::nullopt : std::optional(found->second.id);
}

const SaMiss* SaMisses::find(RequestId id) const noexcept {
  const auto key = keys_.find(id);
  if (key == keys_.end()) return nullptr;
  const Request& request = requests_.at(key->second);
  return request.refused ? nullptr : &request.miss;
}

void SaMisses::drop_waiting(Request& request, DropReason reason) {
  for (rte_mbuf* packet : let_go(request)) my_.sender.drop_held(packet, reason);
}

void SaMisses::resume_waiting(Request& request) {
  for (rte_mbuf* packet : let_go(request)) my_.sender.resume(packet);
}

std::vector<rte_mbuf*> SaMisses::let_go(Request& request) {
  held_ -= request.waiting.size();
  shares_[request.miss.key.policy].held -= request.waiting.size();
  return std::exchange(request.waiting, {});
}

void SaMisses::end(Request& request) {
  const auto share = shares_.find(request.miss.key.policy);
  if (--share->second.requests == 0) shares_.erase(share);
  ends_.erase({request.ends, request.id});
  keys_.erase(request.id);
  requests_.erase(PopulatedKey(request.miss.key));
}

}  // namespace sallyport
