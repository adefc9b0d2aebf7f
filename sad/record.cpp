#include "sad/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <type_traits>

namespace sallyport {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic{'S', 'P', 'S', 'A'};
constexpr std::uint16_t kVersion = 2;

// Both sides name every field once, in this order, by `transfer(archive, sa)`; an archive writes
// or reads one field a call.
class Writer {
 public:
  template <class T>
    requires std::unsigned_integral<T>
  void number(const T& value) {
    std::array<std::uint8_t, sizeof(T)> wire;
    store_be<T>(wire.data(), value);
    append(wire);
  }
  void flag(const bool& value) { number<std::uint8_t>(value ? 1 : 0); }
  template <class E>
  void choice(const E& value, E, E) {
    number(static_cast<std::uint8_t>(value));
  }
  template <class Container>
  void octets(const Container& value) {
    number(static_cast<std::uint32_t>(value.size()));
    append({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  }
  template <std::size_t Capacity>
  void secret(const Secret<Capacity>& value) {
    octets(value.view());
  }
  template <class T, class Each>
  void list(const std::vector<T>& values, std::size_t, Each each) {
    number(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values) each(value);
  }
  template <class T, class Each>
  void maybe(const std::optional<T>& value, Each each) {
    flag(value.has_value());
    if (value) each(*value);
  }
  void ports(const PortSet& set) {
    number<std::uint8_t>(set.is_any() ? 0 : set.is_opaque() ? 1 : 2);
    list(set.ranges(), 4, [&](const PortRange& range) {
      number(range.first);
      number(range.last);
    });
  }
  [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  // A plain vector would leave keys behind in the memory that it outgrows (SAD-12).
  void append(ByteView more) {
    if (bytes_.size() + more.size() > bytes_.capacity()) {
      std::vector<std::uint8_t> larger;
      larger.reserve(2 * (bytes_.size() + more.size()) + 512);
      larger.assign(bytes_.begin(), bytes_.end());
      wipe(bytes_);
      bytes_ = std::move(larger);
    }
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }

  std::vector<std::uint8_t> bytes_;
};

// Reads what Writer wrote; after the first thing that cannot be, every field stays as it is.
class Reader {
 public:
  explicit Reader(ByteView bytes) : reader_(bytes) {}

  template <class T>
    requires std::unsigned_integral<T>
  void number(T& value) {
    const auto read = good_ ? reader_.read<T>() : std::nullopt;
    if (read)
      value = *read;
    else
      good_ = false;
  }
  void flag(bool& value) {
    std::uint8_t read = 0;
    number(read);
    good_ = good_ && read <= 1;
    value = good_ && read == 1;
  }
  template <class E>
  void choice(E& value, E first, E last) {
    std::uint8_t read = 0;
    number(read);
    good_ = good_ && static_cast<E>(read) >= first && static_cast<E>(read) <= last;
    if (good_) value = static_cast<E>(read);
  }
  template <class Container>
  void octets(Container& value) {
    const ByteView read = view();
    value.assign(read.begin(), read.end());
  }
  template <std::size_t Capacity>
  void secret(Secret<Capacity>& value) {
    const ByteView read = view();
    good_ = good_ && read.size() <= Capacity;
    if (good_) value = Secret<Capacity>(read);
  }
  // No element is smaller than `least` octets, so that a count cannot ask for more than there is.
  template <class T, class Each>
  void list(std::vector<T>& values, std::size_t least, Each each) {
    std::uint32_t count = 0;
    number(count);
    good_ = good_ && count <= reader_.remaining() / least;
    if (good_) values.resize(count);
    for (T& value : values) each(value);
  }
  template <class T, class Each>
  void maybe(std::optional<T>& value, Each each) {
    bool present = false;
    flag(present);
    if (present) each(value.emplace());
  }
  void ports(PortSet& set) {
    std::uint8_t kind = 0;
    number(kind);
    std::vector<PortRange> ranges;
    list(ranges, 4, [&](PortRange& range) {
      number(range.first);
      number(range.last);
    });
    if (!good_) return;
    if (kind == 2) {
      auto read = PortSet::of(std::move(ranges));
      good_ = read.has_value();
      if (read) set = std::move(*read);
      return;
    }
    good_ = kind < 2 && ranges.empty();
    set = kind == 0 ? PortSet::any() : PortSet::opaque();
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return reader_.remaining() == 0; }

 private:
  [[nodiscard]] ByteView view() {
    std::uint32_t count = 0;
    number(count);
    const auto read = good_ ? reader_.take(count) : std::nullopt;
    good_ = read.has_value();
    return read.value_or(ByteView{});
  }

  ByteReader reader_;
  bool good_{true};
};

template <class Archive, class A>
void transfer_address(Archive& archive, A& address) {
  bool v6 = address.family == Family::V6;
  archive.flag(v6);
  if constexpr (!std::is_const_v<A>) address.family = v6 ? Family::V6 : Family::V4;
  const std::size_t used = bits(address.family) / 8;
  for (std::size_t i = 0; i < used; ++i) archive.number(address.bytes[i]);
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
    archive.list(*ranges, 10, [&](auto& range) {
      transfer_address(archive, range.first);
      transfer_address(archive, range.last);
    });
  }
  archive.maybe(selector.protocol, [&](auto& protocol) { archive.number(protocol); });
  archive.ports(selector.local_port);
  archive.ports(selector.remote_port);
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
  archive.choice(sa.transform.integrity, Integrity::None, Integrity::AesCmac_96);
  archive.secret(sa.cipher_key);
  archive.secret(sa.salt);
  archive.secret(sa.integrity_key);
}

// What changes while an SA lives.
struct Progress {
  SequenceNumber sequence;
  SaUsage used;
};

// Version 1, every field of an Sa.
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
  archive.choice(sa.fragments, FragmentChecks::Stateless, FragmentChecks::Stateful);
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
  archive.flag(sa.unauthenticated_allowed);
  archive.flag(sa.static_key);
  archive.number(progress.used.packets);
  archive.number(progress.used.bytes);
}

std::unexpected<Error> damaged(std::string what) {
  return fail(Error::Code::Invalid, std::move(what), "export the SA again", "SA record");
}

SequenceNumber ahead(const Sa& sa, std::uint64_t jump) {
  const std::uint64_t end = last_sendable(sa).value;
  return {sa.last_sequence.value + std::min(jump, end - sa.last_sequence.value)};
}

}  // namespace

std::vector<std::uint8_t> export_record(const Sa& sa, const SaTable& table, SaSlot slot) {
  const SaCounters counters = table.counters(sa.direction, slot);
  const Progress progress{counters.sequence, {counters.packets, counters.bytes}};
  Writer writer;
  for (const std::uint8_t octet : kMagic) writer.number(octet);
  writer.number(kVersion);
  transfer(writer, sa, progress);
  return writer.take();
}

Expected<Sa> import_record(ByteView record, std::uint64_t jump) {
  Reader reader(record);
  std::array<std::uint8_t, kMagic.size()> magic{};
  std::uint16_t version = 0;
  for (std::uint8_t& octet : magic) reader.number(octet);
  reader.number(version);
  if (magic != kMagic) return damaged("this is not the record of an SA");
  if (reader.good() && version != kVersion)
    return damaged(
        fmt::format("version {} of the record is unknown, {} is known", version, kVersion));
  Sa sa;
  Progress progress;
  if (reader.good()) transfer(reader, sa, progress);
  if (!reader.good()) return damaged("the record is cut short or damaged");
  if (!reader.at_end()) return damaged("the record goes on after its end");
  sa.last_sequence = progress.sequence;
  sa.used = progress.used;
  if (auto valid = validate(sa); !valid) return std::unexpected(valid.error());
  if (sa.direction == Direction::Outbound) sa.last_sequence = ahead(sa, jump);
  return sa;
}

}  // namespace sallyport
