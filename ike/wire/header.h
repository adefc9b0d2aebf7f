// The IKE header (RFC 7296 3.1; IKE-01..05).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "ike/wire/numbers.h"

namespace sallyport::ike {

inline constexpr std::size_t kHeaderBytes = 28;
inline constexpr std::size_t kGenericHeaderBytes = 4;  // of a payload (RFC 7296 3.2)
inline constexpr std::uint8_t kMajorVersion = 2;
inline constexpr std::uint8_t kVersion = kMajorVersion << 4;

inline constexpr std::uint8_t kInitiatorFlag = 0x08;
inline constexpr std::uint8_t kResponseFlag = 0x20;

struct Header {
  IkeSpi initiator_spi{};
  IkeSpi responder_spi{};
  PayloadType next{PayloadType::None};
  std::uint8_t version{kVersion};
  ExchangeType exchange{ExchangeType::IkeSaInit};
  std::uint8_t flags{};
  MessageId message_id{};
  std::uint32_t length{};  // of the whole message

  [[nodiscard]] bool from_initiator() const noexcept { return (flags & kInitiatorFlag) != 0; }
  [[nodiscard]] bool is_response() const noexcept { return (flags & kResponseFlag) != 0; }
  [[nodiscard]] std::uint8_t major() const noexcept { return version >> 4; }
};

// Nullopt where `message` is shorter than a header or not as long as the header says (IKE-05).
[[nodiscard]] std::optional<Header> parse_header(ByteView message) noexcept;
// Appends it.
void write_header(std::vector<std::uint8_t>& message, const Header& header);
// The whole message's length, once it is known.
void set_length(std::vector<std::uint8_t>& message) noexcept;

}  // namespace sallyport::ike
