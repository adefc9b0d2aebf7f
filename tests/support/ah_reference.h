// The ICV of AH once more, octet for octet as RFC 4302 says it and with OpenSSL: the oracle of the
// data plane. Written for reading, not for speed, and apart from net/ah_coverage.
#pragma once

#include "sad/sa.h"
#include "tests/support/packet_builder.h"

namespace sallyport {

// Where AH begins in `packet`; its size where there is none.
[[nodiscard]] std::size_t ah_offset(const PacketBytes& packet);
// What the ICV covers of `packet`, whose own ICV of `icv_bytes` behind `iv_bytes` is zeros then;
// not the high half of an extended sequence number.
struct AhIcvField {
  std::size_t iv_bytes, icv_bytes;
};
[[nodiscard]] PacketBytes ah_covered(const PacketBytes& packet, AhIcvField field);
// The ICV that `packet` must have.
[[nodiscard]] PacketBytes ah_icv(const Sa& sa, const PacketBytes& packet,
                                 std::uint32_t sequence_high = 0);
// The one that it has.
[[nodiscard]] PacketBytes ah_icv_in(const Sa& sa, const PacketBytes& packet);
// Makes it right again, for packets that a test has bent.
void set_ah_icv(const Sa& sa, PacketBytes& packet, std::uint32_t sequence_high = 0);

}  // namespace sallyport
