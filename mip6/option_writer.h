// Mobility options at the end of a message that is being written, each where its alignment wants it
// (RFC 6275 6.2; MH-14, MH-15).
#pragma once

#include "base/bytes.h"
#include "mip6/message.h"

namespace sallyport::mip6 {

// An option's type octet stands at a multiple of `modulus` plus `remainder` octets, counted from
// the Mobility Header's first.
struct Alignment {
  std::size_t modulus{1};
  std::size_t remainder{};
};
// Of an option with so many octets of data (RFC 6275 6.2.4 to 6.2.7, RFC 3963 4.3, RFC 5648 4.3).
[[nodiscard]] Alignment alignment_of(OptionType type, std::size_t data_bytes) noexcept;

class OptionWriter {
 public:
  // `message` holds the Mobility Header and the fixed part; it outlives the writer.
  explicit OptionWriter(Octets& message) noexcept : message_(message) {}

  // `data` has 255 octets at most. Any order is right but for the authorization, which ends all.
  void add(OptionType type, ByteView data);
  // The last word: padding to whole units of eight octets.
  void end();
  // The other last word: the authorization, behind which no padding may come (6.2.7).
  void end(const Authenticator& authenticator);

 private:
  void pad(Alignment alignment);

  Octets& message_;
};

// The whole of them, padding included.
void append_options(Octets& message, const MobilityOptions& options);

}  // namespace sallyport::mip6
