#include "ike/wire/message.h"

#include <algorithm>

#include "ike/wire/header.h"
#include "ike/wire/payload_parsers.h"

namespace sallyport::ike {
namespace {

constexpr std::uint8_t kCriticalBit = 0x80;
// A message of more is somebody's attempt at our memory.
constexpr std::size_t kMostPayloads = 512;

// A payload that may come once: a second one makes the message malformed.
template <class T>
bool set_once(std::optional<T>& place, std::optional<T> value) {
  if (!value || place) return false;
  place = std::move(value);
  return true;
}

template <class T>
bool add(std::vector<T>& to, std::optional<T> value) {
  if (!value) return false;
  to.push_back(std::move(*value));
  return true;
}

bool take_authentication(Message& message, const RawPayload& payload) {
  switch (payload.type) {
    case PayloadType::IdInitiator:
      return set_once(message.initiator, parse_id(payload.body));
    case PayloadType::IdResponder:
      return set_once(message.responder, parse_id(payload.body));
    case PayloadType::Certificate:
      return add(message.certificates, parse_certificate(payload.body));
    case PayloadType::CertificateRequest:
      return add(message.certificate_requests, parse_certificate_request(payload.body));
    case PayloadType::Authentication:
      return set_once(message.authentication, parse_authentication(payload.body));
    case PayloadType::Eap:
      return set_once(message.eap, parse_eap(payload.body));
    default:
      return true;
  }
}

bool take(Message& message, const RawPayload& payload) {
  switch (payload.type) {
    case PayloadType::Sa:
      return set_once(message.sa, parse_sa(payload.body));
    case PayloadType::KeyExchange:
      return set_once(message.key_exchange, parse_key_exchange(payload.body));
    case PayloadType::Nonce:
      return set_once(message.nonce, parse_nonce(payload.body));
    case PayloadType::Notify:
      return add(message.notifies, parse_notify(payload.body));
    case PayloadType::Delete:
      return add(message.deletes, parse_delete(payload.body));
    case PayloadType::TsInitiator:
      return set_once(message.initiator_selectors, parse_selectors(payload.body));
    case PayloadType::TsResponder:
      return set_once(message.responder_selectors, parse_selectors(payload.body));
    case PayloadType::Configuration:
      return set_once(message.configuration, parse_configuration(payload.body));
    case PayloadType::VendorId:
      return add(message.vendor_ids,
                 std::optional(Octets(payload.body.begin(), payload.body.end())));
    default:
      return take_authentication(message, payload);
  }
}

}  // namespace

Parsed<std::vector<RawPayload>> split_payloads(PayloadType first, ByteView bytes) {
  std::vector<RawPayload> payloads;
  PayloadType type = first;
  while (type != PayloadType::None) {
    const auto number = static_cast<std::uint8_t>(type);
    if (bytes.size() < kGenericHeaderBytes || payloads.size() == kMostPayloads)
      return std::unexpected(ParseFailure{.payload = number});
    const std::size_t length = load_be<std::uint16_t>(bytes.data() + 2);
    if (length < kGenericHeaderBytes || length > bytes.size())
      return std::unexpected(ParseFailure{.payload = number});
    const bool last = type == PayloadType::Encrypted || type == PayloadType::EncryptedFragment;
    if (last && length != bytes.size()) return std::unexpected(ParseFailure{.payload = number});
    const bool critical = (bytes[1] & kCriticalBit) != 0;
    if (is_known(type))
      payloads.push_back({type, bytes.subspan(kGenericHeaderBytes, length - kGenericHeaderBytes)});
    else if (critical)
      return std::unexpected(ParseFailure{NotifyType::UnsupportedCriticalPayload, number});
    if (last) return payloads;
    type = static_cast<PayloadType>(bytes[0]);
    bytes = bytes.subspan(length);
  }
  if (!bytes.empty()) return std::unexpected(ParseFailure{});
  return payloads;
}

Parsed<Message> parse_message(std::span<const RawPayload> payloads) {
  Message message;
  for (const RawPayload& payload : payloads)
    if (!take(message, payload))
      return std::unexpected(ParseFailure{.payload = static_cast<std::uint8_t>(payload.type)});
  return message;
}

Parsed<Message> parse_message(PayloadType first, ByteView bytes) {
  const auto payloads = split_payloads(first, bytes);
  if (!payloads) return std::unexpected(payloads.error());
  return parse_message(*payloads);
}

const Notify* Message::find(NotifyType type) const noexcept {
  const auto found = std::ranges::find(notifies, type, &Notify::type);
  return found == notifies.end() ? nullptr : &*found;
}

const Notify* Message::error() const noexcept {
  const auto found =
      std::ranges::find_if(notifies, [](const Notify& notify) { return is_error(notify.type); });
  return found == notifies.end() ? nullptr : &*found;
}

}  // namespace sallyport::ike
