// What a parser took, written once more: what tests and the fuzz target hold parsers against.
#pragma once

#include "mip6/build_message.h"
#include "mip6/home_agent_discovery.h"
#include "mip6/router_advertisement.h"
#include "tests/mip6/mobility.h"

namespace sallyport::mip6::test {

// True where what is built of a message reads as the same, or has no room: options that stood
// anywhere may need more of it with their alignments. A malformed option has no words to write.
inline bool is_read_again(Message message) {
  std::visit([](auto& one) { one.options.malformed_binding_identifier = false; }, message);
  const auto octets = build_message(message, kHome, kHomeAgent);
  if (!octets) return octets.error().code == Error::Code::Invalid;
  return octets->size() % 8 == 0 && parse_exactly(*octets) == message;
}

inline std::optional<DiscoveryMessage> parse_discovery_exactly(ByteView icmp, const Address& source,
                                                               const Address& destination) {
  return on_exact_copy(
      icmp, [&](ByteView copy) { return parse_discovery_message(copy, source, destination); });
}

inline bool is_read_again(const DiscoveryMessage& message) {
  const Octets octets = build_discovery_message(message, kHomeAgent, kHome);
  return parse_discovery_exactly(octets, kHomeAgent, kHome) == message;
}

inline std::optional<RouterAdvertisement> parse_advertisement_exactly(ByteView datagram) {
  return on_exact_copy(datagram, [](ByteView copy) -> std::optional<RouterAdvertisement> {
    PacketSummary summary;
    if (summarize(copy, summary) != ParseVerdict::Good) return std::nullopt;
    return parse_router_advertisement(copy, summary);
  });
}

// What must not be sent may come: home agent information with a lifetime of 0 or without the flag.
inline bool is_read_again(RouterAdvertisement advertisement) {
  const bool sayable = advertisement.flags.has(RouterFlag::HomeAgent) && advertisement.home_agent &&
                       advertisement.home_agent->lifetime != RouterLifetime{};
  if (!sayable) advertisement.home_agent.reset();
  const auto datagram = build_router_advertisement(advertisement);
  return datagram && parse_advertisement_exactly(*datagram) == advertisement;
}

}  // namespace sallyport::mip6::test
