#include "tests/campaign/lane.h"

#include <fmt/format.h>

#include "tests/support/esp_pair.h"

namespace sallyport::campaign {
namespace {

constexpr std::size_t kMarkBytes = 8;  // of the payload: the index
constexpr std::uint8_t kHopLimit = 64;
constexpr std::size_t kLargest = 700;  // of the filler

Address address(std::string_view text) { return Address::parse(text).value(); }
AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }

Endpoints endpoints(Family family, Direction direction) {
  const bool v4 = family == Family::V4;
  const Address sender = address(v4 ? "192.0.2.1" : "2001:db8::1");
  const Address receiver = address(v4 ? "192.0.2.2" : "2001:db8::2");
  return direction == Direction::Outbound ? Endpoints{sender, receiver}
                                          : Endpoints{receiver, sender};
}

}  // namespace

Lane::Lane(LaneFacts facts, unsigned number) : facts_(std::move(facts)), number_(number) {
  const bool v4 = facts_.inner == Family::V4;
  source_ = address(v4 ? "198.51.100.2" : "2001:db8:1::2");
  destination_ = address(v4 ? fmt::format("198.51.100.{}", 130 + number)
                            : fmt::format("2001:db8:2::{:x}", 0x100 + number));
}

Sa Lane::sa(Direction direction) const {
  Sa sa = sample_sa(direction, facts_.transform);
  sa.name = fmt::format("{}-{}", direction == Direction::Outbound ? "out" : "in", facts_.name);
  sa.spi = spi();
  sa.endpoints = endpoints(facts_.outer, direction);
  sa.esn = facts_.esn;
  sa.replay_window = facts_.window;
  sa.last_sequence = SequenceNumber{facts_.sequences_before};
  return sa;
}

Sa Lane::outbound() const {
  Sa sa = this->sa(Direction::Outbound);
  sa.selectors = sender_policy().selectors;
  return sa;
}

Sa Lane::inbound() const {
  Sa sa = this->sa(Direction::Inbound);
  sa.selectors = receiver_policy().selectors;
  return sa;
}

Policy Lane::sender_policy() const {
  Selector selector;
  selector.local = {range(facts_.inner == Family::V4 ? "198.51.100.0/25" : "2001:db8:1::/64")};
  selector.remote = {AddressRange{destination_, destination_}};
  Protection protection;
  protection.endpoints = endpoints(facts_.outer, Direction::Outbound);
  return {.name = facts_.name,
          .selectors = {selector},
          .action = PolicyAction::Protect,
          .protect = protection};
}

Policy Lane::receiver_policy() const {
  Policy policy = sender_policy();
  std::swap(policy.selectors[0].local, policy.selectors[0].remote);
  policy.protect->endpoints = endpoints(facts_.outer, Direction::Inbound);
  return policy;
}

PacketBytes Lane::next_clear() {
  accepted.push_back(false);
  return clear(sent_++, kHopLimit);
}

PacketBytes Lane::clear(std::size_t index, std::uint8_t hop_limit) const {
  PacketBytes payload(kMarkBytes + index * 37 % kLargest, static_cast<std::uint8_t>(index));
  store_be<std::uint64_t>(payload.data(), index);
  return PacketBuilder(source_, destination_)
      .hop_limit(hop_limit)
      .udp(static_cast<std::uint16_t>(1024 + index % 64), 4000)
      .payload(std::move(payload))
      .build();
}

std::size_t Lane::index_of(std::uint32_t low_sequence) const noexcept {
  return low_sequence - static_cast<std::uint32_t>(facts_.sequences_before) - 1;
}

}  // namespace sallyport::campaign
