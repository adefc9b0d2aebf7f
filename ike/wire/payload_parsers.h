// Bodies of payloads to structs; nullopt where the octets are not what they should be (IKE-07).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

[[nodiscard]] std::optional<std::vector<Proposal>> parse_sa(ByteView body);
[[nodiscard]] std::optional<KeyExchangePayload> parse_key_exchange(ByteView body);
// 16 to 256 octets (IKE-45).
[[nodiscard]] std::optional<Octets> parse_nonce(ByteView body);
[[nodiscard]] std::optional<IdPayload> parse_id(ByteView body);
[[nodiscard]] std::optional<CertificatePayload> parse_certificate(ByteView body);
[[nodiscard]] std::optional<CertificateRequest> parse_certificate_request(ByteView body);
[[nodiscard]] std::optional<AuthenticationPayload> parse_authentication(ByteView body);
[[nodiscard]] std::optional<Notify> parse_notify(ByteView body);
[[nodiscard]] std::optional<DeletePayload> parse_delete(ByteView body);
// Leaves out selectors of a type that nobody knows (IKE-97).
[[nodiscard]] std::optional<TrafficSelectors> parse_selectors(ByteView body);
[[nodiscard]] std::optional<ConfigurationPayload> parse_configuration(ByteView body);
// The EAP message, whose own length agrees (EAP-02).
[[nodiscard]] std::optional<Octets> parse_eap(ByteView body);

}  // namespace sallyport::ike
