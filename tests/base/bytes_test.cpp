#include "base/bytes.h"

#include <catch2/catch.hpp>
#include <memory>

namespace sallyport::bytes_test {
namespace {

TEST_CASE("bytes: big-endian loads and stores are what the wire shows") {
  const std::uint8_t wire[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
  CHECK(load_be<std::uint8_t>(wire) == 0x01);
  CHECK(load_be<std::uint16_t>(wire) == 0x0102);
  CHECK(load_be<std::uint32_t>(wire) == 0x01020304);
  CHECK(load_be<std::uint64_t>(wire) == 0x0102030405060708);

  std::uint8_t room[8]{};
  store_be<std::uint64_t>(room, 0x0102030405060708);
  CHECK(std::memcmp(room, wire, sizeof wire) == 0);
  Be16 field{};
  field.set(0xabcd);
  CHECK(field.raw[0] == 0xab);
  CHECK(field.raw[1] == 0xcd);
  CHECK(field.get() == 0xabcd);
}

TEST_CASE("DP-08: a reader never passes the end of its bytes") {
  const auto exact = std::make_unique<std::uint8_t[]>(7);
  for (std::uint8_t i = 0; i < 7; ++i) exact[i] = i;
  ByteReader reader({exact.get(), 7});
  CHECK(reader.read<std::uint32_t>() == 0x00010203u);
  CHECK_FALSE(reader.read<std::uint32_t>());
  CHECK(reader.remaining() == 3);
  CHECK_FALSE(reader.take(4));
  CHECK(reader.read<std::uint16_t>() == 0x0405);
  CHECK(reader.take(1)->front() == 6);
  CHECK_FALSE(reader.read<std::uint8_t>());
  CHECK(reader.take(0)->empty());
}

TEST_CASE("DP-08: a writer never passes the end of its room") {
  const auto exact = std::make_unique<std::uint8_t[]>(6);
  ByteWriter writer({exact.get(), 6});
  CHECK(writer.write<std::uint32_t>(0x01020304));
  CHECK_FALSE(writer.write<std::uint32_t>(0xffffffff));
  CHECK_FALSE(writer.write(ByteView(exact.get(), 3)));
  CHECK(writer.written() == 4);
  const std::uint8_t two[] = {5, 6};
  CHECK(writer.write(ByteView(two)));
  CHECK(writer.write(ByteView{}));
  CHECK_FALSE(writer.write<std::uint8_t>(7));
  for (std::uint8_t i = 0; i < 6; ++i) CHECK(exact[i] == i + 1);
}

}  // namespace
}  // namespace sallyport::bytes_test
