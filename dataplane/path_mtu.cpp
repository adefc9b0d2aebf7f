#include "dataplane/path_mtu.h"

#include <algorithm>
#include <optional>

#include "net/datagram.h"
#include "net/esp.h"
#include "net/icmp.h"
#include "net/ipv6.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr Duration kAgeingPeriod = std::chrono::seconds(1);
// How far behind the last number sent a message may point: a second of a million packets.
constexpr std::uint32_t kRecentPackets = 1u << 20;

// RFC 1191 table 7-1, for routers that do not say their MTU.
constexpr std::array<std::uint32_t, 10> kPlateaus{32000, 17914, 8166, 4352, 2002,
                                                  1492,  1006,  508,  296,  68};
std::uint32_t plateau_below(std::uint32_t length) noexcept {
  const auto found = std::ranges::find_if(kPlateaus, [length](auto mtu) { return mtu < length; });
  return found == kPlateaus.end() ? kPlateaus.back() : *found;
}

bool is_path_mtu_message(const PacketSummary& summary) noexcept {
  constexpr std::uint16_t needed = icmp4::kUnreachable << 8 | icmp4::kCodeFragmentationNeeded;
  if (summary.family == Family::V4) return summary.source_port == needed;
  return summary.source_port >> 8 == icmp6::kPacketTooBig;
}

// RFC 1191 4: the low 16 bits of the second word; RFC 4443 3.2: all of it.
std::uint32_t claimed_mtu(ByteView message, const PacketSummary& sent) noexcept {
  const auto word = load_be<std::uint32_t>(&message[4]);
  if (sent.family == Family::V6) return word;
  const std::uint32_t mtu = word & 0xffff;
  return mtu != 0 ? mtu : plateau_below(sent.length);
}

// What the carried packet shows of its SA.
struct SentPacket {
  Sad::OuterFields outer;
  std::optional<std::uint32_t> sequence{};  // low half, where it is left
};

std::optional<std::uint32_t> word_at(ByteView bytes, std::size_t offset) noexcept {
  if (bytes.size() < offset + sizeof(std::uint32_t)) return std::nullopt;
  return load_be<std::uint32_t>(&bytes[offset]);
}

std::optional<SentPacket> read_sent(const CarriedPacket& carried) noexcept {
  constexpr std::size_t kAhSpi = 4;  // RFC 4302 2: behind next header, length and reserved
  const PacketSummary& summary = carried.summary;
  SentPacket sent{.outer = {.protocol = IpsecProtocol::Esp,
                            .source = summary.source_address(),
                            .destination = summary.destination_address()}};
  std::size_t spi_offset = 0;
  if (summary.protocol == kProtocolAh) {
    sent.outer.protocol = IpsecProtocol::Ah;
    spi_offset = kAhSpi;
  } else if (summary.protocol == kProtocolUdp && summary.ports_visible) {
    sent.outer.udp = UdpEncapsulation{summary.source_port, summary.destination_port};
    spi_offset = sizeof(UdpHeader);
  } else if (summary.protocol != kProtocolEsp) {
    return std::nullopt;
  }
  const auto spi = word_at(carried.upper, spi_offset);
  if (!spi) return std::nullopt;
  sent.outer.spi = Spi{*spi};
  sent.sequence = word_at(carried.upper, spi_offset + sizeof(std::uint32_t));
  // Eight octets show the number of ESP, and all but the number of AH (RFC 792).
  const bool may_lack_number =
      sent.outer.protocol == IpsecProtocol::Ah && summary.family == Family::V4;
  if (!sent.sequence && !may_lack_number) return std::nullopt;
  return sent;
}

bool sent_lately(std::uint32_t low, std::uint64_t last) noexcept {
  const std::uint32_t behind = static_cast<std::uint32_t>(last) - low;
  return behind < kRecentPackets && behind < last;
}

}  // namespace

