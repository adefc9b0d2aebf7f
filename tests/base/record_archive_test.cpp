#include "base/record_archive.h"

#include <catch2/catch.hpp>
#include <string>

namespace sallyport::record_archive_test {
namespace {

constexpr RecordFormat kFormat{.noun = "elephant", .magic = {'E', 'L', 'E', 'F'}, .version = 7};

enum class Colour : std::uint8_t { Red = 3, Green, Blue };

struct Sample {
  std::uint16_t number{};
  bool flag{};
  Colour colour{Colour::Red};
  std::string name;
  Secret<8> small;
  SecretBytes large;
  std::vector<std::uint32_t> list;
  std::optional<std::uint8_t> there;
  std::optional<std::uint8_t> absent;
};

template <class Archive, class S>
void transfer(Archive& archive, S& sample) {
  archive.number(sample.number);
  archive.flag(sample.flag);
  archive.choice(sample.colour, Colour::Red, Colour::Blue);
  archive.octets(sample.name);
  archive.secret(sample.small);
  archive.secret(sample.large);
  archive.list(sample.list, 4, [&](auto& one) { archive.number(one); });
  archive.maybe(sample.there, [&](auto& one) { archive.number(one); });
  archive.maybe(sample.absent, [&](auto& one) { archive.number(one); });
}

std::vector<std::uint8_t> record() {
  const std::vector<std::uint8_t> key{1, 2, 3, 4};
  const Sample sample{.number = 513,
                      .flag = true,
                      .colour = Colour::Blue,
                      .name = "nelly",
                      .small = Secret<8>(key),
                      .large = SecretBytes(ByteView(key)),
                      .list = {7, 8},
                      .there = 9,
                      .absent = {}};
  RecordWriter writer;
  write_format(writer, kFormat);
  transfer(writer, sample);
  return writer.take();
}

Expected<Sample> read(ByteView bytes) {
  RecordReader reader(bytes);
  if (auto known = read_format(reader, kFormat); !known) return std::unexpected(known.error());
  Sample sample;
  transfer(reader, sample);
  if (auto whole = read_end(reader, kFormat); !whole) return std::unexpected(whole.error());
  return sample;
}

}  // namespace

TEST_CASE("what a record's writer writes its reader reads") {
  const auto sample = read(record());
  REQUIRE(sample);
  CHECK(sample->number == 513);
  CHECK(sample->flag);
  CHECK(sample->colour == Colour::Blue);
  CHECK(sample->name == "nelly");
  CHECK(sample->small.size() == 4);
  CHECK(sample->large.size() == 4);
  CHECK(sample->list == std::vector<std::uint32_t>{7, 8});
  CHECK(sample->there == std::uint8_t{9});
  CHECK_FALSE(sample->absent);
}

TEST_CASE("a record of something else, of another version, cut short or continued is refused") {
  auto other = record();
  other[0] = 'X';
  CHECK(read(other).error().what == "this is not the record of an elephant");
  other = record();
  other[5] = 8;
  CHECK(read(other).error().what == "version 8 of the record is unknown, 7 is known");
  other = record();
  other.push_back(0);
  CHECK(read(other).error().what == "the record goes on after its end");
  const auto whole = record();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::uint8_t> cut(whole.begin(),
                                        whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_FALSE(read(cut));
  }
}

TEST_CASE("what a record cannot say is refused: flags, choices, long secrets, counts") {
  const auto with = [](std::size_t at, std::uint8_t octet) {
    auto changed = record();
    changed.at(at) = octet;
    return read(changed).has_value();
  };
  constexpr std::size_t kFlag = 8;
  CHECK(with(kFlag, 0));
  CHECK_FALSE(with(kFlag, 2));
  CHECK_FALSE(with(kFlag + 1, 2));
  CHECK_FALSE(with(kFlag + 1, 6));
  CHECK_FALSE(with(kFlag + 14, 9));    // a secret longer than its place
  CHECK_FALSE(with(kFlag + 30, 200));  // a list longer than what follows
}

}  // namespace sallyport::record_archive_test
