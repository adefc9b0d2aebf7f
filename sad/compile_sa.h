// The only bridge from a rich Sa to what a packet needs.
#pragma once

#include "sad/inbound_sa.h"
#include "sad/outbound_sa.h"
#include "sad/sa.h"

namespace sallyport {

// Facts that are not in the Sa: where its keys went, who owns it, which DSCP map it uses.
struct CompileContext {
  KeySlot key{kNoKey};
  WorkerId owner{};
  std::uint16_t dscp_map{};
  std::uint64_t iv_mask{};  // fresh random bits
};

// `sa` has passed validate(). Pure functions.
[[nodiscard]] OutboundSa compile_outbound(const Sa& sa, const CompileContext& context) noexcept;
[[nodiscard]] OutboundState initial_outbound_state(const Sa& sa) noexcept;
// Selectors and bitmap are left empty: the Sad places them.
[[nodiscard]] InboundSa compile_inbound(const Sa& sa, const CompileContext& context) noexcept;
[[nodiscard]] InboundState initial_inbound_state(const Sa& sa) noexcept;
// Every local range with every remote range and every pair of port ranges (SPD-10).
[[nodiscard]] std::vector<CompiledSelector> compile_selectors(std::span<const Selector> selectors);
// True where the inner packet lies within the SA's selectors (INB-04). Data plane.
[[nodiscard]] bool matches(std::span<const CompiledSelector> selectors,
                           const SelectorFields& fields) noexcept;

}  // namespace sallyport
