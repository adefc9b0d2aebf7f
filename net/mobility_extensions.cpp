#include "net/mobility_extensions.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "net/ipv6.h"
#include "net/packet_summary.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kPad1 = 0, kPadN = 1, kEncapsulationLimit = 4;
constexpr std::size_t kOptionBytes = 2 + kIpv6AddressBytes;
constexpr std::size_t kRoutingBytes = 24;
constexpr std::size_t kRoutingAddress = 8;  // in the routing header
constexpr std::uint16_t kNextHeaderAt = offsetof(Ipv6Header, next_header);
constexpr std::size_t kSourceAt = offsetof(Ipv6Header, source);
constexpr std::size_t kDestinationAt = offsetof(Ipv6Header, destination);

// Calls `visit(offset of the type, octets from the type on)` for each option of a header but
// padding of one octet. An option that does not fit is given what is left.
template <class Visit>
void for_each_option(ByteView header, Visit&& visit) noexcept {
  std::size_t at = 2;
  while (at < header.size()) {
    if (header[at] == kPad1) {
      ++at;
      continue;
    }
    const std::size_t size = at + 1 < header.size() ? 2u + header[at + 1] : header.size();
    visit(at, header.subspan(at, std::min(size, header.size() - at)));
    at += size;
  }
}

// The extension headers of one datagram, in order.
class Walk {
 public:
  explicit Walk(ByteView datagram) noexcept : datagram_(datagram), next_(datagram[kNextHeaderAt]) {}

  // False at the end of the chain, or of what is there of it.
  [[nodiscard]] bool at_extension() const noexcept {
    const bool known = next_ == kProtocolHopByHop || next_ == kProtocolRouting ||
                       next_ == kProtocolFragment || next_ == kProtocolDestination;
    return known && !over_ && at_ + 8 <= datagram_.size() && at_ + size() <= datagram_.size();
  }
  [[nodiscard]] std::uint8_t kind() const noexcept { return next_; }
  [[nodiscard]] std::uint16_t at() const noexcept { return static_cast<std::uint16_t>(at_); }
  [[nodiscard]] std::uint16_t named_at() const noexcept { return named_at_; }
  [[nodiscard]] ByteView header() const noexcept { return datagram_.subspan(at_, size()); }
  void go_on() noexcept {
    const std::size_t bytes = size();
    over_ = next_ == kProtocolFragment && (load_be<std::uint16_t>(&datagram_[at_ + 2]) >> 3) != 0;
    next_ = datagram_[at_];
    named_at_ = static_cast<std::uint16_t>(at_);
    at_ += bytes;
  }

 private:
  [[nodiscard]] std::size_t size() const noexcept {
    return next_ == kProtocolFragment ? sizeof(Ipv6Fragment) : (datagram_[at_ + 1] + 1u) * 8u;
  }

  ByteView datagram_;
  std::size_t at_{sizeof(Ipv6Header)};
  std::uint16_t named_at_{kNextHeaderAt};
  std::uint8_t next_;
  bool over_{};  // a later fragment: what follows is no header
};

class Finder {
 public:
  void look_at(const Walk& walk) noexcept {
    if (walk.kind() == kProtocolFragment) fragmented_ = true;
    if (walk.kind() == kProtocolRouting) look_at_routing(walk);
    if (walk.kind() == kProtocolDestination) look_at_options(walk);
  }
  [[nodiscard]] MobilityExtensions& found() noexcept { return found_; }

 private:
  void blame(MobilityFault fault) noexcept {
    if (found_.fault == MobilityFault::None) found_.fault = fault;
  }

  void look_at_routing(const Walk& walk) noexcept {
    if (found_.option_at != 0) blame(MobilityFault::OptionMisplaced);
    const ByteView header = walk.header();
    if (header[2] != kType2Routing) {
      found_.goes_on = found_.goes_on || header[3] != 0;
      return;
    }
    if (found_.routing_at != 0) return blame(MobilityFault::RoutingTwice);
    found_.routing_at = walk.at();
    found_.routing_named_at = walk.named_at();
    found_.segments_left = header[3];
    if (header.size() != kRoutingBytes) blame(MobilityFault::RoutingLength);
  }

  void look_at_options(const Walk& walk) noexcept {
    for_each_option(walk.header(), [&](std::size_t at, ByteView option) {
      if (option[0] != kHomeAddressOption) return;
      if (found_.option_at != 0) return blame(MobilityFault::OptionTwice);
      found_.option_at = static_cast<std::uint16_t>(walk.at() + at);
      found_.options_at = walk.at();
      found_.options_named_at = walk.named_at();
      if (fragmented_) blame(MobilityFault::OptionMisplaced);
      if (option.size() != kOptionBytes || option[1] != kIpv6AddressBytes)
        blame(MobilityFault::OptionLength);
    });
  }

  MobilityExtensions found_;
  bool fragmented_{};
};

// In front of what the extensions stand: behind hop-by-hop and routing headers.
struct Place {
  std::size_t at;
  std::size_t named_at;
};
Place place_in(ByteView datagram) noexcept {
  Walk walk(datagram);
  Place place{sizeof(Ipv6Header), kNextHeaderAt};
  while (walk.at_extension() && walk.kind() != kProtocolFragment) {
    const bool in_front = walk.kind() != kProtocolDestination;
    walk.go_on();
    if (in_front) place = {walk.at(), walk.named_at()};
  }
  return place;
}

