#include "net/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sallyport {
namespace {

constexpr std::pair<std::string_view, std::uint8_t> kNames[] = {
    {"icmp", kProtocolIcmp},       {"ipv4", kProtocolIpv4}, {"tcp", kProtocolTcp},
    {"udp", kProtocolUdp},         {"dccp", kProtocolDccp}, {"ipv6", kProtocolIpv6},
    {"opaque", kProtocolOpaque},   {"esp", kProtocolEsp},   {"ah", kProtocolAh},
    {"icmpv6", kProtocolIcmpv6},   {"sctp", kProtocolSctp}, {"mobility", kProtocolMobility},
    {"udplite", kProtocolUdpLite},
};

}  // namespace

Expected<std::uint8_t> parse_protocol(std::string_view text) {
  const auto named =
      std::ranges::find(kNames, text, &std::pair<std::string_view, std::uint8_t>::first);
  if (named != std::end(kNames)) return named->second;
  std::uint8_t number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc{} && end == text.data() + text.size()) return number;
  return fail(Error::Code::Invalid, fmt::format("\"{}\" is not an IP protocol", text),
              "a number from 0 to 255, or tcp, udp, icmp, icmpv6, sctp, dccp, udplite, mobility, "
              "esp, ah, ipv4, ipv6, opaque");
}

std::string protocol_name(std::uint8_t protocol) {
  for (const auto& [name, number] : kNames)
    if (number == protocol) return std::string(name);
  return std::to_string(protocol);
}

}  // namespace sallyport
