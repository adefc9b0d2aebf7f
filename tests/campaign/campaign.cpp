#include "tests/campaign/campaign.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/campaign/forgery.h"

namespace sallyport::campaign {
namespace {

constexpr std::size_t kBurst = 64;               // presented between two checks
constexpr std::size_t kEnoughInFlight = 24;      // of each lane
constexpr std::size_t kReordered = 12;           // a packet overtakes at most so many
constexpr std::size_t kRemembered = 512;         // delivered packets to repeat
constexpr std::uint8_t kDeliveredHopLimit = 62;  // two routers of ours on the way

Transform transform(std::string_view text) { return parse_transform(text).value(); }

std::vector<LaneFacts> lane_facts() {
  constexpr std::uint64_t kSubspace = std::uint64_t{1} << 32;
  return {
      {.name = "gcm",
       .transform = transform("aes128-gcm16"),
       .esn = true,
       .sequences_before = kSubspace - 1000},
      {.name = "cbc-sha1", .transform = transform("aes128-cbc+hmac-sha1-96"), .window = 1024},
      {.name = "chacha",
       .transform = transform("chacha20-poly1305"),
       .inner = Family::V6,
       .esn = true,
       .window = 4096,
       .sequences_before = 7 * kSubspace - 500},
      {.name = "null-sha256",
       .transform = transform("null+hmac-sha256-128"),
       .outer = Family::V6,
       .esn = true,
       .sequences_before = 3 * kSubspace - 100},
      {.name = "ctr-xcbc", .transform = transform("aes256-ctr+aes-xcbc-96"), .window = 65536},
      {.name = "cbc-sha512",
       .transform = transform("aes256-cbc+hmac-sha512-256"),
       .outer = Family::V6,
       .inner = Family::V6},
      {.name = "ccm", .transform = transform("aes128-ccm8"), .esn = true},
      {.name = "gmac", .transform = transform("aes256-gmac"), .window = 256},
  };
}

TestGateway::Settings receiver_settings(std::vector<Policy> policies) {
  auto settings = two_ports(std::move(policies));
  const auto prefix = [](const char* text) { return Prefix::parse(text).value(); };
  settings.ports[0].addresses = {prefix("198.51.100.129/25"), prefix("2001:db8:2::1/64")};
  settings.ports[1].addresses = {prefix("192.0.2.2/24"), prefix("2001:db8::2/64")};
  for (Route& route : settings.routes)
    route.next_hop.gateway =
        Address::parse(route.next_hop.gateway.family == Family::V4 ? "192.0.2.1" : "2001:db8::1")
            .value();
  return settings;
}

}  // namespace

Campaign::Campaign(const Settings& settings) : settings_(settings), random_(settings.seed) {
  std::vector<Policy> sending, receiving;
  for (LaneFacts& facts : lane_facts()) {
    lanes_.push_back(std::make_unique<Lane>(facts, static_cast<unsigned>(lanes_.size())));
    Lane& lane = *lanes_.back();
    by_spi_[lane.spi().value] = &lane;
    by_destination_[lane.destination()] = &lane;
    sending.push_back(lane.sender_policy());
    receiving.push_back(lane.receiver_policy());
  }
  const auto make = [&](TestGateway::Settings gateway) {
    gateway.workers = settings_.workers;
    return std::make_unique<TestGateway>(std::move(gateway));
  };
  sender_ = make(two_ports(sending));
  receiver_ = make(receiver_settings(receiving));
  settle_two_ports(*sender_);
  for (const auto& lane : lanes_) {
    receiver_->neighbour(kInside, to_string(lane->destination()), TestGateway::kPeer);
    sender_->add_sa(lane->outbound(), lane->facts().name);
    receiver_->add_sa(lane->inbound());
  }
}

Campaign::Tally Campaign::run() {
  while (tally_.presented < settings_.packets && fault_.empty()) {
    seal_some();
    present_burst();
    check_burst();
  }
  return tally_;
}

std::string Campaign::drops() const {
  std::string text;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (const std::uint64_t count = receiver_->dropped(reason); count != 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", facts(reason).name, count);
  }
  return text;
}

void Campaign::seal_some() {
  bool any = false;
  for (const auto& lane : lanes_) {
    if (lane->in_flight.size() >= kEnoughInFlight) continue;
    for (std::size_t i = 0; i < kEnoughInFlight; ++i)
      sender_->receive_ip(kInside, lane->next_clear());
    any = true;
  }
  if (!any) return;
  sender_->settle();
  collect_sealed();
}

void Campaign::collect_sealed() {
  for (PacketBytes& datagram : sender_->sent(kOutside)) {
    const auto lane = by_spi_.find(spi_of(datagram));
    if (lane == by_spi_.end()) {
      fault_ = "the sender put something on the wire that no SA sealed";
      return;
    }
    const std::size_t index = lane->second->index_of(low_sequence_of(datagram));
    if (index >= lane->second->accepted.size()) {
      fault_ = fmt::format("{}: sequence number out of turn", lane->first);
      return;
    }
    lane->second->in_flight.push_back({index, std::move(datagram)});
  }
}

void Campaign::present_burst() {
  expected_.clear();
  // Each burst comes to another worker; owners of its SAs are all of them.
  receiver_->receive_by(static_cast<std::uint16_t>(random_.below(settings_.workers)));
  for (std::size_t i = 0; i < kBurst; ++i) {
    Lane& lane = *lanes_[random_.below(static_cast<std::uint32_t>(lanes_.size()))];
    const std::uint32_t choice = random_.below(100);
    if (choice < 60)
      present_valid(lane);
    else if (choice < 75)
      present_repeated(lane);
    else if (choice < 98)
      present_forged(lane);
    else
      present_clear(lane);
  }
}

void Campaign::present(const PacketBytes& datagram) {
  ++tally_.presented;
  receiver_->receive_ip(kOutside, datagram);
}

void Campaign::present_valid(Lane& lane) {
  if (lane.in_flight.empty()) return;
  if (random_.below(200) == 0) {  // the wire loses one
    lane.in_flight.pop_front();
    ++tally_.lost_on_purpose;
    if (lane.in_flight.empty()) return;
  }
  // One that nobody chooses holds up those that have overtaken it often enough: no window is left
  // behind by the wire alone.
  const std::size_t last = lane.in_flight.front().index + kReordered;
  const auto end = std::ranges::find_if(
      lane.in_flight, [last](const Sealed& sealed) { return sealed.index >= last; });
  const auto reach = static_cast<std::uint32_t>(end - lane.in_flight.begin());
  const auto chosen = lane.in_flight.begin() + random_.below(reach);
  Sealed sealed = std::move(*chosen);
  lane.in_flight.erase(chosen);
  present(sealed.datagram);
  ++tally_.valid;
  expected_.push_back({&lane, sealed.index});
  if (lane.delivered.size() < kRemembered)
    lane.delivered.push_back(std::move(sealed));
  else
    lane.delivered[lane.delivered_count % kRemembered] = std::move(sealed);
  ++lane.delivered_count;
}

void Campaign::present_repeated(Lane& lane) {
  if (lane.delivered.empty()) return;
  present(
      lane.delivered[random_.below(static_cast<std::uint32_t>(lane.delivered.size()))].datagram);
  ++tally_.repeated;
  ++drops_expected_;
}

const Sealed* Campaign::any_sealed(Lane& lane) {
  if (!lane.in_flight.empty() && random_.below(2) == 0) return &lane.in_flight.front();
  if (lane.delivered.empty()) return nullptr;
  return &lane.delivered[random_.below(static_cast<std::uint32_t>(lane.delivered.size()))];
}

void Campaign::present_forged(Lane& lane) {
  const Sealed* const good = any_sealed(lane);
  Lane& neighbour = lane.spi() == lanes_.front()->spi() ? *lanes_.back() : *lanes_.front();
  const Sealed* const other = any_sealed(neighbour);
  if (good == nullptr || other == nullptr) return;
  present(forge(good->datagram, other->datagram, random_));
  ++tally_.forged;
  ++drops_expected_;
}

// What should have come by the lane's SA, without it.
void Campaign::present_clear(Lane& lane) {
  if (lane.accepted.empty()) return;
  present(lane.clear(random_.below(static_cast<std::uint32_t>(lane.accepted.size())),
                     kDeliveredHopLimit));
  ++tally_.forged;
  ++drops_expected_;
}

void Campaign::check_burst() {
  receiver_->settle();
  for (const PacketBytes& datagram : receiver_->sent(kInside)) check_delivered(datagram);
  static_cast<void>(receiver_->sent_frames(kOutside));
  for (const Presented& presented : expected_)
    if (!presented.lane->accepted[presented.index] && fault_.empty())
      fault_ = fmt::format("{}: packet {} was valid and was lost", presented.lane->facts().name,
                           presented.index);
  if (fault_.empty() && receiver_->dropped_in_all() != drops_expected_)
    fault_ = fmt::format("{} drops were due, {} counted: {}", drops_expected_,
                         receiver_->dropped_in_all(), drops());
}

Lane* Campaign::lane_of(const PacketBytes& delivered) {
  PacketSummary summary;
  if (summarize(delivered, summary) != ParseVerdict::Good) return nullptr;
  const auto found = by_destination_.find(summary.destination_address());
  return found == by_destination_.end() ? nullptr : found->second;
}

void Campaign::check_delivered(const PacketBytes& datagram) {
  ++tally_.delivered;
  Lane* const lane = lane_of(datagram);
  const std::size_t mark = datagram[0] >> 4 == 6 ? 48 : 28;  // behind the UDP header
  if (lane == nullptr || datagram.size() < mark + 8) {
    fault_ = "something was delivered that nobody sent";
    return;
  }
  const std::size_t index = load_be<std::uint64_t>(datagram.data() + mark);
  if (index >= lane->accepted.size() || datagram != lane->clear(index, kDeliveredHopLimit))
    fault_ = fmt::format("{}: a changed packet was delivered", lane->facts().name);
  else if (lane->accepted[index])
    fault_ = fmt::format("{}: packet {} was delivered twice", lane->facts().name, index);
  else
    lane->accepted[index] = true;
}

}  // namespace sallyport::campaign
