// Stateful fragment checks (RFC 4301 7.3, 7.4; FRAG-04, FRAG-05): later fragments, which show no
// ports, go the way that their datagram's first fragment went, and no other.
#pragma once

#include "dataplane/drop_reason.h"
#include "dataplane/fragment_table.h"
#include "dataplane/packet.h"
#include "net/datagram_pieces.h"

namespace sallyport {

// Where fragments are compared. What came out of one SA never meets what came another way.
struct FragmentScope {
  enum class Kind : std::uint8_t { InboundSa, InboundSpd, OutboundSpd };
  Kind kind;
  std::uint32_t number;  // slot of the SA, or SPD-ID

  [[nodiscard]] std::uint32_t context() const noexcept {
    return static_cast<std::uint32_t>(kind) << 30 | number;
  }
};

// How a datagram's first fragment was judged.
struct FirstFragment {
  PolicyId policy{};
  std::uint32_t generation{};  // of the policy, when it judged
  PolicyAction action{PolicyAction::Discard};
  SaHandle handle{kNoHandle};
};

// One a worker, bounded in number and time. Fragments that come before their first are not held:
// they find nothing here.
class FragmentFlows {
 public:
  FragmentFlows(std::size_t capacity, std::uint64_t life_ticks, std::uint64_t seed,
                std::pmr::memory_resource& memory)
      : table_(capacity, seed, memory), life_ticks_(life_ticks) {}

  // What is said of one fragment; `reason` where it has to go, `first` where its first is known.
  struct Answer {
    std::optional<FirstFragment> first{};
    std::optional<DropReason> reason{};
  };
  // Of a first fragment that was judged as `verdict` says: the others may follow it.
  [[nodiscard]] Answer remember(const Packet& packet, const FragmentScope& scope,
                                const FirstFragment& verdict, std::uint64_t now) noexcept;
  // Of a later one. Nothing at all: its first has not come, or long ago.
  [[nodiscard]] Answer follow(const Packet& packet, const FragmentScope& scope,
                              std::uint64_t now) noexcept;
  // A first one that nothing has to follow: what an older one with its id said is no longer true.
  void forget(const Packet& packet, const FragmentScope& scope) noexcept;

 private:
  struct Flow {
    FirstFragment first;
    DatagramPieces pieces;
    bool overlapped;
  };
  using Table = FragmentTable<Flow>;

  [[nodiscard]] Answer note(Table::Entry& entry, const Fragment& fragment) noexcept;
  void make_place(std::uint64_t now) noexcept;

  Table table_;
  std::uint64_t life_ticks_;
};

// Why an SA for later fragments alone does not carry the packet, which is within its selectors
// (RFC 4301 7.2); nullopt: it does. `checks` is Opaque or OpaqueIpv6.
[[nodiscard]] std::optional<DropReason> opaque_fault(const Packet& packet,
                                                     FragmentChecks checks) noexcept;

}  // namespace sallyport
