// Up to 64 packets on their way through the stages. Survivors stay packed at the front.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "dataplane/packet.h"

namespace sallyport {

inline constexpr unsigned kBurstSize = 64;

// Where the packets of one burst live while it is worked on.
using PacketStore = std::array<Packet, kBurstSize>;

// An order of packets in a PacketStore: cheap to filter, split and sort.
class Burst {
 public:
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] unsigned size() const noexcept { return count_; }
  [[nodiscard]] std::span<Packet* const> packets() const noexcept {
    return {packets_.data(), count_};
  }
  [[nodiscard]] std::span<Packet*> order() noexcept { return {packets_.data(), count_}; }
  [[nodiscard]] Packet& operator[](unsigned i) const noexcept { return *packets_[i]; }
  [[nodiscard]] auto begin() const noexcept { return packets_.begin(); }
  [[nodiscard]] auto end() const noexcept { return packets_.begin() + count_; }

  void clear() noexcept { count_ = 0; }
  void push(Packet& packet) noexcept { packets_[count_++] = &packet; }
  // The first `count` packets of a store, and no others.
  void fill(PacketStore& store, unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) packets_[i] = &store[i];
    count_ = count;
  }
  void append(std::span<Packet* const> more) noexcept {
    std::ranges::copy(more, packets_.begin() + count_);
    count_ += static_cast<unsigned>(more.size());
  }
  void append(const Burst& other) noexcept { append(other.packets()); }

  // Keeps the packets for which `keep(packet)` is true, in order; `keep` has disposed of the
  // others.
  template <class Keep>
  void keep_if(Keep&& keep) noexcept {
    Packet** kept = packets_.data();
    Packet* const* const last = packets_.data() + count_;
    for (Packet* const* next = packets_.data(); next != last; ++next) {
      Packet* const packet = *next;
      if (!keep(*packet)) continue;
      if (kept != next) [[unlikely]]  // nearly always nothing has gone, and all stands where it is
        *kept = packet;
      ++kept;
    }
    count_ = static_cast<unsigned>(kept - packets_.data());
  }

  // Moves the packets for which `pick(packet)` is true into the burst returned.
  template <class Pick>
  [[nodiscard]] Burst take_if(Pick&& pick) noexcept {
    Burst taken;
    keep_if([&](Packet& packet) {
      if (!pick(packet)) return true;
      taken.push(packet);
      return false;
    });
    return taken;
  }

 private:
  std::array<Packet*, kBurstSize> packets_;
  unsigned count_{};
};

}  // namespace sallyport
