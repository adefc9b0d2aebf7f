#include "mip6/parse_options.h"

#include <algorithm>
#include <utility>

#include "mip6/wire_fields.h"

namespace sallyport::mip6 {
namespace {

// An option that may come once: a second one makes the message malformed.
template <class T>
bool set_once(std::optional<T>& place, std::optional<T> value) {
  if (!value || place) return false;
  place = std::move(value);
  return true;
}

std::optional<BindingLifetime> parse_refresh_advice(ByteView data) noexcept {
  if (data.size() != sizeof(std::uint16_t)) return std::nullopt;
  return BindingLifetime{load_be<std::uint16_t>(data.data())};
}

std::optional<Address> parse_address(ByteView data) noexcept {
  if (data.size() != kIpv6AddressBytes) return std::nullopt;
  return Address::v6(data.first<kIpv6AddressBytes>());
}

std::optional<NonceIndices> parse_nonce_indices(ByteView data) noexcept {
  if (data.size() != sizeof(wire::NonceIndices)) return std::nullopt;
  const auto fields = wire::fields_of<wire::NonceIndices>(data);
  return NonceIndices{.home = fields.home.get(), .care_of = fields.care_of.get()};
}

std::optional<Authenticator> parse_authorization(ByteView data) noexcept {
  Authenticator authenticator;
  if (data.size() != authenticator.size()) return std::nullopt;
  std::ranges::copy(data, authenticator.begin());
  return authenticator;
}

std::optional<DnsUpdate> parse_dns_update(ByteView data) {
  if (data.size() < sizeof(wire::DnsUpdate)) return std::nullopt;
  const auto fields = wire::fields_of<wire::DnsUpdate>(data);
  const ByteView name = data.subspan(sizeof fields);
  return DnsUpdate{.status = static_cast<DnsUpdateStatus>(fields.status),
                   .remove = (fields.flags & wire::kRemoveName) != 0,
                   .name = std::string(name.begin(), name.end())};
}

bool add_network_prefix(MobilityOptions& options, ByteView data) {
  if (data.size() != sizeof(wire::NetworkPrefix)) return false;
  const auto fields = wire::fields_of<wire::NetworkPrefix>(data);
  options.mobile_network_prefixes.push_back(
      {.address = Address::v6(fields.address), .length = fields.length});
  return true;
}

// A wrong length is answered, and so makes no malformed message (RFC 5648 4.4).
void add_binding_identifier(MobilityOptions& options, ByteView data) {
  constexpr std::size_t kFixed = sizeof(wire::BindingIdentifier);
  constexpr std::size_t kIpv4Bytes = 4;
  const std::size_t size = data.size();
  if (size != kFixed && size != kFixed + kIpv4Bytes && size != kFixed + kIpv6AddressBytes) {
    options.malformed_binding_identifier = true;
    return;
  }
  const auto fields = wire::fields_of<wire::BindingIdentifier>(data);
  BindingIdentifier identifier{.id = fields.id.get(),
                               .status = static_cast<BindingStatus>(fields.status),
                               .home_and_away = (fields.flags & wire::kHomeAndAway) != 0};
  const ByteView care_of = data.subspan(kFixed);
  if (care_of.size() == kIpv4Bytes)
    identifier.care_of = Address::v4(load_be<std::uint32_t>(care_of.data()));
  else if (!care_of.empty())
    identifier.care_of = Address::v6(care_of.first<kIpv6AddressBytes>());
  options.binding_identifiers.push_back(identifier);
}

bool take(MobilityOptions& options, OptionType type, ByteView data) {
  switch (type) {
    case OptionType::RefreshAdvice:
      return set_once(options.refresh_advice, parse_refresh_advice(data));
    case OptionType::AlternateCareOf:
      return set_once(options.alternate_care_of, parse_address(data));
    case OptionType::NonceIndices:
      return set_once(options.nonce_indices, parse_nonce_indices(data));
    case OptionType::Authorization:
      return set_once(options.authorization, parse_authorization(data));
    case OptionType::MobileNetworkPrefix:
      return add_network_prefix(options, data);
    case OptionType::DnsUpdate:
      return set_once(options.dns_update, parse_dns_update(data));
    case OptionType::BindingIdentifier:
      add_binding_identifier(options, data);
      return true;
    default:
      return true;
  }
}

}  // namespace

std::optional<MobilityOptions> parse_options(ByteView options) {
  MobilityOptions parsed;
  ByteReader reader(options);
  while (const auto type = reader.read<std::uint8_t>()) {
    if (parsed.authorization) return std::nullopt;
    if (*type == std::to_underlying(OptionType::Pad1)) continue;
    const auto length = reader.read<std::uint8_t>();
    if (!length) return std::nullopt;
    const auto data = reader.take(*length);
    if (!data || !take(parsed, static_cast<OptionType>(*type), *data)) return std::nullopt;
  }
  return parsed;
}

}  // namespace sallyport::mip6