std::string_view to_string(IcmpOutcome outcome) noexcept {
  constexpr std::array<std::string_view, kIcmpOutcomeCount> kNames{
      "lowered",   "not_lower",    "not_accepted", "nothing_to_do", "limited",
      "malformed", "unverifiable", "unknown_sa",   "never_sent",    "implausible"};
  return kNames[static_cast<std::size_t>(outcome)];
}

PathMtuDiscovery::PathMtuDiscovery(Sad& sad, std::vector<Side> sides)
    : sad_(sad), sides_(std::move(sides)) {
  set({}, {});
}

void PathMtuDiscovery::set(IcmpAcceptance acceptance, const PathMtuSettings& settings) {
  acceptance_ = std::move(acceptance);
  settings_ = settings;
  rate_ = RateLimit::per_second(settings.messages_per_second, settings.messages_per_second,
                                kInstantHertz);
}

bool PathMtuDiscovery::take(const Delivery& message, Instant now) {
  if (!is_icmp_error(message.summary)) return false;
  const IcmpOutcome outcome = judge(message, now);
  counters_[static_cast<std::size_t>(outcome)].add();
  return outcome != IcmpOutcome::NotAccepted;
}

void PathMtuDiscovery::tick(Instant now) {
  if (now < next_ageing_) return;
  next_ageing_ = now + kAgeingPeriod;
  sad_.path_mtus().age(now, settings_.lifetime);
}

// What came out of an SA comes from a peer that we know: from within.
bool PathMtuDiscovery::accepted(const Delivery& message) const noexcept {
  const bool outside = message.port != kNoPort && !message.decapsulated &&
                       sides_[message.port.value] == Side::Unprotected;
  return is_one_of(outside ? acceptance_.unprotected_side : acceptance_.protected_side,
                   message.summary);
}

IcmpOutcome PathMtuDiscovery::judge(const Delivery& message, Instant now) {
  if (!accepted(message)) return IcmpOutcome::NotAccepted;
  if (!is_path_mtu_message(message.summary)) return IcmpOutcome::NothingToDo;
  const PacketSummary& summary = message.summary;
  const auto sent = carried_packet(message.upper(), summary.family);
  // Errors go to the source of what they carry.
  if (!sent || sent->summary.source != summary.destination ||
      !icmp_checksum_good(message.upper(), summary.source_address(), summary.destination_address()))
    return IcmpOutcome::Malformed;
  return learn(message, *sent, now);
}

IcmpOutcome PathMtuDiscovery::learn(const Delivery& message, const CarriedPacket& sent,
                                    Instant now) {
  const auto shown = read_sent(sent);
  if (!shown) return IcmpOutcome::Unverifiable;
  const auto sender = sad_.find_sender(shown->outer);
  if (!sender) return IcmpOutcome::UnknownSa;
  // Not before: who does not even know an SPI of ours uses nothing up.
  if (!rate_.allow(static_cast<std::uint64_t>(now.time_since_epoch().count())))
    return IcmpOutcome::Limited;
  const std::uint64_t last =
      sad_.table().counters(Direction::Outbound, sender->slot).sequence.value;
  if (shown->sequence && !sent_lately(*shown->sequence, last)) return IcmpOutcome::NeverSent;
  const bool v6 = sent.summary.family == Family::V6;
  const std::uint32_t claimed = claimed_mtu(message.upper(), sent.summary);
  if (claimed >= sent.summary.length || (v6 && claimed < kLeastIpv6Mtu))
    return IcmpOutcome::Implausible;
  const auto floor = std::uint32_t{v6 ? settings_.floor_v6 : settings_.floor_v4};
  const auto mtu = static_cast<std::uint16_t>(std::min(std::max(claimed, floor), 0xffffu));
  return sad_.path_mtus().lower(sender->slot, mtu, now) ? IcmpOutcome::Lowered
                                                        : IcmpOutcome::NotLower;
}

}  // namespace sallyport
