// One mobility message, parsed once (RFC 6275 6.1, 9.2; MH-01..17). Knows no state.
#pragma once

#include <expected>

#include "base/bytes.h"
#include "mip6/message.h"

namespace sallyport::mip6 {

// Why a message cannot be taken, by what its sender is to hear (RFC 6275 9.2; MH-03..06).
struct MessageFault {
  enum class Answer : std::uint8_t {
    None,              // dropped without a word
    BindingError,      // of status 2, unknown type (9.3.3)
    ParameterProblem,  // ICMPv6, code 0, to the source address that the packet bears
  };

  Answer answer{Answer::None};
  std::uint8_t pointer{};  // of a Parameter Problem: octets from the Mobility Header's first on
  friend bool operator==(const MessageFault&, const MessageFault&) = default;
};
template <class T>
using Parsed = std::expected<T, MessageFault>;

// `upper` begins with the Mobility Header, at any alignment, and may be cut short or followed by
// anything. The addresses are those of checksum_good(): home addresses instead of care-of ones.
[[nodiscard]] Parsed<Message> parse_message(ByteView upper, const Address& source,
                                            const Address& destination);

}  // namespace sallyport::mip6
