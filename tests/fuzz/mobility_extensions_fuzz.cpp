// Fuzzes what Mobile IPv6 does to a packet's extension headers: found, exchanged, put in and taken
// out again, in a buffer of exactly the packet's size. First octet: which care-of addresses.
// Proves: MIPPKT-01
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "net/mobility_extensions.h"
#include "net/packet_summary.h"

namespace {

using namespace sallyport;
using Octets = std::vector<std::uint8_t>;

void require(bool condition) {
  if (!condition) std::abort();
}

// A copy that ends with its last octet.
struct Exact {
  explicit Exact(ByteView octets)
      : memory(std::make_unique<std::uint8_t[]>(octets.size())),
        bytes(memory.get(), octets.size()) {
    std::ranges::copy(octets, memory.get());
  }
  std::unique_ptr<std::uint8_t[]> memory;
  MutableBytes bytes;
};

void check_exchange(ByteView datagram, const MobilityExtensions& found) {
  const Exact packet(datagram);
  exchange_home_addresses(packet.bytes, found);
  exchange_home_addresses(packet.bytes, found);
  require(std::ranges::equal(packet.bytes, datagram));
}

void check_removal(ByteView datagram, const MobilityExtensions& found) {
  const Exact packet(datagram);
  const std::uint16_t gone = remove_mobility_extensions(packet.bytes, found);
  require(gone % 8 == 0 && gone < datagram.size());
  const MutableBytes left = packet.bytes.subspan(gone);
  const MobilityExtensions none = find_mobility_extensions(left);
  require(none.option_at == 0 && none.routing_at == 0);
}

void check_insertion(ByteView datagram, std::uint8_t which) {
  CareOfAddresses care_of;
  if ((which & 1) != 0) care_of.source = Address::parse("2001:db8::1").value();
  if ((which & 2) != 0) care_of.destination = Address::parse("2001:db8::2").value();
  Octets room(care_of.octets());
  room.insert(room.end(), datagram.begin(), datagram.end());
  if (room.size() > 0xffff) return;
  const Exact packet(room);
  insert_mobility_extensions(packet.bytes, care_of);
  const MobilityExtensions found = find_mobility_extensions(packet.bytes);
  // A routing header behind a fragment header, which no place in front of that makes right.
  if (found.fault == MobilityFault::OptionMisplaced) return;
  require((found.option_at != 0) == care_of.source.has_value());
  require((found.routing_at != 0) == care_of.destination.has_value());
  require(found.fault == MobilityFault::None);
  const std::uint16_t gone = remove_mobility_extensions(packet.bytes, found);
  require(gone == care_of.octets());
  require(std::ranges::equal(packet.bytes.subspan(gone), datagram));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Exact packet({data + 1, size - 1});
  static_cast<void>(find_mobility_extensions(packet.bytes));
  PacketSummary summary;
  if (summarize(packet.bytes, summary) != ParseVerdict::Good || summary.family != Family::V6)
    return 0;
  const ByteView datagram = ByteView(packet.bytes).first(summary.length);
  const MobilityExtensions found = find_mobility_extensions(datagram);
  static_cast<void>(encapsulation_limit_at(datagram));
  if (found.fault != MobilityFault::None) return 0;
  check_exchange(datagram, found);
  check_removal(datagram, found);
  if (found.option_at == 0 && found.routing_at == 0) check_insertion(datagram, data[0]);
  return 0;
}
