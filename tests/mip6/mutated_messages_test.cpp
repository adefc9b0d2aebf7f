// Messages cut, stretched and bent: parsed in buffers of exactly their size, so that ASan sees an
// octet too far (MH-14, DP-08).
#include <catch2/catch.hpp>

#include "tests/mip6/read_again.h"
#include "tests/mip6/sample_messages.h"
#include "tests/support/fixed_random.h"

namespace sallyport::mip6::test::mutated_messages_test {
namespace {

std::vector<Octets> sample_octets() {
  std::vector<Octets> all;
  for (const MobilityOptions& options : {MobilityOptions{}, all_options()})
    for (const Message& message : sample_messages(options))
      all.push_back(build_message(message, kHome, kHomeAgent).value());
  return all;
}

bool is_drop(const Parsed<Message>& taken) { return !taken && taken.error() == MessageFault{}; }

TEST_CASE("MH-06: a message cut anywhere is dropped without a word") {
  for (const Octets& message : sample_octets())
    for (std::size_t size = 0; size < message.size(); ++size)
      CHECK(is_drop(parse_exactly(ByteView(message).first(size))));
}

TEST_CASE("MH-06: a message of every length that its header can say, checksum right") {
  for (const Octets& whole : sample_octets())
    for (int length = 0; length < 256; ++length) {
      Octets message = whole;
      message[1] = static_cast<std::uint8_t>(length);
      const auto taken = parse_exactly(with_checksum(message));
      CAPTURE(facts_of(whole[2])->name, length);
      if (length == whole[1])
        CHECK(taken);
      else if (length > whole[1])
        CHECK(is_drop(taken));
      else if (length < facts_of(whole[2])->minimum_length)
        CHECK(taken.error() ==
              MessageFault{.answer = MessageFault::Answer::ParameterProblem, .pointer = 1});
      else
        CHECK((!taken || is_read_again(*taken)));
    }
}

TEST_CASE("MH-14: every octet of every message with the values that hurt most, checksum right") {
  std::size_t taken_ones = 0;
  for (const Octets& whole : sample_octets())
    for (std::size_t at = 6; at < whole.size(); ++at)
      for (const std::uint8_t value : Octets{0, 1, 5, 0x7f, 0x80, 0xfe, 0xff}) {
        Octets message = whole;
        message[at] = value;
        const auto taken = parse_exactly(with_checksum(message));
        if (!taken) continue;
        ++taken_ones;
        CHECK(is_read_again(*taken));
      }
  CHECK(taken_ones > 1000);
}

// A few octets changed anywhere, some inserted or taken out, and mostly a checksum that is right.
Octets mutated(Octets message, FixedRandom& random) {
  const std::uint32_t changes = 1 + random.below(4);
  for (std::uint32_t i = 0; i < changes; ++i)
    message[random.below(static_cast<std::uint32_t>(message.size()))] =
        static_cast<std::uint8_t>(random.below(256));
  if (random.below(4) == 0) message.resize(random.below(300));
  if (random.below(4) == 0 && message.size() >= 8) {
    message.resize(message.size() / 8 * 8);
    message[1] = static_cast<std::uint8_t>(message.size() / 8 - 1);
  }
  return random.below(8) == 0 ? message : with_checksum(std::move(message));
}

TEST_CASE("MH-14, DP-08: 10 000 mutated messages are judged without reading on") {
  FixedRandom random(6275);
  const std::vector<Octets> samples = sample_octets();
  std::size_t taken_ones = 0;
  for (int round = 0; round < 10'000; ++round) {
    const Octets& sample = samples[random.below(static_cast<std::uint32_t>(samples.size()))];
    const auto taken = parse_exactly(mutated(sample, random));
    if (!taken) continue;
    ++taken_ones;
    REQUIRE(is_read_again(*taken));
  }
  CHECK(taken_ones > 500);
  CHECK(taken_ones < 9'500);
}

TEST_CASE("MH-14, DP-08: 10 000 random messages of every type are judged without reading on") {
  FixedRandom random(3775);
  for (int round = 0; round < 10'000; ++round) {
    Octets message(8 * (1 + random.below(40)));
    random.fill(message);
    message[0] = 59;
    message[1] = static_cast<std::uint8_t>(message.size() / 8 - 1);
    message[2] = static_cast<std::uint8_t>(random.below(20));
    const auto taken = parse_exactly(with_checksum(std::move(message)));
    if (taken) REQUIRE(is_read_again(*taken));
  }
}

}  // namespace
}  // namespace sallyport::mip6::test::mutated_messages_test
