#include "mip6/binding_record.h"

#include <algorithm>

#include "mip6/binding_lifetime.h"
#include "net/record_address.h"

namespace sallyport::mip6 {
namespace {

constexpr RecordFormat kFormat{
    .noun = "entry of the Binding Cache", .magic = {'S', 'P', 'M', 'B'}, .version = 1};
constexpr std::size_t kMostNetworks = 255;
constexpr std::size_t kLeastNetworkBytes = kLeastAddressBytes + 1;
constexpr auto kLongest =
    std::chrono::duration_cast<std::chrono::milliseconds>(duration_of(BindingLifetime::max()));

template <class Archive, class F>
void transfer_flags(Archive& archive, F& flags) {
  std::uint16_t wire = flags.wire();
  archive.number(wire);
  if constexpr (!std::is_const_v<F>) {
    flags = F::of_wire(wire);
    if (flags.wire() != wire) archive.refuse();
  }
}

template <class Archive, class D>
void transfer_left(Archive& archive, D& left) {
  auto milliseconds =
      static_cast<std::uint32_t>(std::chrono::floor<std::chrono::milliseconds>(left).count());
  archive.number(milliseconds);
  if constexpr (!std::is_const_v<D>) left = std::chrono::milliseconds(milliseconds);
}

template <class Archive, class C>
void transfer(Archive& archive, C& carried) {
  auto& entry = carried.entry;
  archive.choice(entry.use, BindingUse::HomeAgent, BindingUse::Correspondent);
  transfer_address(archive, entry.home_address);
  transfer_address(archive, entry.own);
  transfer_address(archive, entry.care_of);
  archive.number(entry.sequence);
  transfer_flags(archive, entry.flags);
  archive.choice(entry.protection, Protection::None, Protection::Ipsec);
  archive.list(entry.networks, kLeastNetworkBytes, [&archive](auto& network) {
    transfer_address(archive, network.address);
    archive.number(network.length);
  });
  archive.flag(entry.valid);
  transfer_left(archive, carried.left);
}

bool is_network(const Prefix& network) {
  return network.length > 0 && network.length <= bits(Family::V6) &&
         network.address.is_unicast_routable() && network.address == network.first();
}

bool may_be(const CarriedBinding& carried) {
  const BindingEntry& entry = carried.entry;
  return entry.home_address.is_unicast_routable() && entry.own.is_unicast_routable() &&
         entry.care_of.is_unicast_routable() && carried.left <= kLongest &&
         entry.networks.size() <= kMostNetworks &&
         std::ranges::all_of(entry.networks, is_network) &&
         (entry.networks.empty() || entry.flags.has(UpdateFlag::MobileRouter));
}

}  // namespace

CarriedBinding carried(const BindingEntry& entry, Instant now) {
  return {.entry = entry, .left = std::clamp<Duration>(entry.ends - now, Duration{0}, kLongest)};
}

Octets write_record(const CarriedBinding& binding) {
  RecordWriter writer;
  write_format(writer, kFormat);
  transfer(writer, binding);
  return writer.take();
}

Expected<CarriedBinding> read_record(ByteView record) {
  RecordReader reader(record);
  if (auto known = read_format(reader, kFormat); !known) return std::unexpected(known.error());
  CarriedBinding binding;
  transfer(reader, binding);
  if (auto whole = read_end(reader, kFormat); !whole) return std::unexpected(whole.error());
  if (!may_be(binding)) return damaged_record(kFormat, "it holds what no binding can be");
  return binding;
}

}  // namespace sallyport::mip6
