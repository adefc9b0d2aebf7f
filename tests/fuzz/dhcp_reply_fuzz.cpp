// Fuzzes what a DHCPv6 server of a visited link says to a mobile node. First octet: whether a
// domain was asked for; then the options, behind a header and identifiers that fit.
// Proves: BOOT-09
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "mip6/dhcp_message.h"

namespace {

using namespace sallyport;
using namespace sallyport::mip6;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::size_t kMost = 16;
constexpr std::size_t kMostServers = 4;
constexpr std::size_t kMostName = 253;

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kMostName &&
         std::ranges::all_of(name, [](char one) { return one > ' ' && one < 127; });
}

void check(const std::vector<std::uint8_t>& message, const InformationRequest& asked) {
  // One octet too far is seen.
  const auto exact = std::make_unique<std::uint8_t[]>(message.size());
  std::ranges::copy(message, exact.get());
  const auto reply = parse_reply({exact.get(), message.size()}, asked);
  if (!reply) return;
  require(reply->home_agents.size() <= kMost && reply->names.size() <= kMost);
  require(reply->name_servers.size() <= kMostServers);
  require(std::ranges::all_of(reply->names, is_name));
  require(std::ranges::none_of(reply->home_agents, &Address::is_multicast));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 65'000) return 0;
  InformationRequest asked{.transaction = 0x010203, .client = {{2, 0, 0, 0, 0, 5}}};
  if (data[0] % 2 == 0) asked.domain = "example.org";
  const std::vector<std::uint8_t> options(data + 1, data + size);
  check(options, asked);
  std::vector<std::uint8_t> message{7, 1, 2, 3};
  // As we ask: our identifier is the first option; a server's follows.
  const auto question = build_information_request(asked);
  message.insert(message.end(), question.begin() + 4, question.begin() + 18);
  message.insert(message.end(), {0, 2, 0, 2, 0, 3});
  message.insert(message.end(), options.begin(), options.end());
  check(message, asked);
  return 0;
}
