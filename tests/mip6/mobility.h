// Short words for the tests of mobility messages: the addresses of tests/golden's mobile node, and
// parsers on buffers of exactly their size.
#pragma once

#include <algorithm>
#include <memory>

#include "mip6/parse_message.h"
#include "mip6/parse_options.h"

namespace sallyport::mip6::test {

inline Address ip(std::string_view text) { return Address::parse(text).value(); }

inline const Address kHome = ip("2001:db8:b::100");
inline const Address kCareOf = ip("2001:db8:a::100");
inline const Address kHomeAgent = ip("2001:db8:b::1");
inline const Address kCorrespondent = ip("2001:db8:c::2");

// In a heap buffer without an octet to spare, so that ASan sees one too far; `shift` octets in
// front set it at any alignment.
template <class Parse>
auto on_exact_copy(ByteView bytes, Parse parse, std::size_t shift = 0) {
  const auto exact = std::make_unique<std::uint8_t[]>(bytes.size() + shift);
  std::ranges::copy(bytes, exact.get() + shift);
  return parse(ByteView(exact.get() + shift, bytes.size()));
}

inline Parsed<Message> parse_exactly(ByteView upper, const Address& source = kHome,
                                     const Address& destination = kHomeAgent,
                                     std::size_t shift = 0) {
  return on_exact_copy(
      upper, [&](ByteView copy) { return parse_message(copy, source, destination); }, shift);
}

// With a checksum that fits what the message says of its own length.
inline Octets with_checksum(Octets message, const Address& source = kHome,
                            const Address& destination = kHomeAgent) {
  if (const auto whole = one_message(message))
    set_checksum(MutableBytes(message).first(whole->size()), source, destination);
  return message;
}

inline std::optional<MobilityOptions> options_exactly(ByteView options) {
  return on_exact_copy(options, [](ByteView copy) { return parse_options(copy); });
}

}  // namespace sallyport::mip6::test
