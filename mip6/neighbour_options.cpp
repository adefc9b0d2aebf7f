#include "mip6/neighbour_options.h"

#include <algorithm>
#include <utility>

#include "mip6/wire_fields.h"

namespace sallyport::mip6 {
namespace {

constexpr std::uint8_t kMostPrefixBits = 128;

struct PrefixOption {
  std::uint8_t type;
  std::uint8_t units;
  std::uint8_t length;
  std::uint8_t flags;
  Be32 valid;
  Be32 preferred;
  Be32 reserved;
  std::uint8_t address[16];
};
static_assert(sizeof(PrefixOption) == 4 * kNeighbourOptionUnit);

// Host bits are reserved but for a router's address (RFC 4861 4.6.2, RFC 6275 7.2).
Address meaningful(const Prefix& prefix, Flags<PrefixFlag> flags) noexcept {
  return flags.has(PrefixFlag::RouterAddress) ? prefix.address : prefix.first();
}

}  // namespace

std::optional<PrefixInformation> parse_prefix(ByteView option) noexcept {
  if (option.size() != sizeof(PrefixOption)) return std::nullopt;
  const auto fields = wire::fields_of<PrefixOption>(option);
  if (fields.length > kMostPrefixBits) return std::nullopt;
  PrefixInformation parsed{.prefix = {Address::v6(fields.address), fields.length},
                           .flags = Flags<PrefixFlag>::of_wire(fields.flags),
                           .valid = PrefixLifetime{fields.valid.get()},
                           .preferred = PrefixLifetime{fields.preferred.get()}};
  parsed.prefix.address = meaningful(parsed.prefix, parsed.flags);
  return parsed;
}

void append_prefix(Octets& to, const PrefixInformation& prefix) {
  PrefixOption option{};
  option.type = std::to_underlying(NeighbourOption::Prefix);
  option.units = sizeof option / kNeighbourOptionUnit;
  option.length = prefix.prefix.length;
  option.flags = prefix.flags.wire();
  option.valid.set(prefix.valid.count());
  option.preferred.set(prefix.preferred.count());
  std::ranges::copy(meaningful(prefix.prefix, prefix.flags).bytes, option.address);
  append_octets(to, wire::view_of(option));
}

void append_octets(Octets& to, ByteView option) {
  to.insert(to.end(), option.begin(), option.end());
}

}  // namespace sallyport::mip6
