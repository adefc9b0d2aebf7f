#include "ike/eap/packet.h"

#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

constexpr std::size_t kEapHeaderBytes = 4;  // code, identifier, length
constexpr std::size_t kTypeAt = kEapHeaderBytes;

Octets header(EapCode code, std::uint8_t identifier, std::size_t bytes) {
  Octets packet;
  append(packet, static_cast<std::uint8_t>(code));
  append(packet, identifier);
  append(packet, static_cast<std::uint16_t>(bytes));
  return packet;
}

Octets with_type(EapCode code, std::uint8_t identifier, EapType type, ByteView data) {
  Octets packet = header(code, identifier, kEapHeaderBytes + 1 + data.size());
  append(packet, static_cast<std::uint8_t>(type));
  append(packet, data);
  return packet;
}

}  // namespace

std::optional<EapPacket> parse_eap_packet(ByteView packet) {
  if (packet.size() < kEapHeaderBytes || load_be<std::uint16_t>(packet.data() + 2) != packet.size())
    return std::nullopt;
  EapPacket parsed{.code = static_cast<EapCode>(packet[0]), .identifier = packet[1]};
  switch (parsed.code) {
    case EapCode::Request:
    case EapCode::Response:
      if (packet.size() <= kTypeAt) return std::nullopt;
      parsed.type = static_cast<EapType>(packet[kTypeAt]);
      parsed.data = packet.subspan(kTypeAt + 1);
      return parsed;
    case EapCode::Success:
    case EapCode::Failure:
      return packet.size() == kEapHeaderBytes ? std::optional(parsed) : std::nullopt;
  }
  return std::nullopt;
}

Octets eap_request(std::uint8_t identifier, EapType type, ByteView data) {
  return with_type(EapCode::Request, identifier, type, data);
}

Octets eap_response(std::uint8_t identifier, EapType type, ByteView data) {
  return with_type(EapCode::Response, identifier, type, data);
}

Octets eap_success(std::uint8_t identifier) {
  return header(EapCode::Success, identifier, kEapHeaderBytes);
}

Octets eap_failure(std::uint8_t identifier) {
  return header(EapCode::Failure, identifier, kEapHeaderBytes);
}

}  // namespace sallyport::ike
