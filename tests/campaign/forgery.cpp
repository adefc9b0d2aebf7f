#include "tests/campaign/forgery.h"

#include <algorithm>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport::campaign {
namespace {

constexpr std::size_t kSequenceOffset = 4;
constexpr std::size_t kHeaderBytes = 8;

std::uint32_t below(FixedRandom& random, std::size_t bound) {
  return random.below(static_cast<std::uint32_t>(bound));
}

// The length that the IP header names, as an attacker would put it right.
void fix_length(PacketBytes& datagram) {
  if (datagram[0] >> 4 == 6) {
    auto& header = *reinterpret_cast<Ipv6Header*>(datagram.data());
    header.payload_length.set(static_cast<std::uint16_t>(datagram.size() - sizeof header));
    return;
  }
  auto& header = *reinterpret_cast<Ipv4Header*>(datagram.data());
  header.total_length.set(static_cast<std::uint16_t>(datagram.size()));
  header.checksum.set(0);
  header.checksum.set(checksum(ByteView(datagram).first(header.header_length())));
}

void flip_bits(PacketBytes& datagram, FixedRandom& random) {
  const std::size_t from = ipsec_offset(datagram);
  // Different bits: two flips of one bit would undo each other.
  const std::size_t bits = (datagram.size() - from) * 8;
  const std::size_t first = below(random, bits);
  for (std::uint32_t i = 0, count = 1 + random.below(4); i < count; ++i) {
    const std::size_t bit = (first + i * 13) % bits;
    datagram[from + bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

void cut(PacketBytes& datagram, FixedRandom& random) {
  const std::size_t least = ipsec_offset(datagram);
  datagram.resize(least + below(random, datagram.size() - least));
  fix_length(datagram);
}

void lengthen(PacketBytes& datagram, FixedRandom& random) {
  const std::size_t more = 1 + below(random, 64);
  for (std::size_t i = 0; i < more; ++i)
    datagram.push_back(static_cast<std::uint8_t>(random.below(256)));
  fix_length(datagram);
}

void jump_ahead(PacketBytes& datagram, FixedRandom& random) {
  set_low_sequence(datagram, low_sequence_of(datagram) + 1 + random.below(1u << 30));
}

// The header of one SA in front of what another one sealed.
void wear_header_of(PacketBytes& datagram, const PacketBytes& other) {
  std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(ipsec_offset(other)), kHeaderBytes,
              datagram.begin() + static_cast<std::ptrdiff_t>(ipsec_offset(datagram)));
}

}  // namespace

std::size_t ipsec_offset(const PacketBytes& datagram) {
  return datagram[0] >> 4 == 6 ? sizeof(Ipv6Header) : sizeof(Ipv4Header);
}

std::uint32_t spi_of(const PacketBytes& datagram) {
  return load_be<std::uint32_t>(datagram.data() + ipsec_offset(datagram));
}

std::uint32_t low_sequence_of(const PacketBytes& datagram) {
  return load_be<std::uint32_t>(datagram.data() + ipsec_offset(datagram) + kSequenceOffset);
}

void set_low_sequence(PacketBytes& datagram, std::uint32_t value) {
  store_be<std::uint32_t>(datagram.data() + ipsec_offset(datagram) + kSequenceOffset, value);
}

PacketBytes forge(const PacketBytes& good, const PacketBytes& other, FixedRandom& random) {
  PacketBytes bent = good;
  switch (random.below(8)) {
    case 0:
      cut(bent, random);
      break;
    case 1:
      lengthen(bent, random);
      break;
    case 2:
    case 3:
      jump_ahead(bent, random);
      break;
    case 4:
      wear_header_of(bent, other);
      break;
    default:
      flip_bits(bent, random);
      break;
  }
  return bent;
}

}  // namespace sallyport::campaign
