#include "sad/record.h"

#include <algorithm>
#include <type_traits>

#include "base/record_archive.h"
#include "net/record_address.h"

namespace sallyport {
namespace {

constexpr RecordFormat kFormat{.noun = "SA", .magic = {'S', 'P', 'S', 'A'}, .version = 3};

void transfer_ports(RecordWriter& writer, const PortSet& set) {
  writer.number<std::uint8_t>(set.is_any() ? 0 : set.is_opaque() ? 1 : 2);
  writer.list(set.ranges(), 4, [&](const PortRange& range) {
    writer.number(range.first);
    writer.number(range.last);
  });
}

void transfer_ports(RecordReader& reader, PortSet& set) {
  std::uint8_t kind = 0;
  reader.number(kind);
  std::vector<PortRange> ranges;
  reader.list(ranges, 4, [&](PortRange& range) {
    reader.number(range.first);
    reader.number(range.last);
  });
  if (!reader.good()) return;
  if (kind == 2) {
    auto read = PortSet::of(std::move(ranges));
    if (!read) return reader.refuse();
    set = std::move(*read);
    return;
  }
  if (kind > 2 || !ranges.empty()) return reader.refuse();
  set = kind == 0 ? PortSet::any() : PortSet::opaque();
}

template <class Archive, class L>
void transfer_lifetime(Archive& archive, L& life) {
  archive.maybe(life.bytes, [&](auto& bytes) { archive.number(bytes); });
  archive.maybe(life.packets, [&](auto& packets) { archive.number(packets); });
  archive.maybe(life.time, [&](auto& time) {
    auto seconds = static_cast<std::uint64_t>(time.count());
    archive.number(seconds);
    if constexpr (!std::is_const_v<L>)
      time = std::chrono::seconds{
          static_cast<std::int64_t>(std::min<std::uint64_t>(seconds, 1ull << 62))};
  });
}

template <class Archive, class S>
void transfer_selector(Archive& archive, S& selector) {
  for (auto* ranges : {&selector.local, &selector.remote}) {
    archive.list(*ranges, 2 * kLeastAddressBytes,
                 [&](auto& range) { transfer_range(archive, range); });
  }
  archive.maybe(selector.protocol, [&](auto& protocol) { archive.number(protocol); });
  transfer_ports(archive, selector.local_port);
  transfer_ports(archive, selector.remote_port);
}

template <class Archive, class H>
void transfer_header_rules(Archive& archive, H& rules) {
  archive.choice(rules.df, DfRule::Copy, DfRule::Clear);
  archive.choice(rules.ecn, EcnRule::Normal, EcnRule::Compatibility);
  archive.choice(rules.dscp.kind, DscpRule::Kind::Copy, DscpRule::Kind::Map);
  archive.number(rules.dscp.fixed);
  archive.octets(rules.dscp.map);
  archive.number(rules.hop_limit);
  archive.number(rules.flow_label);
  archive.flag(rules.dscp_from_outer);
}

template <class Archive, class S>
void transfer_keys(Archive& archive, S& sa) {
  archive.choice(sa.transform.cipher, Cipher::Null, Cipher::ChaCha20Poly1305Iiv);
  archive.choice(sa.transform.integrity, Integrity::None, Integrity::AesGmac256);
  archive.secret(sa.cipher_key);
  archive.secret(sa.salt);
  archive.secret(sa.integrity_key);
}

// What changes while an SA lives.
struct Progress {
  SequenceNumber sequence;
  SaUsage used;
};

// Every field of an Sa.
template <class Archive, class S, class P>
void transfer(Archive& archive, S& sa, P& progress) {
  archive.octets(sa.name);
  archive.choice(sa.direction, Direction::Outbound, Direction::Inbound);
  archive.number(sa.spi.value);
  archive.choice(sa.protocol, IpsecProtocol::Esp, IpsecProtocol::Ah);
  archive.choice(sa.mode, IpsecMode::Tunnel, IpsecMode::Transport);
  transfer_address(archive, sa.endpoints.local);
  transfer_address(archive, sa.endpoints.remote);
  archive.choice(sa.lookup, SaLookup::Spi, SaLookup::SpiDestinationSource);
  transfer_keys(archive, sa);
  archive.flag(sa.esn);
  archive.number(sa.replay_window);
  archive.number(progress.sequence.value);
  archive.maybe(sa.encapsulation, [&](auto& udp) {
    archive.number(udp.local_port);
    archive.number(udp.remote_port);
  });
  archive.choice(sa.fragments, FragmentChecks::Stateless, FragmentChecks::Unagreed);
  archive.choice(sa.fragmentation, Fragmentation::After, Fragmentation::Before);
  transfer_header_rules(archive, sa.header);
  archive.choice(sa.destination_options, DestinationOptions::Inside, DestinationOptions::Outside);
  archive.number(sa.ah_alignment);
  archive.octets(sa.dscp);
  archive.flag(sa.spread);
  archive.list(sa.selectors, 19, [&](auto& selector) { transfer_selector(archive, selector); });
  transfer_lifetime(archive, sa.soft);
  transfer_lifetime(archive, sa.hard);
  archive.number(sa.tfc_bytes);
  archive.number(sa.tfc_multiple);
  archive.number(sa.dummies.per_second);
  archive.number(sa.dummies.bytes);
  archive.flag(sa.dummies.random_size);
  archive.flag(sa.loop_back);
  archive.flag(sa.follows_peer);
  archive.flag(sa.unauthenticated_allowed);
  archive.flag(sa.static_key);
  archive.number(progress.used.packets);
  archive.number(progress.used.bytes);
}

SequenceNumber ahead(const Sa& sa, std::uint64_t jump) {
  const std::uint64_t end = last_sendable(sa).value;
  return {sa.last_sequence.value + std::min(jump, end - sa.last_sequence.value)};
}

}  // namespace

std::vector<std::uint8_t> export_record(const Sa& sa, const SaTable& table, SaSlot slot) {
  const SaCounters counters = table.counters(sa.direction, slot);
  const Progress progress{counters.sequence, {counters.packets, counters.bytes}};
  RecordWriter writer;
  write_format(writer, kFormat);
  transfer(writer, sa, progress);
  return writer.take();
}

Expected<Sa> import_record(ByteView record, std::uint64_t jump) {
  RecordReader reader(record);
  if (auto known = read_format(reader, kFormat); !known) return std::unexpected(known.error());
  Sa sa;
  Progress progress;
  transfer(reader, sa, progress);
  if (auto whole = read_end(reader, kFormat); !whole) return std::unexpected(whole.error());
  sa.last_sequence = progress.sequence;
  sa.used = progress.used;
  if (auto valid = validate(sa); !valid) return std::unexpected(valid.error());
  if (sa.direction == Direction::Outbound) sa.last_sequence = ahead(sa, jump);
  return sa;
}

}  // namespace sallyport
