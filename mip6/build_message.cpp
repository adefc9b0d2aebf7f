#include "mip6/build_message.h"

#include <algorithm>
#include <utility>

#include "mip6/option_writer.h"
#include "mip6/wire_fields.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

// What an option's length field leaves beside the two octets in front of a name (RFC 5026 8.1).
constexpr std::size_t kMostNameBytes = 253;

// Header and fixed part; length and checksum come when the rest is there.
template <class Fields>
Octets begin(MessageType type, const Fields& fields) {
  const MobilityHeader header{.payload_protocol = kProtocolNone,
                              .length = 0,
                              .type = std::to_underlying(type),
                              .reserved = 0,
                              .checksum = {}};
  Octets message(sizeof header + sizeof fields);
  std::memcpy(message.data(), &header, sizeof header);
  std::memcpy(message.data() + sizeof header, &fields, sizeof fields);
  return message;
}

template <class T>
Octets begin_test_init(MessageType type, const T& message) {
  wire::TestInit fields{};
  std::ranges::copy(message.cookie, fields.cookie);
  return begin(type, fields);
}

template <class T>
Octets begin_test(MessageType type, const T& message) {
  wire::Test fields{};
  fields.nonce_index.set(message.nonce_index);
  std::ranges::copy(message.cookie, fields.cookie);
  std::ranges::copy(message.token, fields.token);
  return begin(type, fields);
}

Octets fixed_part(const BindingRefreshRequest&) {
  return begin(MessageType::BindingRefreshRequest, wire::RefreshRequest{});
}
Octets fixed_part(const HomeTestInit& message) {
  return begin_test_init(MessageType::HomeTestInit, message);
}
Octets fixed_part(const CareOfTestInit& message) {
  return begin_test_init(MessageType::CareOfTestInit, message);
}
Octets fixed_part(const HomeTest& message) { return begin_test(MessageType::HomeTest, message); }
Octets fixed_part(const CareOfTest& message) {
  return begin_test(MessageType::CareOfTest, message);
}

Octets fixed_part(const BindingUpdate& message) {
  wire::Update fields{};
  fields.sequence.set(message.sequence);
  fields.flags.set(message.flags.wire());
  fields.lifetime.set(message.lifetime.count());
  return begin(MessageType::BindingUpdate, fields);
}

Octets fixed_part(const BindingAcknowledgement& message) {
  wire::Acknowledgement fields{};
  fields.status = std::to_underlying(message.status);
  fields.flags = message.flags.wire();
  fields.sequence.set(message.sequence);
  fields.lifetime.set(message.lifetime.count());
  return begin(MessageType::BindingAcknowledgement, fields);
}

Octets fixed_part(const BindingError& message) {
  wire::Error fields{};
  fields.status = std::to_underlying(message.status);
  std::ranges::copy(message.home_address.bytes, fields.home_address);
  return begin(MessageType::BindingError, fields);
}

Octets fixed_part(const HomeAgentSwitch& message) {
  wire::Switch fields{};
  fields.addresses = static_cast<std::uint8_t>(message.home_agents.size());
  Octets octets = begin(MessageType::HomeAgentSwitch, fields);
  for (const Address& home_agent : message.home_agents)
    octets.insert(octets.end(), home_agent.bytes.begin(), home_agent.bytes.end());
  return octets;
}

Octets fixed_part(const Heartbeat& message) {
  wire::Heartbeat fields{};
  fields.flags.set(message.flags.wire());
  fields.sequence.set(message.sequence);
  return begin(MessageType::Heartbeat, fields);
}

Octets fixed_part(const BindingRevocation& message) {
  wire::Revocation fields{};
  fields.kind = std::to_underlying(message.kind);
  fields.reason = message.reason;
  fields.sequence.set(message.sequence);
  fields.flags.set(message.flags.wire());
  return begin(MessageType::BindingRevocation, fields);
}

}  // namespace

Expected<Octets> build_without_checksum(const Message& message) {
  const MobilityOptions& options =
      std::visit([](const auto& one) -> const MobilityOptions& { return one.options; }, message);
  if (options.dns_update && options.dns_update->name.size() > kMostNameBytes)
    return fail(Error::Code::Invalid, "a name for DNS has more than 253 octets");
  Octets octets = std::visit([](const auto& one) { return fixed_part(one); }, message);
  append_options(octets, options);
  if (octets.size() > kMostMessageBytes)
    return fail(Error::Code::Invalid, "a mobility message has more than 2 048 octets",
                "put fewer options or addresses in it");
  octets[offsetof(MobilityHeader, length)] =
      static_cast<std::uint8_t>(octets.size() / kMobilityUnit - 1);
  return octets;
}

Expected<Octets> build_message(const Message& message, const Address& source,
                               const Address& destination) {
  auto octets = build_without_checksum(message);
  if (octets) set_checksum(*octets, source, destination);
  return octets;
}

}  // namespace sallyport::mip6
