#include "mip6/option_writer.h"

#include <catch2/catch.hpp>

#include "tests/crypto/octets.h"
#include "tests/mip6/mobility.h"

namespace sallyport::mip6::test::option_writer_test {
namespace {

using sallyport::test::octets;

struct Placed {
  OptionType type;
  std::size_t modulus;
  std::size_t remainder;
  Octets data;
};

// RFC 6275 6.2.4 to 6.2.6, RFC 3963 4.3, RFC 5026 8.1, RFC 5648 4.3, once more.
std::vector<Placed> placed_options() {
  return {
      {OptionType::RefreshAdvice, 2, 0, octets("0007")},
      {OptionType::AlternateCareOf, 8, 6, octets("20010db8000a00000000000000000100")},
      {OptionType::NonceIndices, 2, 0, octets("00070009")},
      {OptionType::MobileNetworkPrefix, 8, 4, octets("0038 20010db8000d01000000000000000000")},
      {OptionType::DnsUpdate, 1, 0, octets("0000 6d6e2e")},
      {OptionType::BindingIdentifier, 8, 2, octets("00010000 20010db8000a00000000000000000100")},
      {OptionType::BindingIdentifier, 2, 0, octets("00020000")}};
}

struct Found {
  std::size_t at;
  std::uint8_t type;
  Octets data;
};

// The options of a message but for padding, by a walk of its own.
std::vector<Found> walk(const Octets& message, std::size_t at) {
  std::vector<Found> found;
  while (at < message.size()) {
    if (message[at] == 0) {
      ++at;
      continue;
    }
    REQUIRE(at + 1 < message.size());
    const std::size_t size = message[at + 1];
    REQUIRE(at + 2 + size <= message.size());
    const ByteView data = ByteView(message).subspan(at + 2, size);
    if (message[at] == 1)
      CHECK(std::ranges::count(data, 0) == static_cast<std::ptrdiff_t>(size));
    else
      found.push_back({at, message[at], {data.begin(), data.end()}});
    at += 2 + size;
  }
  return found;
}

void check_order(const std::vector<Placed>& all, const std::vector<std::size_t>& order,
                 std::size_t fixed) {
  Octets message(fixed, 0xff);
  OptionWriter writer(message);
  for (const std::size_t index : order) writer.add(all[index].type, all[index].data);
  writer.end();
  REQUIRE(message.size() % 8 == 0);
  const auto found = walk(message, fixed);
  REQUIRE(found.size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Placed& wanted = all[order[i]];
    const bool right = found[i].type == static_cast<std::uint8_t>(wanted.type) &&
                       found[i].data == wanted.data &&
                       found[i].at % wanted.modulus == wanted.remainder;
    REQUIRE(right);
  }
}

TEST_CASE("MH-15: in whatever order options come each stands where its alignment wants it") {
  const auto all = placed_options();
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  do check_order(all, order, 12);
  while (std::ranges::next_permutation(order).found);
  for (std::size_t fixed = 8; fixed < 32; ++fixed) check_order(all, order, fixed);
}

TEST_CASE("MH-15: the authorization ends the message at 8n + 2, whatever stands before it") {
  const Authenticator authenticator{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  for (const Placed& before : placed_options())
    for (std::size_t fixed = 8; fixed < 32; ++fixed) {
      Octets message(fixed, 0xff);
      OptionWriter writer(message);
      writer.add(before.type, before.data);
      writer.end(authenticator);
      const auto found = walk(message, fixed);
      REQUIRE(found.size() == 2);
      CHECK(found[1].type == 5);
      CHECK(found[1].at % 8 == 2);
      CHECK(found[1].at + 14 == message.size());
      CHECK(message.size() % 8 == 0);
    }
}

TEST_CASE("MH-14: one octet of padding is Pad1, more are one PadN") {
  const char* const padding[] = {"",         "00",         "0100",         "010100",
                                 "01020000", "0103000000", "010400000000", "01050000000000"};
  for (std::size_t octets_of_padding = 0; octets_of_padding < 8; ++octets_of_padding) {
    Octets message(16 - octets_of_padding, 0xff);
    OptionWriter(message).end();
    REQUIRE(message.size() == 16);
    const ByteView added = ByteView(message).last(octets_of_padding);
    CHECK(Octets(added.begin(), added.end()) == octets(padding[octets_of_padding]));
  }
}

}  // namespace
}  // namespace sallyport::mip6::test::option_writer_test
