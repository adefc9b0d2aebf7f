#include "bench/command_line.h"

#include <fmt/format.h>

#include <string_view>

#include "bench/option_lists.h"
#include "bench/program.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;

constexpr std::uint32_t kMostSas = 1 << 20;  // of IPv4 there are no more addresses behind the pair
constexpr std::uint16_t kSmallest = 28;      // IP and UDP headers
constexpr std::uint16_t kSmallestIpv6 = 48;
constexpr std::uint16_t kLargest = 1400;  // what fits into a tunnel of 1500 by any algorithm
constexpr std::uint16_t kLargestIpv6 = 1384;

options::options_description description() {
  const auto text = [](const char* standard) {
    return options::value<std::string>()->default_value(standard);
  };
  const auto number = [](unsigned standard) {
    return options::value<unsigned>()->default_value(standard);
  };
  options::options_description all("sallyport-bench");
  all.add_options()("family", text("ipv4"), "of inner and outer packets: ipv4 or ipv6")(
      "direction", text("both"), "out, in, or both")(
      "algorithm", text("aes128-gcm16,aes128-cbc+hmac-sha1-96,chacha20-poly1305"),
      "as in the configuration")("size", text("64,512,1400"),
                                 "octets of the inner packet, or imix")("sas", text("1,10000"),
                                                                        "SAs in each direction")(
      "policies", text("0"), "policies for other networks, in front of those of the SAs")(
      "order", text("random"), "sequential, random or zipf")("burst", number(kBurstSize),
                                                             "packets that a turn finds")(
      "flows", number(0), "0: 1024, or one for each SA")("windows", number(20),
                                                         "measurements to take the median of")(
      "core", options::value<int>()->default_value(-1), "where to run; -1: the last core")(
      "json", text(""), "file to write the figures to")("no-hugepages", "run without them")(
      "profile", "ticks of each verb as well")("help", "this text");
  return all;
}

Expected<std::vector<Transform>> transforms(const std::string& list) {
  const auto texts = words(list);
  if (!texts) return std::unexpected(texts.error());
  std::vector<Transform> found;
  for (const std::string& text : *texts) {
    const auto transform = parse_transform(text);
    if (!transform) return std::unexpected(transform.error());
    found.push_back(*transform);
  }
  return found;
}

Expected<std::vector<Direction>> directions(const std::string& text) {
  using enum Direction;
  if (text == "both") return std::vector{Outbound, Inbound};
  if (text == "out") return std::vector{Outbound};
  if (text == "in") return std::vector{Inbound};
  return fail(Error::Code::Invalid, fmt::format("no direction \"{}\"", text), "out, in or both");
}

Expected<Family> family(const std::string& text) {
  if (text == "ipv4") return Family::V4;
  if (text == "ipv6") return Family::V6;
  return fail(Error::Code::Invalid, fmt::format("no family \"{}\"", text), "ipv4 or ipv6");
}

Expected<std::vector<std::uint16_t>> sizes(const std::string& list, Family family) {
  if (list == "imix") return std::vector{kImix};
  if (family == Family::V6) return numbers<std::uint16_t>(list, kSmallestIpv6, kLargestIpv6);
  return numbers<std::uint16_t>(list, kSmallest, kLargest);
}

Expected<Order> order(const std::string& text) {
  if (text == "random") return Order::Random;
  if (text == "sequential") return Order::Sequential;
  if (text == "zipf") return Order::Zipf;
  return fail(Error::Code::Invalid, fmt::format("no order \"{}\"", text),
              "sequential, random or zipf");
}

Expected<CommandLine> read(const options::variables_map& given) {
  const auto text = [&](const char* name) { return given[name].as<std::string>(); };
  const auto number = [&](const char* name) { return given[name].as<unsigned>(); };
  CommandLine line;
  std::optional<Error> error;
  keep(family(text("family")), line.family, error);
  keep(directions(text("direction")), line.directions, error);
  keep(transforms(text("algorithm")), line.transforms, error);
  keep(sizes(text("size"), line.family), line.sizes, error);
  keep(numbers<std::uint32_t>(text("sas"), 1, kMostSas), line.sas, error);
  keep(numbers<std::uint32_t>(text("policies"), 0, kMostPolicies), line.policies, error);
  keep(order(text("order")), line.order, error);
  line.burst = number("burst");
  line.flows = number("flows");
  line.windows = number("windows");
  line.core = given["core"].as<int>();
  line.json = text("json");
  line.no_hugepages = given.contains("no-hugepages");
  line.profile = given.contains("profile");
  line.help = given.contains("help");
  if (error) return std::unexpected(*error);
  if (line.burst == 0 || line.burst > kBurstSize)
    return fail(Error::Code::Invalid, "no such --burst", fmt::format("1 to {}", kBurstSize));
  if (line.windows == 0) return fail(Error::Code::Invalid, "no --windows", "1 or more");
  return line;
}

}  // namespace

std::string usage() { return text_of(description()); }

Expected<CommandLine> read_command_line(int argc, char** argv) {
  const auto given = parse_options(argc, argv, description());
  if (!given) return std::unexpected(given.error());
  return read(*given);
}

}  // namespace sallyport::bench
