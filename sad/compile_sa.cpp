#include "sad/compile_sa.h"

#include <algorithm>

#include "net/ah.h"
#include "net/checksum.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/packet_summary.h"
#include "net/udp.h"
#include "sad/replay_window.h"

namespace sallyport {
namespace {

constexpr std::uint64_t kUnlimited = ~0ull;

std::uint8_t padding_mask(const CipherFacts& cipher) {
  return static_cast<std::uint8_t>(std::max<unsigned>(4, cipher.block_bytes) - 1);
}

// Fills a header template from its end towards its front.
class TemplateWriter {
 public:
  explicit TemplateWriter(std::span<std::uint8_t, 64> room) : room_(room) {}

  template <class Header>
  void put_in_front(const Header& header) {
    front_ -= sizeof header;
    std::memcpy(room_.data() + front_, &header, sizeof header);
  }
  [[nodiscard]] std::uint8_t used() const {
    return static_cast<std::uint8_t>(room_.size() - front_);
  }
  [[nodiscard]] ByteView front(std::size_t bytes) const { return room_.subspan(front_, bytes); }

 private:
  std::span<std::uint8_t, 64> room_;
  std::size_t front_{64};
};

Ipv4Header outer_v4(const Sa& sa, std::uint8_t protocol) {
  Ipv4Header header{};
  header.version_ihl = 0x45;
  header.ttl = sa.header.hop_limit;
  header.protocol = protocol;
  std::ranges::copy(sa.endpoints.local.wire(), header.source);
  std::ranges::copy(sa.endpoints.remote.wire(), header.destination);
  return header;
}

Ipv6Header outer_v6(const Sa& sa, std::uint8_t protocol) {
  Ipv6Header header{};
  header.version_class_flow.set(6u << 28 | sa.header.flow_label);
  header.next_header = protocol;
  header.hop_limit = sa.header.hop_limit;
  std::ranges::copy(sa.endpoints.local.wire(), header.source);
  std::ranges::copy(sa.endpoints.remote.wire(), header.destination);
  return header;
}

// Octets of AH: the fixed part, the ICV field (RFC 4302 2.6; RFC 4543 4: the IV in it) and as much
// padding as the family's alignment takes (AH-02, AH-03).
std::uint8_t ah_bytes(const Sa& sa) {
  const IntegrityFacts& integrity = facts(sa.transform.integrity);
  const unsigned alignment = outer_family(sa) == Family::V6 ? 8 : sa.ah_alignment;
  const unsigned used =
      static_cast<unsigned>(sizeof(AhHeader)) + integrity.iv_bytes + integrity.icv_bytes;
  return static_cast<std::uint8_t>((used + alignment - 1) / alignment * alignment);
}

void put_esp(const Sa& sa, TemplateWriter& writer) {
  EspHeader esp{};
  esp.spi.set(sa.spi.value);
  writer.put_in_front(esp);
  if (!sa.encapsulation) return;
  UdpHeader udp{};
  udp.source_port.set(sa.encapsulation->local_port);
  udp.destination_port.set(sa.encapsulation->remote_port);
  writer.put_in_front(udp);
}

void put_ah(const Sa& sa, TemplateWriter& writer) {
  AhHeader ah{};
  ah.payload_length = static_cast<std::uint8_t>(ah_bytes(sa) / 4 - 2);
  ah.spi.set(sa.spi.value);
  writer.put_in_front(ah);
}

void write_header(const Sa& sa, OutboundSa& out) {
  TemplateWriter writer{out.header};
  const bool ah = sa.protocol == IpsecProtocol::Ah;
  ah ? put_ah(sa, writer) : put_esp(sa, writer);
  if (sa.mode == IpsecMode::Tunnel) {
    const std::uint8_t protocol = ah ? kProtocolAh : sa.encapsulation ? kProtocolUdp : kProtocolEsp;
    out.outer_selectors =
        PacketSummary{.protocol = protocol, .family = out.outer_family}.other_selectors();
    if (out.outer_family == Family::V4) {
      writer.put_in_front(outer_v4(sa, protocol));
      out.outer_ip_bytes = sizeof(Ipv4Header);
      out.checksum_base = static_cast<std::uint16_t>(~checksum(writer.front(sizeof(Ipv4Header))));
    } else {
      writer.put_in_front(outer_v6(sa, protocol));
      out.outer_ip_bytes = sizeof(Ipv6Header);
    }
  }
  out.header_bytes = writer.used();
}

bool allows(const Sa& sa, Family family) {
  return std::ranges::any_of(sa.selectors, [family](const Selector& selector) {
    return selector.family().value_or(family) == family;
  });
}

// The padding of transport-mode AH fits one family only.
bool carries(const Sa& sa, Family family) {
  const bool one = sa.protocol == IpsecProtocol::Ah && sa.mode == IpsecMode::Transport;
  return allows(sa, family) && (!one || outer_family(sa) == family);
}

template <class State>
void set_limits(const Sa& sa, State& state) {
  state.packets = sa.used.packets;
  state.bytes = sa.used.bytes;
  state.hard_bytes = sa.hard.bytes.value_or(kUnlimited);
  state.hard_packets = sa.hard.packets.value_or(kUnlimited);
  state.notify_bytes = std::min(sa.soft.bytes.value_or(kUnlimited), state.hard_bytes);
  state.notify_packets = std::min(sa.soft.packets.value_or(kUnlimited), state.hard_packets);
}

AddressRange all_of(Family family) {
  AddressRange range{Address::any(family), Address::any(family)};
  std::fill_n(range.last.bytes.begin(), bits(family) / 8, std::uint8_t{0xff});
  return range;
}

std::vector<AddressRange> ranges_of(const std::vector<AddressRange>& given, Family family) {
  if (given.empty()) return {all_of(family)};
  std::vector<AddressRange> wanted;
  std::ranges::copy_if(given, std::back_inserter(wanted),
                       [family](const AddressRange& r) { return r.first.family == family; });
  return wanted;
}

struct PortValues {
  PortValue first, last;
};

std::vector<PortValues> values_of(const PortSet& ports) {
  if (ports.is_any()) return {{0, kNotApplicable}};
  if (ports.is_opaque()) return {{kUnavailable, kNotApplicable}};
  std::vector<PortValues> values;
  for (const PortRange& range : ports.ranges()) values.push_back({range.first, range.last});
  return values;
}

CompiledSelector::Bounds bounds_of(const AddressRange& range) {
  const auto half = [](const Address& address, std::size_t offset) {
    return load_be<std::uint64_t>(address.bytes.data() + offset);
  };
  return {half(range.first, 0), half(range.first, 8), half(range.last, 0), half(range.last, 8)};
}

// What one comparison asks of a port: these bits under this mask.
struct PortBits {
  std::uint16_t value{}, mask{};
};
std::optional<PortBits> port_bits(PortValue first, PortValue last) {
  if (first == 0 && last == kNotApplicable) return PortBits{};
  if (first != last || first > 0xffff) return std::nullopt;
  return PortBits{static_cast<std::uint16_t>(first), 0xffff};
}

// Of what comes in: the local port is the destination's.
void set_others(CompiledSelector& row) {
  row.others = row.others_mask = ~std::uint64_t{0};  // bits that no field has are 0 in packets
  const auto local = port_bits(row.local_port_first, row.local_port_last);
  const auto remote = port_bits(row.remote_port_first, row.remote_port_last);
  if (!local || !remote) return;
  const bool ports = (local->mask | remote->mask) != 0;
  const bool one_protocol = row.protocol_first == row.protocol_last;  // else any
  row.others = PacketSummary{.source_port = remote->value,
                             .destination_port = local->value,
                             .protocol = row.protocol_first,
                             .family = row.family,
                             .ports_visible = ports}
                   .other_selectors();
  row.others_mask = PacketSummary{.source_port = remote->mask,
                                  .destination_port = local->mask,
                                  .protocol = one_protocol ? std::uint8_t{0xff} : std::uint8_t{0},
                                  .family = Family{0xff},
                                  .ports_visible = ports}
                        .other_selectors();
}

// All rows of one selector that hold for one pair of address ranges.
void append_rows(const Selector& selector, const AddressRange& local, const AddressRange& remote,
                 std::vector<CompiledSelector>& rows) {
  CompiledSelector row{};
  row.local = bounds_of(local);
  row.remote = bounds_of(remote);
  row.family = local.first.family;
  row.protocol_first = selector.protocol.value_or(0);
  row.protocol_last = selector.protocol.value_or(255);
  for (const PortValues& mine : values_of(selector.local_port)) {
    for (const PortValues& theirs : values_of(selector.remote_port)) {
      row.local_port_first = mine.first;
      row.local_port_last = mine.last;
      row.remote_port_first = theirs.first;
      row.remote_port_last = theirs.last;
      set_others(row);
      rows.push_back(row);
    }
  }
}

// Nothing in it asks for ports, so that fragments without any are within it (RFC 4301 7.1).
bool names_no_ports(const Sa& sa) {
  return std::ranges::all_of(sa.selectors, [](const Selector& selector) {
    return selector.local_port.is_any() && selector.remote_port.is_any();
  });
}

// What stands around the payload.
void set_sizes(const Sa& sa, OutboundSa& out) {
  const CipherFacts& cipher = facts(sa.transform.cipher);
  if (sa.protocol == IpsecProtocol::Ah) {
    out.iv_bytes = static_cast<std::uint8_t>(ah_bytes(sa) - sizeof(AhHeader));
    out.iv_rule = facts(sa.transform.integrity).iv_bytes == 0 ? IvRule::None : IvRule::Counter;
    return;
  }
  out.iv_rule = cipher.iv_rule;
  out.iv_bytes = cipher.iv_bytes;
  out.icv_bytes = icv_bytes(sa.transform);
  out.trailer_bytes = sizeof(EspTrailer);
  out.padding_mask = padding_mask(cipher);
}

void set_sizes(const Sa& sa, InboundSa& in) {
  const CipherFacts& cipher = facts(sa.transform.cipher);
  if (sa.protocol == IpsecProtocol::Ah) {
    in.minimum_bytes = static_cast<std::uint8_t>(ah_bytes(sa) - AhHeader::kSpiOffset);
    return;
  }
  in.iv_bytes = cipher.iv_bytes;
  in.padding_mask = padding_mask(cipher);
  in.around_bytes =
      static_cast<std::uint8_t>(sizeof(EspHeader) + in.iv_bytes + icv_bytes(sa.transform));
  in.minimum_bytes = static_cast<std::uint8_t>(in.around_bytes + sizeof(EspTrailer));
}

// Of an inner packet (TUN-03, TUN-05).
void set_class_and_df(const Sa& sa, OutboundSa& out) {
  constexpr std::uint8_t kEcn = 3;
  if (sa.header.ecn == EcnRule::Compatibility) out.class_mask = static_cast<std::uint8_t>(~kEcn);
  out.outer_df[0] = sa.header.df == DfRule::Set;
  out.outer_df[1] = sa.header.df != DfRule::Clear;
}

bool is_plain(const OutboundSa& sa) {
  const bool every_fragment =
      sa.fragments == FragmentChecks::Stateless || sa.fragments == FragmentChecks::Stateful;
  return sa.mode == IpsecMode::Tunnel && sa.tfc_bytes == 0 && every_fragment;
}

}  // namespace

OutboundSa compile_outbound(const Sa& sa, const CompileContext& context) noexcept {
  OutboundSa out;
  out.spi = sa.spi;
  out.key = context.key;
  out.transform = sa.transform;
  out.protocol = sa.protocol;
  set_sizes(sa, out);
  out.mode = sa.mode;
  out.outer_family = sa.endpoints.local.family;
  out.esn = sa.esn;
  out.udp = sa.encapsulation.has_value();
  out.destination_options_outside = sa.destination_options == DestinationOptions::Outside;
  out.inner_v4 = carries(sa, Family::V4);
  out.inner_v6 = carries(sa, Family::V6);
  set_class_and_df(sa, out);
  out.owner = context.owner;
  // Whoever is padded to a multiple has at least its length.
  out.tfc_bytes = std::max(sa.tfc_bytes, sa.tfc_multiple);
  out.tfc_mask = static_cast<std::uint16_t>(std::max<unsigned>(sa.tfc_multiple, 1) - 1);
  out.loop_back = sa.loop_back;
  out.dscp_map = context.dscp_map;
  out.fragment_before = sa.fragmentation == Fragmentation::Before;
  const bool unagreed = sa.fragments == FragmentChecks::Unagreed;
  out.fragments = unagreed && names_no_ports(sa) ? FragmentChecks::Stateless : sa.fragments;
  out.plain = is_plain(out);
  const bool checksum_behind = out.udp && out.outer_family == Family::V6;
  out.leaves =
      out.plain && out.protocol == IpsecProtocol::Esp && !out.loop_back && !checksum_behind;
  write_header(sa, out);
  out.front_bytes = static_cast<std::uint8_t>(out.header_bytes + out.iv_bytes);
  out.around_bytes = static_cast<std::uint8_t>(out.front_bytes + out.icv_bytes);
  return out;
}

OutboundState initial_outbound_state(const Sa& sa) noexcept {
  OutboundState state;
  state.last_sequence = sa.last_sequence.value;
  state.sequence_limit = sa.static_key ? sa.last_sequence.value : last_sendable(sa).value;
  set_limits(sa, state);
  // A number goes with each packet: the alarm before the last one is one in packets, too.
  const std::uint64_t alarm = exhaustion_alarm(sa).value;
  const std::uint64_t until_alarm = alarm - std::min(alarm, sa.last_sequence.value);
  if (until_alarm < state.notify_packets - std::min(state.notify_packets, state.packets))
    state.notify_packets = state.packets + until_alarm;
  return state;
}

InboundSa compile_inbound(const Sa& sa, const CompileContext& context) noexcept {
  InboundSa in;
  in.spi = sa.spi;
  in.key = context.key;
  in.transform = sa.transform;
  in.protocol = sa.protocol;
  set_sizes(sa, in);
  in.mode = sa.mode;
  in.lookup = sa.lookup;
  in.esn = sa.esn;
  in.dscp_from_outer = sa.header.dscp_from_outer;
  in.fix_transport_checksum = sa.encapsulation && sa.mode == IpsecMode::Transport;
  // Its selectors say all that there is to say.
  in.fragments =
      sa.fragments == FragmentChecks::Unagreed ? FragmentChecks::Stateless : sa.fragments;
  in.owner = context.owner;
  in.window = sa.replay_window;
  if (in.window != 0)
    in.replay_mask = static_cast<std::uint32_t>(replay_words(sa.replay_window) - 1);
  in.destination = sa.endpoints.local;
  in.source = sa.endpoints.remote;
  in.watches_source = sa.follows_peer && sa.encapsulation && sa.replay_window != 0;
  if (sa.encapsulation) in.source_port = sa.encapsulation->remote_port;
  in.outer_family = sa.endpoints.local.family;
  return in;
}

InboundState initial_inbound_state(const Sa& sa) noexcept {
  InboundState state;
  state.highest = sa.last_sequence.value;
  set_limits(sa, state);
  return state;
}

std::vector<CompiledSelector> compile_selectors(std::span<const Selector> selectors) {
  std::vector<CompiledSelector> rows;
  for (const Selector& selector : selectors)
    for (const Family family : {Family::V4, Family::V6})
      for (const AddressRange& local : ranges_of(selector.local, family))
        for (const AddressRange& remote : ranges_of(selector.remote, family))
          append_rows(selector, local, remote, rows);
  return rows;
}

}  // namespace sallyport
