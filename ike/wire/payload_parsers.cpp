#include "ike/wire/payload_parsers.h"

#include <algorithm>

namespace sallyport::ike {
namespace {

// Generous: strongSwan offers some 40 transforms, nobody 200 proposals.
constexpr std::size_t kMostProposals = 256;
constexpr std::size_t kMostTransforms = 256;

constexpr std::uint16_t kKeyLengthAttribute = 0x800e;  // TV form (IKE-57)
constexpr std::uint8_t kMoreTransforms = 3;
constexpr std::uint8_t kMoreProposals = 2;
constexpr std::uint8_t kIpv4Range = 7;
constexpr std::uint8_t kIpv6Range = 8;

// Attributes of a transform; false where they do not fit.
bool parse_attributes(ByteReader attributes, WireTransform& transform) {
  constexpr std::uint16_t kShortForm = 0x8000;
  while (attributes.remaining() > 0) {
    const auto type = attributes.read<std::uint16_t>();
    const auto value = attributes.read<std::uint16_t>();
    if (!type || !value) return false;
    if (*type == kKeyLengthAttribute && transform.key_bits == 0 && *value != 0)
      transform.key_bits = *value;
    else
      transform.unknown_attribute = true;
    if ((*type & kShortForm) == 0 && !attributes.take(*value)) return false;
  }
  return true;
}

std::optional<WireTransform> parse_transform(ByteReader& reader, bool& more) {
  const auto last = reader.read<std::uint8_t>();
  const auto reserved = reader.read<std::uint8_t>();
  const auto length = reader.read<std::uint16_t>();
  constexpr std::size_t kFixedBytes = 8;
  if (!last || !reserved || !length || *length < kFixedBytes) return std::nullopt;
  if (*last != 0 && *last != kMoreTransforms) return std::nullopt;
  more = *last == kMoreTransforms;
  const auto rest = reader.take(*length - 4u);
  if (!rest) return std::nullopt;
  WireTransform transform{.type = (*rest)[0], .id = load_be<std::uint16_t>(rest->data() + 2)};
  if (!parse_attributes(ByteReader(rest->subspan(4)), transform)) return std::nullopt;
  return transform;
}

bool parse_transforms(ByteReader reader, std::size_t count, Proposal& proposal) {
  bool more = count > 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!more) return false;
    auto transform = parse_transform(reader, more);
    if (!transform) return false;
    proposal.transforms.push_back(*transform);
  }
  return !more && reader.remaining() == 0;
}

std::optional<Proposal> parse_proposal(ByteReader& reader, bool& more) {
  const auto last = reader.read<std::uint8_t>();
  const auto reserved = reader.read<std::uint8_t>();
  const auto length = reader.read<std::uint16_t>();
  constexpr std::size_t kFixedBytes = 8;
  if (!last || !reserved || !length || *length < kFixedBytes) return std::nullopt;
  if (*last != 0 && *last != kMoreProposals) return std::nullopt;
  more = *last == kMoreProposals;
  const auto rest = reader.take(*length - 4u);
  if (!rest) return std::nullopt;
  Proposal proposal{.number = (*rest)[0], .protocol = static_cast<ProtocolId>((*rest)[1])};
  const std::size_t spi_bytes = (*rest)[2];
  const std::size_t transforms = (*rest)[3];
  if (rest->size() < 4 + spi_bytes || transforms > kMostTransforms) return std::nullopt;
  proposal.spi = to_octets(rest->subspan(4, spi_bytes));
  if (!parse_transforms(ByteReader(rest->subspan(4 + spi_bytes)), transforms, proposal))
    return std::nullopt;
  return proposal;
}

// Nullopt where it is malformed; `known` false where its type is not ours.
std::optional<TrafficSelector> parse_selector(std::uint8_t type, ByteView rest, bool& known) {
  known = type == kIpv4Range || type == kIpv6Range;
  if (!known) return TrafficSelector{};
  const std::size_t address_bytes = type == kIpv4Range ? 4 : 16;
  constexpr std::size_t kPortBytes = 4;
  if (rest.size() != 1 + kPortBytes + 2 * address_bytes) return std::nullopt;
  TrafficSelector selector{.protocol = rest[0],
                           .start_port = load_be<std::uint16_t>(rest.data() + 1),
                           .end_port = load_be<std::uint16_t>(rest.data() + 3)};
  const auto address = [&](std::size_t at) {
    return type == kIpv4Range ? Address::v4(load_be<std::uint32_t>(rest.data() + at))
                              : Address::v6(rest.subspan(at).first<16>());
  };
  selector.addresses = {address(5), address(5 + address_bytes)};
  const bool ports_in_order = selector.start_port <= selector.end_port || selector.opaque();
  if (!ports_in_order || selector.addresses.first > selector.addresses.last) return std::nullopt;
  return selector;
}

}  // namespace

