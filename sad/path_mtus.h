// The path MTU of every outbound SA and how old it is (RFC 4301 4.4.2.1, 8.2; SAD-01, PMTU-05).
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "sad/sa_table.h"

namespace sallyport {

struct PathMtu {
  std::uint16_t octets{};
  std::optional<Instant> learnt{};  // nullopt: that of the first link
};

// Control thread. Keeps what workers read (OutboundSa::path_mtu) at the smaller of the first link's
// MTU and what was learnt. Either edition of a slot names the SA. Part of a Sad.
class PathMtus {
 public:
  explicit PathMtus(SaTable& table);

  // A new SA, or one that has moved: nothing is known of its path but the first link.
  void start(SaSlot slot, std::uint16_t link_mtu);
  // The first link is another one; what was learnt stays if it is still less.
  void set_link_mtu(SaSlot slot, std::uint16_t link_mtu);
  void forget(SaSlot slot) noexcept;

  // Refused (false) where it is not less than what is known: no message raises a path MTU.
  [[nodiscard]] bool lower(SaSlot slot, std::uint16_t octets, Instant now);
  // What was learnt `lifetime` ago or earlier gives way to the first link's MTU in one step
  // (RFC 4301 8.2.2, RFC 1191 6.3); the next packet that is too big teaches it again.
  void age(Instant now, Duration lifetime);

  [[nodiscard]] PathMtu of(SaSlot slot) const;
  // How many SAs have learnt theirs.
  [[nodiscard]] std::size_t learnt() const noexcept { return learnt_.size(); }

 private:
  struct Learnt {
    std::uint16_t octets;
    Instant at;
  };
  [[nodiscard]] std::uint32_t index(SaSlot slot) const noexcept;
  void publish(std::uint32_t sa) noexcept;

  SaTable& table_;
  std::vector<std::uint16_t> link_mtus_;              // by first edition
  std::unordered_map<std::uint32_t, Learnt> learnt_;  // likewise
};

}  // namespace sallyport
