#include "mip6/parse_message.h"

#include <algorithm>
#include <iterator>

#include "mip6/parse_options.h"
#include "mip6/wire_fields.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

constexpr MessageFault kDropped{};

MessageFault problem_at(std::size_t octet) noexcept {
  return {.answer = MessageFault::Answer::ParameterProblem,
          .pointer = static_cast<std::uint8_t>(octet)};
}

// The fixed part, which facts_of() says is all there.
template <class Fields>
Fields fixed_part(ByteView message) noexcept {
  return wire::fields_of<Fields>(message.subspan(sizeof(MobilityHeader)));
}

template <class Fields>
ByteView behind(ByteView message) noexcept {
  return message.subspan(sizeof(MobilityHeader) + sizeof(Fields));
}

template <std::size_t Size>
std::array<std::uint8_t, Size> array_of(const std::uint8_t (&octets)[Size]) noexcept {
  std::array<std::uint8_t, Size> copy;
  std::ranges::copy(octets, copy.begin());
  return copy;
}

template <class T>
Parsed<Message> with_options(T message, ByteView options) {
  auto parsed = parse_options(options);
  if (!parsed) return std::unexpected(kDropped);
  message.options = std::move(*parsed);
  return message;
}

template <class T>
Parsed<Message> parse_test_init(ByteView message) {
  const auto fields = fixed_part<wire::TestInit>(message);
  return with_options(T{.cookie = array_of(fields.cookie)}, behind<wire::TestInit>(message));
}

template <class T>
Parsed<Message> parse_test(ByteView message) {
  const auto fields = fixed_part<wire::Test>(message);
  return with_options(T{.nonce_index = fields.nonce_index.get(),
                        .cookie = array_of(fields.cookie),
                        .token = array_of(fields.token)},
                      behind<wire::Test>(message));
}

Parsed<Message> parse_update(ByteView message) {
  const auto fields = fixed_part<wire::Update>(message);
  return with_options(BindingUpdate{.sequence = fields.sequence.get(),
                                    .flags = Flags<UpdateFlag>::of_wire(fields.flags.get()),
                                    .lifetime = BindingLifetime{fields.lifetime.get()}},
                      behind<wire::Update>(message));
}

Parsed<Message> parse_acknowledgement(ByteView message) {
  const auto fields = fixed_part<wire::Acknowledgement>(message);
  return with_options(
      BindingAcknowledgement{.status = static_cast<BindingStatus>(fields.status),
                             .flags = Flags<AcknowledgementFlag>::of_wire(fields.flags),
                             .sequence = fields.sequence.get(),
                             .lifetime = BindingLifetime{fields.lifetime.get()}},
      behind<wire::Acknowledgement>(message));
}

Parsed<Message> parse_error(ByteView message) {
  const auto fields = fixed_part<wire::Error>(message);
  return with_options(BindingError{.status = static_cast<BindingErrorStatus>(fields.status),
                                   .home_address = Address::v6(fields.home_address)},
                      behind<wire::Error>(message));
}

// More addresses than the length has room for is a length below the least (RFC 5142 6.1).
Parsed<Message> parse_switch(ByteView message) {
  const std::size_t addresses = fixed_part<wire::Switch>(message).addresses;
  ByteView rest = behind<wire::Switch>(message);
  if (rest.size() < addresses * kIpv6AddressBytes)
    return std::unexpected(problem_at(offsetof(MobilityHeader, length)));
  HomeAgentSwitch parsed;
  for (; parsed.home_agents.size() < addresses; rest = rest.subspan(kIpv6AddressBytes))
    parsed.home_agents.push_back(Address::v6(rest.first<kIpv6AddressBytes>()));
  return with_options(std::move(parsed), rest);
}

Parsed<Message> parse_heartbeat(ByteView message) {
  const auto fields = fixed_part<wire::Heartbeat>(message);
  return with_options(Heartbeat{.flags = Flags<HeartbeatFlag>::of_wire(fields.flags.get()),
                                .sequence = fields.sequence.get()},
                      behind<wire::Heartbeat>(message));
}

Parsed<Message> parse_revocation(ByteView message) {
  const auto fields = fixed_part<wire::Revocation>(message);
  const auto kind = static_cast<BindingRevocation::Kind>(fields.kind);
  if (kind != BindingRevocation::Kind::Indication &&
      kind != BindingRevocation::Kind::Acknowledgement)
    return std::unexpected(kDropped);
  return with_options(
      BindingRevocation{.kind = kind,
                        .reason = fields.reason,
                        .sequence = fields.sequence.get(),
                        .flags = Flags<RevocationFlag>::of_wire(fields.flags.get())},
      behind<wire::Revocation>(message));
}

Parsed<Message> parse_body(MessageType type, ByteView message) {
  switch (type) {
    case MessageType::BindingRefreshRequest:
      return with_options(BindingRefreshRequest{}, behind<wire::RefreshRequest>(message));
    case MessageType::HomeTestInit:
      return parse_test_init<HomeTestInit>(message);
    case MessageType::CareOfTestInit:
      return parse_test_init<CareOfTestInit>(message);
    case MessageType::HomeTest:
      return parse_test<HomeTest>(message);
    case MessageType::CareOfTest:
      return parse_test<CareOfTest>(message);
    case MessageType::BindingUpdate:
      return parse_update(message);
    case MessageType::BindingAcknowledgement:
      return parse_acknowledgement(message);
    case MessageType::BindingError:
      return parse_error(message);
    case MessageType::HomeAgentSwitch:
      return parse_switch(message);
    case MessageType::Heartbeat:
      return parse_heartbeat(message);
    case MessageType::BindingRevocation:
      return parse_revocation(message);
  }
  return std::unexpected(kDropped);
}

}  // namespace

// The checks in the order of RFC 6275 9.2: nothing is answered whose checksum is wrong.
Parsed<Message> parse_message(ByteView upper, const Address& source, const Address& destination) {
  const auto message = one_message(upper);
  if (!message || !checksum_good(*message, source, destination)) return std::unexpected(kDropped);
  const auto header = wire::fields_of<MobilityHeader>(*message);
  const MessageFacts* const facts = facts_of(header.type);
  if (facts == nullptr)
    return std::unexpected(MessageFault{.answer = MessageFault::Answer::BindingError});
  if (header.payload_protocol != kProtocolNone)
    return std::unexpected(problem_at(offsetof(MobilityHeader, payload_protocol)));
  if (header.length < facts->minimum_length)
    return std::unexpected(problem_at(offsetof(MobilityHeader, length)));
  return parse_body(facts->type, *message);
}

}  // namespace sallyport::mip6
