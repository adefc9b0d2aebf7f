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
//
// Zero in the header template, for the data plane to put in: IPv4 TOS, total length, id, flags and
// checksum; IPv6 traffic class and payload length; UDP length and checksum; the sequence number.
// `checksum_base` is the folded sum, not complemented, of the template's IPv4 header: add the words
// put in, fold and complement. No DF is in it, whatever `df` says.
[[nodiscard]] OutboundSa compile_outbound(const Sa& sa, const CompileContext& context) noexcept;
// A static key may send nothing until numbers are reserved for it (MAN-02); any other up to the end
// of its numbers (ESP-10).
[[nodiscard]] OutboundState initial_outbound_state(const Sa& sa) noexcept;
// Selectors and bitmap are left empty: the Sad places them.
[[nodiscard]] InboundSa compile_inbound(const Sa& sa, const CompileContext& context) noexcept;
[[nodiscard]] InboundState initial_inbound_state(const Sa& sa) noexcept;
// Every local range with every remote range and every pair of port ranges (SPD-10).
[[nodiscard]] std::vector<CompiledSelector> compile_selectors(std::span<const Selector> selectors);

// An address as CompiledSelector compares it: one 128-bit number, IPv4 in the top 32 bits.
using WideAddress = unsigned __int128;
[[nodiscard]] inline WideAddress widen(std::uint64_t high, std::uint64_t low) noexcept {
  return WideAddress{high} << 64 | low;
}

// True where the inner packet lies within the SA's selectors (INB-04). Data plane.
[[nodiscard]] inline bool matches(std::span<const CompiledSelector> selectors,
                                  const SelectorFields& fields) noexcept {
  const auto wide = [](const Address& address) {
    return widen(load_be<std::uint64_t>(address.bytes.data()),
                 load_be<std::uint64_t>(address.bytes.data() + 8));
  };
  const auto outside = [](const CompiledSelector::Bounds& bounds, WideAddress value) {
    return unsigned{value < widen(bounds.first_high, bounds.first_low)} |
           unsigned{value > widen(bounds.last_high, bounds.last_low)};
  };
  // An open slot is inside every range: its value is replaced by the range's first.
  const auto port_outside = [](PortValue first, PortValue last, PortValue value) {
    const PortValue seen = value == kNotApplicable ? first : value;
    return unsigned{seen < first} | unsigned{seen > last};
  };
  const WideAddress local = wide(fields.local);
  const WideAddress remote = wide(fields.remote);
  for (const CompiledSelector& row : selectors) {
    const unsigned misses =
        unsigned{row.family != fields.local.family} | outside(row.local, local) |
        outside(row.remote, remote) |
        port_outside(row.local_port_first, row.local_port_last, fields.local_port) |
        port_outside(row.remote_port_first, row.remote_port_last, fields.remote_port) |
        unsigned{fields.protocol < row.protocol_first} |
        unsigned{fields.protocol > row.protocol_last};
    if (misses == 0) return true;
  }
  return false;
}

}  // namespace sallyport
