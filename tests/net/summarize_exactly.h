// Short words for the tests of the packet summary.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "net/packet_summary.h"
#include "tests/support/packet_builder.h"

namespace sallyport {

// A braced list of numbers, as octets.
inline std::vector<std::uint8_t> octets(std::vector<std::uint8_t> list) { return list; }

inline PacketBuilder v4() { return {"192.0.2.1", "198.51.100.7"}; }
inline PacketBuilder v6() { return {"2001:db8::1", "2001:db8:1::7"}; }

// In a heap buffer of exactly its size, so that ASan sees one octet too far (DP-08).
inline ParseVerdict summarize_exactly(ByteView bytes, PacketSummary& out,
                                      const SkippedHeaders& skipped = kDefaultSkippedHeaders) {
  const auto exact = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  return summarize({exact.get(), bytes.size()}, out, skipped);
}

inline PacketSummary good(const PacketBytes& packet) {
  PacketSummary summary;
  REQUIRE(summarize_exactly(packet, summary) == ParseVerdict::Good);
  return summary;
}

inline ParseVerdict verdict(const PacketBytes& packet) {
  PacketSummary summary;
  return summarize_exactly(packet, summary);
}

}  // namespace sallyport
