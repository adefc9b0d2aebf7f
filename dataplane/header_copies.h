// IP headers of AH packets, as they are, while the engine works on what the ICV covers of them.
#pragma once

#include <array>
#include <cstring>

#include "dataplane/burst.h"

namespace sallyport {

// First in, first out; what one burst puts in it takes out. A worker's own.
class HeaderCopies {
 public:
  // Headers in front of AH that are longer are not for us.
  static constexpr std::uint16_t kMost = 256;

  // At most kMost octets, of at most a burst of packets.
  void put(ByteView headers) noexcept {
    Copy& copy = copies_[last_++];
    copy.size = static_cast<std::uint16_t>(headers.size());
    std::memcpy(copy.bytes.data(), headers.data(), headers.size());
  }
  // The one that was put last, back to where it came from.
  void undo(Packet& packet) noexcept { write(copies_[--last_], packet); }
  // The first one, to the packet that it came from.
  void take(Packet& packet) noexcept {
    write(copies_[first_++], packet);
    if (first_ == last_) first_ = last_ = 0;
  }

 private:
  struct Copy {
    std::array<std::uint8_t, kMost> bytes;
    std::uint16_t size;
  };
  static void write(const Copy& copy, Packet& packet) noexcept {
    std::memcpy(packet.data(), copy.bytes.data(), copy.size);
  }

  std::array<Copy, kBurstSize> copies_;
  std::uint16_t first_{};
  std::uint16_t last_{};
};

}  // namespace sallyport
