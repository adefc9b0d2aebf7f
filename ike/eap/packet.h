// EAP packets, as EAP payloads carry them (RFC 3748 4, 5; EAP-02). Pure.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

enum class EapCode : std::uint8_t { Request = 1, Response = 2, Success = 3, Failure = 4 };
enum class EapType : std::uint8_t { Identity = 1, Notification = 2, Nak = 3, MsChapV2 = 26 };

struct EapPacket {
  EapCode code{};
  std::uint8_t identifier{};
  EapType type{};   // of requests and responses; may be one that nobody knows
  ByteView data{};  // behind the type
};
// Nullopt where its length is not what it says, a request or response has no type, a success or
// failure is longer than four octets, or its code is unknown. Refers to `packet`.
[[nodiscard]] std::optional<EapPacket> parse_eap_packet(ByteView packet);

[[nodiscard]] Octets eap_request(std::uint8_t identifier, EapType type, ByteView data);
[[nodiscard]] Octets eap_response(std::uint8_t identifier, EapType type, ByteView data);
[[nodiscard]] Octets eap_success(std::uint8_t identifier);
[[nodiscard]] Octets eap_failure(std::uint8_t identifier);

}  // namespace sallyport::ike
