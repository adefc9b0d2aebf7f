#include "mip6/option_writer.h"

#include <algorithm>
#include <utility>

#include "mip6/wire_fields.h"

namespace sallyport::mip6 {
namespace {

void append(Octets& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void add_refresh_advice(OptionWriter& writer, BindingLifetime interval) {
  Be16 units;
  units.set(interval.count());
  writer.add(OptionType::RefreshAdvice, units.raw);
}

void add_nonce_indices(OptionWriter& writer, const NonceIndices& indices) {
  wire::NonceIndices fields;
  fields.home.set(indices.home);
  fields.care_of.set(indices.care_of);
  writer.add(OptionType::NonceIndices, wire::view_of(fields));
}

void add_network_prefix(OptionWriter& writer, const MobileNetworkPrefix& prefix) {
  wire::NetworkPrefix fields{};
  fields.length = prefix.length;
  std::ranges::copy(prefix.address.bytes, fields.address);
  writer.add(OptionType::MobileNetworkPrefix, wire::view_of(fields));
}

void add_dns_update(OptionWriter& writer, const DnsUpdate& update) {
  const wire::DnsUpdate fields{.status = std::to_underlying(update.status),
                               .flags = update.remove ? wire::kRemoveName : std::uint8_t{0}};
  Octets data;
  append(data, wire::view_of(fields));
  data.insert(data.end(), update.name.begin(), update.name.end());
  writer.add(OptionType::DnsUpdate, data);
}

void add_binding_identifier(OptionWriter& writer, const BindingIdentifier& identifier) {
  wire::BindingIdentifier fields{};
  fields.id.set(identifier.id);
  fields.status = std::to_underlying(identifier.status);
  fields.flags = identifier.home_and_away ? wire::kHomeAndAway : std::uint8_t{0};
  Octets data;
  append(data, wire::view_of(fields));
  if (identifier.care_of) append(data, identifier.care_of->wire());
  writer.add(OptionType::BindingIdentifier, data);
}

}  // namespace

Alignment alignment_of(OptionType type, std::size_t data_bytes) noexcept {
  switch (type) {
    case OptionType::RefreshAdvice:
    case OptionType::NonceIndices:
      return {.modulus = 2, .remainder = 0};
    case OptionType::AlternateCareOf:
      return {.modulus = 8, .remainder = 6};
    case OptionType::Authorization:
      return {.modulus = 8, .remainder = 2};
    case OptionType::MobileNetworkPrefix:
      return {.modulus = 8, .remainder = 4};
    case OptionType::BindingIdentifier:
      if (data_bytes > sizeof(wire::BindingIdentifier)) return {.modulus = 8, .remainder = 2};
      return {.modulus = 2, .remainder = 0};
    default:
      return {};
  }
}

// One octet of padding is Pad1, more are one PadN (6.2.2).
void OptionWriter::pad(Alignment alignment) {
  const std::size_t over = message_.size() % alignment.modulus;
  const std::size_t octets = (alignment.modulus + alignment.remainder - over) % alignment.modulus;
  if (octets == 0) return;
  const std::size_t begin = message_.size();
  message_.resize(begin + octets);
  if (octets == 1) return;
  message_[begin] = std::to_underlying(OptionType::PadN);
  message_[begin + 1] = static_cast<std::uint8_t>(octets - 2);
}

void OptionWriter::add(OptionType type, ByteView data) {
  pad(alignment_of(type, data.size()));
  message_.push_back(std::to_underlying(type));
  message_.push_back(static_cast<std::uint8_t>(data.size()));
  append(message_, data);
}

void OptionWriter::end() { pad({.modulus = kMobilityUnit, .remainder = 0}); }

void OptionWriter::end(const Authenticator& authenticator) {
  add(OptionType::Authorization, authenticator);
}

void append_options(Octets& message, const MobilityOptions& options) {
  OptionWriter writer(message);
  if (options.refresh_advice) add_refresh_advice(writer, *options.refresh_advice);
  if (options.alternate_care_of)
    writer.add(OptionType::AlternateCareOf, options.alternate_care_of->bytes);
  if (options.nonce_indices) add_nonce_indices(writer, *options.nonce_indices);
  for (const auto& prefix : options.mobile_network_prefixes) add_network_prefix(writer, prefix);
  if (options.dns_update) add_dns_update(writer, *options.dns_update);
  for (const auto& identifier : options.binding_identifiers)
    add_binding_identifier(writer, identifier);
  if (options.authorization) {
    writer.end(*options.authorization);
  } else {
    writer.end();
  }
}

}  // namespace sallyport::mip6