// Both return where the next header begins; `next` is what each of them names.
std::uint8_t* write_routing(std::uint8_t* at, const Address& care_of, std::uint8_t next) noexcept {
  constexpr std::uint8_t kUnits = kRoutingBytes / 8 - 1;
  constexpr std::array<std::uint8_t, 7> kFixed{kUnits, kType2Routing, 0, 0, 0, 0, 0};
  *at++ = next;
  at = std::ranges::copy(kFixed, at).out;
  return std::ranges::copy(care_of.bytes, at).out;
}

// The option begins at 8n + 6 (6.3).
std::uint8_t* write_option(std::uint8_t* at, const Address& care_of, std::uint8_t next) noexcept {
  constexpr std::array<std::uint8_t, 7> kFixed{
      2, kPadN, 2, 0, 0, kHomeAddressOption, kIpv6AddressBytes};
  *at++ = next;
  at = std::ranges::copy(kFixed, at).out;
  return std::ranges::copy(care_of.bytes, at).out;
}

// Everything in front of the header moves over it. `gone` octets have fallen away before.
std::uint16_t take_out(MutableBytes datagram, std::size_t at, std::size_t named_at,
                       std::size_t gone) noexcept {
  std::uint8_t* const header = &datagram[at + gone];
  const std::size_t size = (header[1] + 1u) * 8u;
  datagram[named_at + gone] = header[0];
  std::memmove(&datagram[gone + size], &datagram[gone], at);
  auto& ip = *reinterpret_cast<Ipv6Header*>(&datagram[gone + size]);
  ip.payload_length.set(static_cast<std::uint16_t>(ip.payload_length.get() - size));
  return static_cast<std::uint16_t>(gone + size);
}

bool is_only_padding(ByteView header) noexcept {
  bool padding = true;
  for_each_option(header,
                  [&](std::size_t, ByteView option) { padding = padding && option[0] == kPadN; });
  return padding;
}

}  // namespace

Address MobilityExtensions::option_address(ByteView datagram) const noexcept {
  return Address::v6(datagram.subspan(option_at + 2u).first<kIpv6AddressBytes>());
}

Address MobilityExtensions::routing_address(ByteView datagram) const noexcept {
  return Address::v6(datagram.subspan(routing_at + kRoutingAddress).first<kIpv6AddressBytes>());
}

MobilityExtensions find_mobility_extensions(ByteView datagram) noexcept {
  if (datagram.size() < sizeof(Ipv6Header) || datagram[0] >> 4 != 6) return {};
  Walk walk(datagram);
  Finder finder;
  for (; walk.at_extension(); walk.go_on()) finder.look_at(walk);
  finder.found().next = walk.kind();
  return finder.found();
}

bool has_home_address_option(ByteView header) noexcept {
  bool has = false;
  for_each_option(
      header, [&](std::size_t, ByteView option) { has = has || option[0] == kHomeAddressOption; });
  return has;
}

void exchange_home_addresses(MutableBytes datagram, const MobilityExtensions& found) noexcept {
  if (found.option_at != 0) {
    std::uint8_t* const option = &datagram[found.option_at + 2u];
    std::swap_ranges(option, option + kIpv6AddressBytes, &datagram[kSourceAt]);
  }
  if (found.routing_at != 0) {
    std::uint8_t* const routing = &datagram[found.routing_at];
    std::swap_ranges(routing + kRoutingAddress, routing + kRoutingBytes, &datagram[kDestinationAt]);
    routing[3] ^= 1;  // segments left
  }
}

void insert_mobility_extensions(MutableBytes room, const CareOfAddresses& care_of) noexcept {
  const std::uint16_t added = care_of.octets();
  if (added == 0) return;
  const Place place = place_in(room.subspan(added));
  std::memmove(room.data(), room.data() + added, place.at);
  std::uint8_t* at = room.data() + place.at;
  std::uint8_t& named = room[place.named_at];
  const std::uint8_t next = named;
  named = care_of.destination ? kProtocolRouting : kProtocolDestination;
  if (care_of.destination)
    at = write_routing(at, *care_of.destination,
                       care_of.source ? std::uint8_t{kProtocolDestination} : next);
  if (care_of.source) write_option(at, *care_of.source, next);
  auto& ip = *reinterpret_cast<Ipv6Header*>(room.data());
  ip.payload_length.set(static_cast<std::uint16_t>(room.size() - sizeof(Ipv6Header)));
}

std::uint16_t remove_mobility_extensions(MutableBytes datagram,
                                         const MobilityExtensions& found) noexcept {
  std::uint16_t gone = 0;
  if (found.option_at != 0) {
    const MutableBytes option = datagram.subspan(found.option_at, kOptionBytes);
    std::ranges::fill(option, std::uint8_t{0});
    option[0] = kPadN;
    option[1] = kIpv6AddressBytes;
    const std::uint8_t* const header = &datagram[found.options_at];
    if (is_only_padding({header, (header[1] + 1u) * 8u}))
      gone = take_out(datagram, found.options_at, found.options_named_at, gone);
  }
  // It stands in front of the option: its place has moved with all that did.
  if (found.routing_at != 0)
    gone = take_out(datagram, found.routing_at, found.routing_named_at, gone);
  return gone;
}

std::uint16_t encapsulation_limit_at(ByteView datagram) noexcept {
  const Walk walk(datagram);
  if (!walk.at_extension() || walk.kind() != kProtocolDestination) return 0;
  std::uint16_t at = 0;
  for_each_option(walk.header(), [&](std::size_t place, ByteView option) {
    if (option[0] == kEncapsulationLimit && option.size() == 3)
      at = static_cast<std::uint16_t>(walk.at() + place);
  });
  return at;
}

}  // namespace sallyport
