// One SA of the campaign: what goes through it, and what the receiver should make of each number.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "sad/sa.h"
#include "tests/support/packet_builder.h"

namespace sallyport::campaign {

struct LaneFacts {
  std::string name;
  Transform transform;
  Family outer{Family::V4};
  Family inner{Family::V4};
  bool esn{};
  std::uint32_t window{128};         // of the receiver
  std::uint64_t sequences_before{};  // numbers used before the campaign begins
};

// A sealed packet and its place among those of its lane, from 0.
struct Sealed {
  std::size_t index{};
  PacketBytes datagram;
};

class Lane {
 public:
  Lane(LaneFacts facts, unsigned number);

  [[nodiscard]] const LaneFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] Sa outbound() const;
  [[nodiscard]] Sa inbound() const;
  [[nodiscard]] Policy sender_policy() const;
  [[nodiscard]] Policy receiver_policy() const;
  [[nodiscard]] Address destination() const { return destination_; }
  [[nodiscard]] Spi spi() const noexcept { return Spi{0x2000u + number_}; }

  // The next packet for this lane; its index is written into it.
  [[nodiscard]] PacketBytes next_clear();
  // The clear packet of an index, as it was sent or as the receiver delivers it.
  [[nodiscard]] PacketBytes clear(std::size_t index, std::uint8_t hop_limit) const;
  // The index that a sealed packet's sequence number stands for.
  [[nodiscard]] std::size_t index_of(std::uint32_t low_sequence) const noexcept;

  std::deque<Sealed> in_flight;   // sealed and not delivered
  std::vector<Sealed> delivered;  // the latest ones, overwritten in turn
  std::vector<bool> accepted;     // by index
  std::size_t delivered_count{};

 private:
  [[nodiscard]] Sa sa(Direction direction) const;

  LaneFacts facts_;
  unsigned number_;
  Address source_, destination_;
  std::size_t sent_{};
};

}  // namespace sallyport::campaign
