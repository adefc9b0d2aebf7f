#include "ike/eap/ms_chap_message.h"

#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

constexpr std::size_t kMsChapHeaderBytes = 4;  // op, ID, length
constexpr std::size_t kLengthAt = 2;

std::string_view text_of(ByteView octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

bool has_value(MsChapOp op) { return op == MsChapOp::Challenge || op == MsChapOp::Response; }

bool has_text(MsChapOp op) { return op == MsChapOp::Success || op == MsChapOp::Failure; }

Octets header(const MsChapMessage& message) {
  Octets data;
  append(data, static_cast<std::uint8_t>(message.op));
  append(data, message.id);
  append(data, std::uint16_t{0});
  return data;
}

Octets with_length(Octets data) {
  store_be(data.data() + kLengthAt, static_cast<std::uint16_t>(data.size()));
  return data;
}

}  // namespace

std::optional<MsChapMessage> parse_ms_chap(ByteView data) {
  if (data.empty()) return std::nullopt;
  MsChapMessage message{.op = static_cast<MsChapOp>(data[0])};
  if (data.size() == 1) return has_text(message.op) ? std::optional(message) : std::nullopt;
  if (data.size() < kMsChapHeaderBytes ||
      load_be<std::uint16_t>(data.data() + kLengthAt) != data.size())
    return std::nullopt;
  message.id = data[1];
  const ByteView rest = data.subspan(kMsChapHeaderBytes);
  if (has_text(message.op)) {
    message.text = text_of(rest);
    return message;
  }
  if (!has_value(message.op) || rest.empty() || rest.size() < 1u + rest[0]) return std::nullopt;
  message.value = rest.subspan(1, rest[0]);
  message.text = text_of(rest.subspan(1u + rest[0]));
  return message;
}

Octets ms_chap_value(const MsChapMessage& message) {
  Octets data = header(message);
  append(data, static_cast<std::uint8_t>(message.value.size()));
  append(data, message.value);
  append(data, octets_of(message.text));
  return with_length(std::move(data));
}

Octets ms_chap_text(const MsChapMessage& message) {
  Octets data = header(message);
  append(data, octets_of(message.text));
  return with_length(std::move(data));
}

Octets ms_chap_acknowledgement(MsChapOp op) { return {static_cast<std::uint8_t>(op)}; }

std::string hex_digits(ByteView octets) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string digits;
  for (const std::uint8_t octet : octets) {
    digits += kDigits[octet >> 4];
    digits += kDigits[octet & 15];
  }
  return digits;
}

std::optional<std::string_view> proof_in(std::string_view message) {
  constexpr std::size_t kProofDigits = 40;
  if (!message.starts_with("S=") || message.size() < 2 + kProofDigits) return std::nullopt;
  return message.substr(2, kProofDigits);
}

}  // namespace sallyport::ike