std::optional<std::vector<Proposal>> parse_sa(ByteView body) {
  ByteReader reader(body);
  std::vector<Proposal> proposals;
  bool more = reader.remaining() > 0;
  while (more) {
    auto proposal = parse_proposal(reader, more);
    if (!proposal || proposals.size() == kMostProposals) return std::nullopt;
    proposals.push_back(std::move(*proposal));
  }
  // OpenIKED has been seen to send no proposal at all: nothing to choose from, but well-formed.
  if (reader.remaining() > 0) return std::nullopt;
  return proposals;
}

std::optional<KeyExchangePayload> parse_key_exchange(ByteView body) {
  if (body.size() <= 4) return std::nullopt;
  return KeyExchangePayload{load_be<std::uint16_t>(body.data()), to_octets(body.subspan(4))};
}

std::optional<Octets> parse_nonce(ByteView body) {
  if (body.size() < 16 || body.size() > 256) return std::nullopt;
  return to_octets(body);
}

std::optional<IdPayload> parse_id(ByteView body) {
  if (body.size() < 4) return std::nullopt;
  return IdPayload{body[0], to_octets(body.subspan(4)), to_octets(body)};
}

std::optional<CertificatePayload> parse_certificate(ByteView body) {
  if (body.size() < 2) return std::nullopt;
  return CertificatePayload{static_cast<CertificateEncoding>(body[0]), to_octets(body.subspan(1))};
}

std::optional<CertificateRequest> parse_certificate_request(ByteView body) {
  if (body.empty()) return std::nullopt;
  return CertificateRequest{static_cast<CertificateEncoding>(body[0]), to_octets(body.subspan(1))};
}

std::optional<AuthenticationPayload> parse_authentication(ByteView body) {
  if (body.size() < 5) return std::nullopt;
  return AuthenticationPayload{static_cast<AuthMethod>(body[0]), to_octets(body.subspan(4))};
}

std::optional<Notify> parse_notify(ByteView body) {
  if (body.size() < 4 || body.size() < 4u + body[1]) return std::nullopt;
  const std::size_t spi_bytes = body[1];
  return Notify{.type = static_cast<NotifyType>(load_be<std::uint16_t>(body.data() + 2)),
                .protocol = static_cast<ProtocolId>(body[0]),
                .spi = to_octets(body.subspan(4, spi_bytes)),
                .data = to_octets(body.subspan(4 + spi_bytes))};
}

std::optional<DeletePayload> parse_delete(ByteView body) {
  if (body.size() < 4) return std::nullopt;
  DeletePayload payload{static_cast<ProtocolId>(body[0]), {}};
  const std::size_t spi_bytes = body[1];
  const std::size_t count = load_be<std::uint16_t>(body.data() + 2);
  const bool ike = payload.protocol == ProtocolId::Ike;
  const bool child = payload.protocol == ProtocolId::Esp || payload.protocol == ProtocolId::Ah;
  if (body.size() != 4 + spi_bytes * count) return std::nullopt;
  if (ike ? spi_bytes * count != 0 : child && spi_bytes != 4) return std::nullopt;
  for (std::size_t i = 0; child && i < count; ++i)
    payload.spis.push_back({load_be<std::uint32_t>(body.data() + 4 + 4 * i)});
  return payload;
}

std::optional<TrafficSelectors> parse_selectors(ByteView body) {
  ByteReader reader(body);
  const auto count = reader.read<std::uint8_t>();
  if (!count || *count == 0 || !reader.take(3)) return std::nullopt;
  TrafficSelectors selectors;
  for (unsigned i = 0; i < *count; ++i) {
    const auto type = reader.read<std::uint8_t>();
    const auto protocol = reader.take(1);
    const auto length = reader.read<std::uint16_t>();
    if (!type || !protocol || !length || *length < 4) return std::nullopt;
    const auto rest = reader.take(*length - 4u);
    if (!rest) return std::nullopt;
    Octets whole{(*protocol)[0]};
    whole.insert(whole.end(), rest->begin(), rest->end());
    bool known = false;
    const auto selector = parse_selector(*type, whole, known);
    if (!selector) return std::nullopt;
    if (known) selectors.push_back(*selector);
  }
  if (reader.remaining() > 0) return std::nullopt;
  return selectors;
}

std::optional<ConfigurationPayload> parse_configuration(ByteView body) {
  constexpr std::uint16_t kTypeMask = 0x7fff;
  ByteReader reader(body);
  const auto type = reader.read<std::uint8_t>();
  if (!type || !reader.take(3)) return std::nullopt;
  ConfigurationPayload payload{static_cast<ConfigurationType>(*type), {}};
  while (reader.remaining() > 0) {
    const auto attribute = reader.read<std::uint16_t>();
    const auto length = reader.read<std::uint16_t>();
    if (!attribute || !length) return std::nullopt;
    const auto value = reader.take(*length);
    if (!value) return std::nullopt;
    payload.attributes.push_back(
        {static_cast<ConfigurationAttribute>(*attribute & kTypeMask), to_octets(*value)});
  }
  return payload;
}

std::optional<Octets> parse_eap(ByteView body) {
  if (body.size() < 4 || load_be<std::uint16_t>(body.data() + 2) != body.size())
    return std::nullopt;
  return to_octets(body);
}

}  // namespace sallyport::ike
