#include "net/ah_coverage.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kEndOfOptions = 0, kNoOperation = 1, kLooseRoute = 131, kStrictRoute = 137;

// RFC 4302 A1: security, extended and commercial security, router alert, sender-directed delivery.
// All others are mutable.
constexpr bool is_immutable(std::uint8_t option) noexcept {
  constexpr std::array<std::uint8_t, 5> kImmutable{130, 133, 134, 148, 149};
  return std::ranges::find(kImmutable, option) != kImmutable.end();
}

// The last address of a source route is where the packet goes in the end, unless it is there
// already: the pointer counts from 1 and is past the end then (RFC 791 3.1). The rule is here
// whole, though parsing refuses source routes (net/packet_summary).
void predict_destination(Ipv4Header& header, ByteView route) noexcept {
  constexpr std::size_t kOneAddress = 7, kFirstPointer = 4;
  if (route.size() < kOneAddress) return;
  if (route[2] < kFirstPointer || route[2] > route.size()) return;
  std::memcpy(header.destination, route.last(4).data(), 4);
}

bool cover_ipv4_options(Ipv4Header& header, MutableBytes options) noexcept {
  while (!options.empty() && options[0] != kEndOfOptions) {
    if (options[0] == kNoOperation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) return false;
    const MutableBytes option = options.first(options[1]);
    options = options.subspan(option.size());
    if (option[0] == kLooseRoute || option[0] == kStrictRoute) predict_destination(header, option);
    if (!is_immutable(option[0])) std::ranges::fill(option, std::uint8_t{0});
  }
  return true;
}

bool cover_ipv4(MutableBytes headers) noexcept {
  if (headers.size() < sizeof(Ipv4Header)) return false;
  auto& header = *reinterpret_cast<Ipv4Header*>(headers.data());
  header.tos = 0;
  header.fragment.set(0);
  header.ttl = 0;
  header.checksum.set(0);
  return cover_ipv4_options(header, headers.subspan(sizeof header));
}

// Hop-by-hop or destination options: data that may change on the way is zero, its type and length
// stay (RFC 8200 4.2).
bool cover_options(MutableBytes options) noexcept {
  constexpr std::uint8_t kPad1 = 0, kMayChange = 0x20;
  while (!options.empty()) {
    if (options[0] == kPad1) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] + 2u > options.size()) return false;
    const MutableBytes data = options.subspan(2, options[1]);
    if ((options[0] & kMayChange) != 0) std::ranges::fill(data, std::uint8_t{0});
    options = options.subspan(2 + data.size());
  }
  return true;
}

// Every segment left swaps the destination with the next address (RFC 2460 4.4, RFC 6275 6.4).
bool predict_route(std::uint8_t* destination, MutableBytes routing) noexcept {
  constexpr std::size_t kFixed = 8;
  constexpr std::size_t kAddress = 16;
  constexpr std::uint8_t kSourceRoute = 0, kHomeAddress = 2;
  if (routing[2] != kSourceRoute && routing[2] != kHomeAddress) return true;
  const std::size_t addresses = (routing.size() - kFixed) / kAddress;
  if (routing[3] > addresses) return false;
  for (std::size_t next = addresses - routing[3]; next < addresses; ++next) {
    std::uint8_t* const address = &routing[kFixed + next * kAddress];
    std::swap_ranges(destination, destination + kAddress, address);
  }
  routing[3] = 0;
  return true;
}

// Goes through the extension headers of one packet.
class Ipv6Coverage {
 public:
  explicit Ipv6Coverage(MutableBytes headers) noexcept : headers_(headers) {}

  std::optional<std::uint16_t> run() noexcept {
    if (headers_.size() < sizeof(Ipv6Header)) return std::nullopt;
    constexpr std::uint32_t kVersion = 0xf0000000;
    ip().version_class_flow.set(ip().version_class_flow.get() & kVersion);
    ip().hop_limit = 0;
    while (offset_ < headers_.size())
      if (!step()) return std::nullopt;
    if (headers_[named_at_] != kProtocolAh) return std::nullopt;
    return static_cast<std::uint16_t>(gone_);
  }

 private:
  [[nodiscard]] Ipv6Header& ip() noexcept {
    return *reinterpret_cast<Ipv6Header*>(&headers_[gone_]);
  }

  bool step() noexcept {
    const MutableBytes rest = headers_.subspan(offset_);
    if (rest.size() < 8) return false;
    const std::uint8_t kind = headers_[named_at_];
    if (kind == kProtocolFragment) {
      drop_fragment_header(rest[0]);
      return true;
    }
    const std::size_t size = (rest[1] + 1u) * 8u;
    if (size > rest.size() || !cover(kind, rest.first(size))) return false;
    named_at_ = offset_;
    offset_ += size;
    return true;
  }

  bool cover(std::uint8_t kind, MutableBytes header) noexcept {
    if (kind == kProtocolHopByHop || kind == kProtocolDestination)
      return cover_options(header.subspan(2));
    if (kind == kProtocolRouting) return predict_route(ip().destination, header);
    return true;
  }

  // RFC 4302 A2. Everything in front moves over it.
  void drop_fragment_header(std::uint8_t next_header) noexcept {
    constexpr std::size_t kBytes = sizeof(Ipv6Fragment);
    headers_[named_at_] = next_header;
    std::memmove(&headers_[gone_ + kBytes], &headers_[gone_], offset_ - gone_);
    named_at_ += kBytes;
    offset_ += kBytes;
    gone_ += kBytes;
    ip().payload_length.set(static_cast<std::uint16_t>(ip().payload_length.get() - kBytes));
  }

  MutableBytes headers_;
  std::size_t gone_{};  // octets in front that are no longer part of it
  std::size_t offset_{sizeof(Ipv6Header)};
  std::size_t named_at_{offsetof(Ipv6Header, next_header)};  // of the octet that names what is next
};

}  // namespace

std::optional<std::uint16_t> cover_by_ah(MutableBytes headers) noexcept {
  if (headers.empty()) return std::nullopt;
  if (headers[0] >> 4 == 6) return Ipv6Coverage(headers).run();
  if (!cover_ipv4(headers)) return std::nullopt;
  return 0;
}

}  // namespace sallyport
