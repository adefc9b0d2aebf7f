#include "pad/der_element.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kLongTag = 0x1f;
constexpr std::uint8_t kOneOctet = 0x81;
constexpr std::uint8_t kTwoOctets = 0x82;

std::optional<std::size_t> read_length(ByteReader& reader) noexcept {
  const auto first = reader.read<std::uint8_t>();
  if (!first) return std::nullopt;
  if (*first < 0x80) return *first;
  if (*first == kOneOctet) {
    const auto length = reader.read<std::uint8_t>();
    return length && *length >= 0x80 ? std::optional<std::size_t>(*length) : std::nullopt;
  }
  if (*first != kTwoOctets) return std::nullopt;
  const auto length = reader.read<std::uint16_t>();
  return length && *length > 0xff ? std::optional<std::size_t>(*length) : std::nullopt;
}

}  // namespace

std::optional<DerElement> read_der(ByteView bytes) noexcept {
  ByteReader reader(bytes);
  const auto tag = reader.read<std::uint8_t>();
  if (!tag || (*tag & kLongTag) == kLongTag) return std::nullopt;
  const auto length = read_length(reader);
  if (!length) return std::nullopt;
  const auto contents = reader.take(*length);
  if (!contents) return std::nullopt;
  return DerElement{*tag, *contents, bytes.last(reader.remaining())};
}

}  // namespace sallyport
