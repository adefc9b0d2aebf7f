// One message's payloads, parsed once (RFC 7296 3.2; IKE-07..10). Knows no state.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

// Why payloads cannot be taken.
struct ParseFailure {
  NotifyType notify{NotifyType::InvalidSyntax};  // or UnsupportedCriticalPayload
  std::uint8_t payload{};                        // the type that it is about
};
template <class T>
using Parsed = std::expected<T, ParseFailure>;

struct RawPayload {
  PayloadType type{};
  ByteView body;  // without the generic header
};
// Payloads from `first` on. Skips those that nobody knows, and refuses such with the critical bit;
// stops at SK and SKF, which are last and whose `body` is all that follows their generic header.
[[nodiscard]] Parsed<std::vector<RawPayload>> split_payloads(PayloadType first, ByteView bytes);

struct Message {
  std::optional<std::vector<Proposal>> sa;
  std::optional<KeyExchangePayload> key_exchange;
  std::optional<Octets> nonce;
  std::optional<IdPayload> initiator;
  std::optional<IdPayload> responder;
  std::vector<CertificatePayload> certificates;
  std::vector<CertificateRequest> certificate_requests;
  std::optional<AuthenticationPayload> authentication;
  std::vector<Notify> notifies;
  std::vector<DeletePayload> deletes;
  std::optional<TrafficSelectors> initiator_selectors;
  std::optional<TrafficSelectors> responder_selectors;
  std::optional<ConfigurationPayload> configuration;
  std::optional<Octets> eap;
  std::vector<Octets> vendor_ids;

  // The first of its type.
  [[nodiscard]] const Notify* find(NotifyType type) const noexcept;
  // The first error notify.
  [[nodiscard]] const Notify* error() const noexcept;
};

[[nodiscard]] Parsed<Message> parse_message(std::span<const RawPayload> payloads);
[[nodiscard]] Parsed<Message> parse_message(PayloadType first, ByteView bytes);

}  // namespace sallyport::ike
