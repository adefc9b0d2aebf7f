#include "net/checksum.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "net/ipv4.h"
#include "net/protocol.h"
#include "tests/support/fixed_random.h"

namespace sallyport::checksum_test {
namespace {

// RFC 1071 1, word by word.
std::uint16_t naive_checksum(ByteView bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += bytes[i] * 256u + (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

TEST_CASE("checksum: the example of RFC 1071 3") {
  const std::uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(checksum(bytes) == static_cast<std::uint16_t>(~0xddf2));
}

TEST_CASE("checksum: agrees with the definition for every length, on exact buffers (DP-08)") {
  FixedRandom random;
  for (std::size_t size = 0; size < 260; ++size) {
    const auto exact = std::make_unique<std::uint8_t[]>(size);
    const MutableBytes bytes(exact.get(), size);
    random.fill(bytes);
    CHECK(checksum(bytes) == naive_checksum(bytes));
    const std::size_t cut = size / 2 & ~std::size_t{1};
    CHECK(checksum_finish(checksum_add(bytes.subspan(cut), checksum_add(bytes.first(cut)))) ==
          naive_checksum(bytes));
  }
}

TEST_CASE("checksum: of a few words' sum it is what it is of any") {
  unsigned wrong = 0;
  for (std::uint32_t sum = 0; sum < 1u << 20; ++sum)
    wrong += checksum_of_few(sum) != checksum_finish(sum) ? 1 : 0;
  CHECK(wrong == 0);
}

TEST_CASE("checksum: the largest sum does not overflow") {
  const std::vector<std::uint8_t> ones(65535, 0xff);
  std::uint32_t sum = 0;
  for (int i = 0; i < 8; ++i) sum = checksum_add(ByteView(ones).first(65534), sum);
  CHECK(checksum_finish(sum) == 0);
  CHECK(checksum(ones) == naive_checksum(ones));
}

TEST_CASE("checksum: an update equals a new sum (RFC 1624)") {
  FixedRandom random;
  for (int round = 0; round < 20000; ++round) {
    std::uint8_t bytes[20];
    random.fill(bytes);
    const std::uint16_t before = checksum(bytes);
    const std::size_t at = random.below(10) * 2;
    const auto old_word = load_be<std::uint16_t>(bytes + at);
    const auto new_word = static_cast<std::uint16_t>(random.u32());
    store_be(bytes + at, new_word);
    CHECK(checksum_update(before, old_word, new_word) == checksum(bytes));
  }
  // Equation 3's point: the sum may not become +0 where it was -0.
  CHECK(checksum_update(0xdd2f, 0x5555, 0x3285) == 0x0000);
}

TEST_CASE("checksum: pseudo-headers of both families") {
  for (const auto& [source, destination] :
       {std::pair{"192.0.2.1", "198.51.100.7"}, std::pair{"2001:db8::1", "2001:db8:ffff::2"}}) {
    const Address from = Address::parse(source).value(), to = Address::parse(destination).value();
    std::vector<std::uint8_t> bytes(from.wire().begin(), from.wire().end());
    bytes.insert(bytes.end(), to.wire().begin(), to.wire().end());
    bytes.insert(bytes.end(), {0x00, 0x01, 0x02, 0x03, 0x00, 0x00, 0x00, 0x11});
    CHECK(checksum_finish(pseudo_header_sum(from, to, 17, 0x00010203)) == naive_checksum(bytes));
  }
}

}  // namespace

TEST_CASE("TUN-02: the checksum after a TTL's decrease is that of the update, whatever it was") {
  for (std::uint32_t before = 0; before <= 0xffff; ++before) {
    for (const std::uint8_t ttl : {1, 64, 255}) {
      Ipv4Header header{};
      header.ttl = ttl;
      header.protocol = kProtocolUdp;
      header.checksum.set(static_cast<std::uint16_t>(before));
      header.source[0] = 192;
      header.decrease_ttl();
      const auto word = [](unsigned octet) {
        return static_cast<std::uint16_t>(octet << 8 | kProtocolUdp);
      };
      REQUIRE(header.checksum.get() ==
              checksum_update(static_cast<std::uint16_t>(before), word(ttl), word(ttl - 1u)));
      REQUIRE(header.ttl == ttl - 1);
      REQUIRE(header.protocol == kProtocolUdp);
      REQUIRE(header.source[0] == 192);
    }
  }
}

TEST_CASE("what stands in front of an IPv4 header's TTL is written and its length read at once") {
  Ipv4Header header{};
  header.ttl = 9;
  header.set_front(0xb9, 0xfedc, 0x1234, 0x4007);
  CHECK(header.version_ihl == 0x45);
  CHECK(header.tos == 0xb9);
  CHECK(header.total_length.get() == 0xfedc);
  CHECK(header.length() == 0xfedc);
  CHECK(header.id.get() == 0x1234);
  CHECK(header.fragment.get() == 0x4007);
  CHECK(header.ttl == 9);
}

}  // namespace sallyport::checksum_test
