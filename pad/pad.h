// The Peer Authorization Database: ordered entries, immutable once made (RFC 4301 4.4.3).
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "pad/peer.h"

namespace sallyport {

// Any thread. An entry that is found stays valid as long as somebody holds it.
class Pad {
 public:
  Pad() = default;
  // In the operator's order. Refuses entries that no entry may be, and equal names.
  [[nodiscard]] static Expected<Pad> of(std::vector<Peer> peers);

  using Entry = std::shared_ptr<const Peer>;
  // The first whose pattern matches, and no other (PAD-01); null where none does.
  [[nodiscard]] Entry find(const Identity& asserted) const;
  [[nodiscard]] Entry by_name(std::string_view name) const noexcept;
  // The first that is to be found at this address: whom a tunnel endpoint of the SPD means.
  [[nodiscard]] Entry at(const Address& remote) const noexcept;
  // Those that may be behind a datagram from `remote`, before it has said who it is.
  [[nodiscard]] std::vector<Entry> candidates(const Address& remote) const;
  [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// The parts of `asked` that the entry allows its peer to claim, before the SPD is searched
// (PAD-10); empty where none. `assigned`: addresses given to the peer by configuration payload.
[[nodiscard]] std::vector<AddressRange> allowed_claims(const Peer& peer,
                                                       std::span<const AddressRange> asked,
                                                       std::span<const Address> assigned);

}  // namespace sallyport
