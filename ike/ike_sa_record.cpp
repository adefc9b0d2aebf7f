#include "ike/ike_sa_record.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <set>
#include <string_view>
#include <type_traits>

#include "net/record_address.h"

namespace sallyport::ike {
namespace {

constexpr RecordFormat kFormat{.noun = "IKE SA", .magic = {'S', 'P', 'I', 'K'}, .version = 1};

// Longer than anything lives.
constexpr std::chrono::milliseconds kLongestAge = std::chrono::years(100);
constexpr std::uint64_t kLastNumber = 1ull << 62;
// From here on too few message IDs are left to rekey or delete it with (IKE-25).
constexpr MessageId kTooLate = 0xffff0000;
constexpr std::uint32_t kMostDatagramBytes = 65'535;
constexpr std::size_t kLeastChildBytes = 70;
constexpr std::size_t kMostSelectors = 255;  // that a TS payload can count (RFC 7296 3.13)

// In milliseconds.
void transfer_age(RecordWriter& writer, const Duration& age) {
  const auto past = std::chrono::floor<std::chrono::milliseconds>(std::max(age, Duration{0}));
  writer.number(static_cast<std::uint64_t>(past.count()));
}
void transfer_age(RecordReader& reader, Duration& age) {
  std::uint64_t milliseconds = 0;
  reader.number(milliseconds);
  if (milliseconds > static_cast<std::uint64_t>(kLongestAge.count())) return reader.refuse();
  age = std::chrono::milliseconds(milliseconds);
}

// In seconds since 1970.
void transfer_end(RecordWriter& writer, const WallTime& end) {
  const auto since = std::chrono::floor<std::chrono::seconds>(end.time_since_epoch());
  writer.number(static_cast<std::uint64_t>(std::max(since, std::chrono::seconds{0}).count()));
}
void transfer_end(RecordReader& reader, WallTime& end) {
  std::uint64_t seconds = 0;
  reader.number(seconds);
  // The system's clock counts nanoseconds, which end in 2262.
  constexpr auto kLast =
      std::chrono::floor<std::chrono::seconds>(WallTime::max().time_since_epoch());
  if (seconds > static_cast<std::uint64_t>(kLast.count())) return reader.refuse();
  end = WallTime(std::chrono::seconds(seconds));
}

template <class E, class Archive, class V>
void transfer_choice(Archive& archive, V& value, std::size_t count) {
  archive.choice(value, E{0}, static_cast<E>(count - 1));
}

template <class Archive, class T>
void transfer_transform(Archive& archive, T& transform) {
  transfer_choice<Cipher>(archive, transform.cipher, kCipherCount);
  transfer_choice<Integrity>(archive, transform.integrity, kIntegrityCount);
}

template <class Archive, class S>
void transfer_suite(Archive& archive, S& suite) {
  transfer_transform(archive, suite.transform);
  transfer_choice<Prf>(archive, suite.prf, kPrfCount);
  transfer_choice<Group>(archive, suite.group, kGroupCount);
}

template <class Archive, class K>
void transfer_keys(Archive& archive, K& keys) {
  for (auto* const key : {&keys.d, &keys.p_initiator, &keys.p_responder, &keys.e_initiator,
                          &keys.e_responder, &keys.a_initiator, &keys.a_responder})
    archive.secret(*key);
}

template <class Archive, class P>
void transfer_path(Archive& archive, P& path) {
  for (auto* const end : {&path.local, &path.remote}) {
    transfer_address(archive, end->address);
    archive.number(end->port);
  }
}

template <class Archive, class A>
void transfer_addresses(Archive& archive, A& addresses) {
  archive.list(addresses, kLeastAddressBytes,
               [&](auto& address) { transfer_address(archive, address); });
}

template <class Archive, class M>
void transfer_mobility(Archive& archive, M& mobility) {
  archive.choice(mobility.role, Side::Initiator, Side::Responder);
  transfer_addresses(archive, mobility.theirs);
  transfer_addresses(archive, mobility.told);
  transfer_path(archive, mobility.agreed);
  for (auto* const newest : {&mobility.newest_update, &mobility.newest_list})
    archive.maybe(*newest, [&](auto& id) { archive.number(id); });
}

template <class Archive, class I>
void transfer_identity(Archive& archive, I& identity) {
  auto type = static_cast<std::uint8_t>(identity.type);
  archive.number(type);
  if constexpr (!std::is_const_v<I>) identity.type = IdType{type};
  archive.octets(identity.data);
}

template <class Archive, class N>
void transfer_numbers(Archive& archive, N& numbers) {
  archive.number(numbers.next_request);
  archive.number(numbers.peer_window);
  archive.number(numbers.expected_request);
  archive.number(numbers.own_window);
  archive.list(numbers.responses, 8, [&](auto& response) {
    archive.number(response.id);
    archive.list(response.datagrams, 4, [&](auto& datagram) { archive.octets(datagram); });
  });
}

template <class Archive, class S>
void transfer_selectors(Archive& archive, S& selectors) {
  archive.list(selectors, 5 + 2 * kLeastAddressBytes, [&](auto& selector) {
    archive.number(selector.protocol);
    archive.number(selector.start_port);
    archive.number(selector.end_port);
    transfer_range(archive, selector.addresses);
  });
}

template <class Archive, class P>
void transfer_pair(Archive& archive, P& pair) {
  transfer_selectors(archive, pair.local);
  transfer_selectors(archive, pair.remote);
}

template <class Archive, class F>
void transfer_packet(Archive& archive, F& packet) {
  transfer_address(archive, packet.local);
  transfer_address(archive, packet.remote);
  archive.number(packet.protocol);
  archive.number(packet.local_port);
  archive.number(packet.remote_port);
}

template <class Archive, class C>
void transfer_child(Archive& archive, C& child) {
  archive.octets(child.name);
  archive.octets(child.policy);
  archive.list(child.linked, 4, [&](auto& policy) { archive.octets(policy); });
  archive.choice(child.protocol, IpsecProtocol::Esp, IpsecProtocol::Ah);
  archive.choice(child.mode, IpsecMode::Tunnel, IpsecMode::Transport);
  transfer_transform(archive, child.transform);
  archive.flag(child.esn);
  archive.maybe(child.group,
                [&](auto& group) { transfer_choice<Group>(archive, group, kGroupCount); });
  archive.number(child.inbound.value);
  archive.number(child.outbound.value);
  transfer_pair(archive, child.selectors);
  archive.maybe(child.on_wire, [&](auto& pair) { transfer_pair(archive, pair); });
  transfer_packet(archive, child.packet);
  archive.choice(child.side, Side::Initiator, Side::Responder);
  transfer_age(archive, child.age);
}

// Every field.
template <class Archive, class S>
void transfer(Archive& archive, S& sa) {
  archive.number(sa.number);
  archive.number(sa.line);
  archive.choice(sa.side, Side::Initiator, Side::Responder);
  archive.number(sa.initiator_spi.value);
  archive.number(sa.responder_spi.value);
  transfer_suite(archive, sa.suite);
  transfer_keys(archive, sa.keys);
  archive.number(sa.next_iv);
  transfer_path(archive, sa.path);
  archive.flag(sa.nat.supported);
  archive.flag(sa.nat.here);
  archive.flag(sa.nat.there);
  archive.flag(sa.fragmentation);
  archive.flag(sa.mobike);
  transfer_mobility(archive, sa.mobility);
  archive.number(sa.datagram_bytes);
  archive.octets(sa.peer);
  transfer_identity(archive, sa.local_identity);
  transfer_identity(archive, sa.remote_identity);
  transfer_addresses(archive, sa.leases);
  transfer_addresses(archive, sa.assigned);
  archive.number(sa.children_made);
  transfer_age(archive, sa.age);
  transfer_age(archive, sa.authenticated);
  archive.maybe(sa.credentials_end, [&](auto& end) { transfer_end(archive, end); });
  transfer_numbers(archive, sa.numbers);
  archive.list(sa.children, kLeastChildBytes, [&](auto& child) { transfer_child(archive, child); });
}

bool is_good(const Identity& identity) {
  return Identity::from_wire(static_cast<std::uint8_t>(identity.type), identity.data).has_value();
}

bool has_good_keys(const CarriedIkeSa& sa) {
  const Transform transform = sa.suite.transform;
  const bool combined = facts(transform.cipher).combined();
  const bool fits =
      combined ? transform.integrity == Integrity::None : protects_ike(transform.integrity);
  if (!protects_ike(transform.cipher) || !fits) return false;
  const auto all_have = [](std::initializer_list<const SecretBytes*> keys, std::size_t bytes) {
    return std::ranges::all_of(keys, [&](const SecretBytes* key) { return key->size() == bytes; });
  };
  const CarriedKeys& keys = sa.keys;
  return all_have({&keys.d, &keys.p_initiator, &keys.p_responder}, facts(sa.suite.prf).key_bytes) &&
         all_have({&keys.e_initiator, &keys.e_responder},
                  IkeCipher::encryption_key_bytes(transform)) &&
         all_have({&keys.a_initiator, &keys.a_responder},
                  IkeCipher::integrity_key_bytes(transform));
}

bool is_good(const Path& path) {
  return path.local.address.family == path.remote.address.family &&
         !path.local.address.is_unspecified() && !path.remote.address.is_unspecified() &&
         (path.local.port == kIkePort || path.local.port == kIkeNatPort) && path.remote.port != 0;
}

// Answers are within the window, upwards, each with what was sent.
bool is_good(const CarriedNumbers& numbers) {
  if (numbers.peer_window == 0 || numbers.own_window == 0) return false;
  if (numbers.next_request >= kTooLate) return false;
  std::uint64_t least = 0;
  for (const CarriedResponse& response : numbers.responses) {
    const bool in_window =
        response.id < std::uint64_t{numbers.expected_request} + numbers.own_window &&
        std::uint64_t{response.id} + numbers.own_window >= numbers.expected_request;
    if (response.id < least || !in_window || response.datagrams.empty()) return false;
    least = std::uint64_t{response.id} + 1;
  }
  return true;
}

bool is_good(const TrafficSelector& selector) {
  const AddressRange& range = selector.addresses;
  return range.first.family == range.last.family && range.first <= range.last &&
         (selector.start_port <= selector.end_port || selector.opaque());
}

bool is_good(const TrafficSelectors& selectors) {
  return !selectors.empty() && selectors.size() <= kMostSelectors &&
         std::ranges::all_of(selectors, [](const TrafficSelector& one) { return is_good(one); });
}

bool is_good(const SelectorPair& pair) { return is_good(pair.local) && is_good(pair.remote); }

bool is_good(const CarriedChild& child) {
  return !child.name.empty() && validate(child.transform, child.protocol) &&
         child.inbound >= kFirstUsableSpi && child.outbound >= kFirstUsableSpi &&
         is_good(child.selectors) && to_selectors(child.selectors).has_value() &&
         (!child.on_wire || is_good(*child.on_wire)) && child.packet.local_port <= kNotApplicable &&
         child.packet.remote_port <= kNotApplicable;
}

bool are_good(const std::vector<CarriedChild>& children) {
  std::set<std::string_view> names;
  return std::ranges::all_of(children, [&](const CarriedChild& child) {
    return is_good(child) && names.insert(child.name).second;
  });
}

bool is_good(const Mobility& mobility) {
  return mobility.theirs.size() <= kMostOtherAddresses &&
         mobility.told.size() <= kMostOtherAddresses;
}

bool is_good(const CarriedIkeSa& sa) {
  return sa.number != 0 && sa.number <= kLastNumber && sa.datagram_bytes <= kMostDatagramBytes &&
         is_good(sa.mobility) && sa.initiator_spi != IkeSpi{} && sa.responder_spi != IkeSpi{} &&
         has_good_keys(sa) && is_good(sa.path) && !sa.peer.empty() && is_good(sa.local_identity) &&
         is_good(sa.remote_identity) && is_good(sa.numbers) && are_good(sa.children);
}

}  // namespace

Octets write_record(const CarriedIkeSa& sa) {
  RecordWriter writer;
  write_format(writer, kFormat);
  transfer(writer, sa);
  return writer.take();
}

Expected<CarriedIkeSa> read_record(ByteView record, std::uint64_t jump) {
  RecordReader reader(record);
  if (auto known = read_format(reader, kFormat); !known) return std::unexpected(known.error());
  CarriedIkeSa sa;
  transfer(reader, sa);
  if (auto whole = read_end(reader, kFormat); !whole) return std::unexpected(whole.error());
  if (!is_good(sa)) return damaged_record(kFormat, "the record holds what no IKE SA may be");
  if (jump > ~sa.next_iv)
    return fail(Error::Code::Exhausted, "its IVs are used up", "rekey it", "IKE SA record");
  sa.next_iv += jump;
  return sa;
}

}  // namespace sallyport::ike
