// The only bridge from a rich Sa to what a packet needs.
#pragma once

#include "net/packet_summary.h"
#include "sad/inbound_sa.h"
#include "sad/outbound_sa.h"
#include "sad/sa.h"

namespace sallyport {

// Facts that are not in the Sa: where its keys went, who owns it, which DSCP map it uses.
struct CompileContext {
  KeySlot key{kNoKey};
  WorkerId owner{};
  std::uint16_t dscp_map{};
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
[[nodiscard]] inline WideAddress widen(const std::array<std::uint8_t, 16>& address) noexcept {
  return WideAddress{load_be<std::uint64_t>(address.data())} << 64 |
         load_be<std::uint64_t>(address.data() + 8);
}
[[nodiscard]] inline bool within(const CompiledSelector::Bounds& bounds,
                                 WideAddress value) noexcept {
  return (WideAddress{bounds.first_high} << 64 | bounds.first_low) <= value &&
         value <= (WideAddress{bounds.last_high} << 64 | bounds.last_low);
}
[[nodiscard]] inline bool is_alone(const CompiledSelector::Bounds& bounds,
                                   WideAddress value) noexcept {
  return (WideAddress{bounds.first_high} << 64 | bounds.first_low) == value &&
         bounds.last_high == bounds.first_high && bounds.last_low == bounds.first_low;
}
[[nodiscard]] inline bool within(PortValue first, PortValue last, PortValue value) noexcept {
  return value - first <= last - first || value == kNotApplicable;
}

// True: family, protocol and ports of what came in lie within the row's. False: nothing is known of
// them. Data plane.
[[nodiscard]] inline bool tells_within(const CompiledSelector& row,
                                       const PacketSummary& packet) noexcept {
  return ((packet.other_selectors() ^ row.others) & row.others_mask) == 0;
}

// True where the inner packet lies within the SA's selectors (INB-04). Data plane.
[[nodiscard]] inline bool matches(std::span<const CompiledSelector> selectors,
                                  const SelectorFields& fields) noexcept {
  const WideAddress local = widen(fields.local.bytes);
  const WideAddress remote = widen(fields.remote.bytes);
  // What arrives under an SA nearly always matches: well predicted, this beats counting misses.
  for (const CompiledSelector& row : selectors) {
    if (row.family == fields.local.family && within(row.local, local) &&
        within(row.remote, remote) && row.protocol_first <= fields.protocol &&
        fields.protocol <= row.protocol_last &&
        within(row.local_port_first, row.local_port_last, fields.local_port) &&
        within(row.remote_port_first, row.remote_port_last, fields.remote_port))
      return true;
  }
  return false;
}

}  // namespace sallyport
