#include "tests/support/fragments.h"

#include <algorithm>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

bool is_v6(const PacketBytes& datagram) { return datagram[0] >> 4 == 6; }
std::size_t header_size(const PacketBytes& datagram) { return is_v6(datagram) ? 40 : 20; }

}  // namespace

PacketBytes piece_of(const PacketBytes& model, const FragmentPlace& place,
                     const PacketBytes& data) {
  PacketBytes piece(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(header_size(model)));
  if (is_v6(model)) {
    Ipv6Fragment fragment{};
    fragment.next_header = model[6];
    fragment.offset_flags.set(static_cast<std::uint16_t>(place.offset | (place.more ? 1 : 0)));
    fragment.id.set(place.id);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&fragment);
    piece.insert(piece.end(), bytes, bytes + sizeof fragment);
    piece[6] = kProtocolFragment;
    piece.insert(piece.end(), data.begin(), data.end());
    reinterpret_cast<Ipv6Header*>(piece.data())
        ->payload_length.set(static_cast<std::uint16_t>(piece.size() - 40));
    return piece;
  }
  piece.insert(piece.end(), data.begin(), data.end());
  auto& header = *reinterpret_cast<Ipv4Header*>(piece.data());
  header.total_length.set(static_cast<std::uint16_t>(piece.size()));
  header.id.set(static_cast<std::uint16_t>(place.id));
  header.fragment.set(
      static_cast<std::uint16_t>(place.offset / 8 | (place.more ? Ipv4Header::kMoreFragments : 0)));
  header.checksum.set(0);
  header.checksum.set(checksum(ByteView(piece).first(20)));
  return piece;
}

std::vector<PacketBytes> split(const PacketBytes& datagram, std::size_t size, std::uint32_t id) {
  std::vector<PacketBytes> pieces;
  const std::size_t front = header_size(datagram);
  for (std::size_t at = front; at < datagram.size(); at += size) {
    const std::size_t end = std::min(at + size, datagram.size());
    pieces.push_back(piece_of(
        datagram,
        {.offset = static_cast<std::uint16_t>(at - front), .more = end < datagram.size(), .id = id},
        {datagram.begin() + static_cast<std::ptrdiff_t>(at),
         datagram.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return pieces;
}

}  // namespace sallyport
