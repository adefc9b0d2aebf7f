// What EAP-MSCHAPv2 carries behind the EAP type (draft-kamath-pppext-eap-mschapv2-02, 2; RFC 2759 3
// to 6). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

enum class MsChapOp : std::uint8_t { Challenge = 1, Response = 2, Success = 3, Failure = 4 };

struct MsChapMessage {
  MsChapOp op{};
  std::uint8_t id{};
  ByteView value{};         // of challenges and responses
  std::string_view text{};  // their name; of successes and failures the message
};
// Nullopt where it is malformed or of another kind, such as a change of passwords. Successes and
// failures are acknowledged by their first octet alone: then there is neither ID nor text. Refers
// to `data`.
[[nodiscard]] std::optional<MsChapMessage> parse_ms_chap(ByteView data);

[[nodiscard]] Octets ms_chap_value(const MsChapMessage& message);
[[nodiscard]] Octets ms_chap_text(const MsChapMessage& message);
[[nodiscard]] Octets ms_chap_acknowledgement(MsChapOp op);

// A response's value: the peer's challenge, eight octets of zero, the proof, flags of zero (RFC
// 2759 4).
inline constexpr std::size_t kMsChapResponseBytes = 49;
inline constexpr std::size_t kMsChapProofAt = 24;

[[nodiscard]] std::string hex_digits(ByteView octets);  // in capitals
// The authenticator's proof in the message of a success, 40 digits behind "S=" (RFC 2759 5).
[[nodiscard]] std::optional<std::string_view> proof_in(std::string_view message);

}  // namespace sallyport::ike
