#include "sad/sequence_reservation.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

namespace sallyport::sequence_reservation_test {
namespace {

struct Directory {
  Directory() {
    std::string name = "/tmp/sallyport-reservation-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

constexpr const char* kFirstLine = "sallyport sequence numbers 1\n";

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("MAN-02, ALG-20: what was reserved is known after a restart") {
  const Directory directory;
  const auto file = directory.path / "sequences";
  {
    auto reservations = SequenceReservations::open(file);
    REQUIRE(reservations);
    CHECK(reservations->reserved("aa") == SequenceNumber{0});
    reservations->reserve("aa", SequenceNumber{SequenceReservations::kBlock});
    reservations->reserve("bb", SequenceNumber{~0ull});
    reservations->reserve("aa", SequenceNumber{1});
    REQUIRE(reservations->save());
    reservations->reserve("aa", SequenceNumber{1ull << 40});
  }
  const auto again = SequenceReservations::open(file);
  REQUIRE(again);
  CHECK(again->reserved("aa") == SequenceNumber{SequenceReservations::kBlock});
  CHECK(again->reserved("bb") == SequenceNumber{~0ull});
  CHECK(again->reserved("cc") == SequenceNumber{0});
}

TEST_CASE("MAN-02: the state file is for its owner only and replaced whole") {
  const Directory directory;
  const auto file = directory.path / "sequences";
  write(file, std::string(kFirstLine) + "aa 5\n");
  write(directory.path / "sequences.new", "left by a crash");
  auto reservations = SequenceReservations::open(file);
  REQUIRE(reservations);
  REQUIRE(reservations->save());
  struct stat facts{};
  REQUIRE(::stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK_FALSE(std::filesystem::exists(directory.path / "sequences.new"));
  CHECK(SequenceReservations::open(file)->reserved("aa") == SequenceNumber{5});
}

TEST_CASE("MAN-02: a save that cannot be made is an error and leaves the old file") {
  const Directory directory;
  auto reservations = SequenceReservations::open(directory.path / "missing" / "sequences");
  REQUIRE(reservations);
  const auto saved = reservations->save();
  REQUIRE_FALSE(saved);
  CHECK(saved.error().code == Error::Code::Io);

  const auto file = directory.path / "sequences";
  write(file, std::string(kFirstLine) + "aa 5\n");
  std::filesystem::create_directories(directory.path / "sequences.new" / "in-the-way");
  auto blocked = SequenceReservations::open(file);
  blocked->reserve("aa", SequenceNumber{9});
  CHECK_FALSE(blocked->save());
  CHECK(SequenceReservations::open(file)->reserved("aa") == SequenceNumber{5});
}

TEST_CASE(
    "MAN-02: an image holds what was reserved when it was made, and never undoes a newer one") {
  const Directory directory;
  const auto file = directory.path / "sequences";
  auto reservations = SequenceReservations::open(file);
  reservations->reserve("aa", SequenceNumber{5});
  const auto older = reservations->image();
  reservations->reserve("aa", SequenceNumber{9});
  reservations->reserve("bb", SequenceNumber{7});
  CHECK(older.reserved("aa") == SequenceNumber{5});
  CHECK(older.reserved("bb") == SequenceNumber{0});
  REQUIRE(older.save());
  CHECK(SequenceReservations::open(file)->reserved("aa") == SequenceNumber{5});
  const auto newer = reservations->image();
  REQUIRE(newer.save());
  CHECK(SequenceReservations::open(file)->reserved("aa") == SequenceNumber{9});
  REQUIRE(older.save());
  CHECK(SequenceReservations::open(file)->reserved("aa") == SequenceNumber{9});
  CHECK(SequenceReservations::open(file)->reserved("bb") == SequenceNumber{7});
}

TEST_CASE("MAN-02: a damaged state file is refused with its line") {
  const Directory directory;
  const auto file = directory.path / "sequences";
  const std::pair<std::string, int> damages[] = {
      {"", 1},
      {"something else\n", 1},
      {std::string(kFirstLine) + "aa", 2},
      {std::string(kFirstLine) + "aa 5\nbb\n", 3},
      {std::string(kFirstLine) + "aa 5\nbb 7x\n", 3},
      {std::string(kFirstLine) + "aa 5\n 7\n", 3},
      {std::string(kFirstLine) + "aa 18446744073709551616\n", 2},
      {std::string(kFirstLine) + "aa -1\n", 2},
      {std::string(kFirstLine) + "a\ta 1\n", 2},
      {std::string(kFirstLine) + "aa 5\n\n", 3},
      {std::string(kFirstLine) + "aa 5\nbb 6\naa 5\n", 4},
  };
  for (const auto& [text, line] : damages) {
    CAPTURE(text);
    write(file, text);
    const auto opened = SequenceReservations::open(file);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Error::Code::Invalid);
    CHECK(opened.error().where == file.string() + ":" + std::to_string(line));
  }
}

}  // namespace sallyport::sequence_reservation_test
