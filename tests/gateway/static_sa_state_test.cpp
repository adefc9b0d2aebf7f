// Numbers of configured SAs are used only once their reservation is on the disk.
#include "gateway/static_sa_state.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/sad/world.h"

namespace sallyport::static_sa_state_test {
namespace {

constexpr std::uint64_t kBlock = SequenceReservations::kBlock;

struct Rig {
  Rig() {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
  }
  ~Rig() {
    jobs.finish();
    std::filesystem::remove_all(directory);
  }
  SaSlot add(const char* name) { return add(test::outbound_sa(name)); }
  SaSlot add(Sa sa) {
    sa.static_key = true;
    REQUIRE(state.resume(sa));
    const Sa copy = sa.duplicate();
    const SaSlot slot = world.sad->add(std::move(sa)).value();
    state.watch(copy, slot);
    return slot;
  }
  // The only number in the file.
  [[nodiscard]] std::uint64_t on_disk() const {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    std::string identity;
    std::uint64_t number = 0;
    in >> identity >> number;
    return number;
  }

  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("static-sa-" + std::to_string(getpid()));
  std::filesystem::path file = directory / "sequence-numbers";
  test::World world;
  JobPool jobs{1};
  StaticSaState state{SequenceReservations::open(file).value(), *world.sad, jobs};
};

}  // namespace

TEST_CASE("MAN-02: an SA sends nothing before its first block is durable") {
  Rig rig;
  const SaSlot slot = rig.add("a");
  CHECK(rig.world.table.sequence_limit(slot) == 0);
  REQUIRE(rig.state.save());
  CHECK(rig.world.table.sequence_limit(slot) == 0);
  rig.state.open_blocks();
  CHECK(rig.world.table.sequence_limit(slot) == kBlock);
  CHECK(rig.on_disk() == kBlock);
}

TEST_CASE("MAN-02: further blocks are saved by a job, and usable when it has ended") {
  Rig rig;
  const SaSlot slot = rig.add("a");
  REQUIRE(rig.state.save());
  rig.state.open_blocks();
  rig.world.table.outbound_state(slot).last_sequence = kBlock / 2 + 1;
  rig.state.poll();
  // Whatever the job has done by now: nobody has been told of it.
  CHECK(rig.world.table.sequence_limit(slot) == kBlock);
  rig.jobs.finish();
  CHECK(rig.on_disk() == kBlock / 2 + 1 + kBlock);
  CHECK(rig.world.table.sequence_limit(slot) == kBlock / 2 + 1 + kBlock);
}

TEST_CASE("MAN-02: what is reserved while a job saves is not usable when that job has ended") {
  Rig rig;
  const SaSlot slot = rig.add("a");
  rig.state.poll();
  rig.world.table.outbound_state(slot).last_sequence = kBlock - 1;
  rig.state.poll();  // reserves more; the job under way does not know of it
  rig.jobs.poll();
  while (rig.world.table.sequence_limit(slot) == 0) rig.jobs.poll();
  CHECK(rig.world.table.sequence_limit(slot) == kBlock);
  CHECK(rig.on_disk() == kBlock);
  rig.state.poll();
  rig.jobs.finish();
  CHECK(rig.world.table.sequence_limit(slot) == 2 * kBlock - 1);
}

TEST_CASE("MAN-02: a save that fails gives no numbers, and is tried again") {
  Rig rig;
  const SaSlot slot = rig.add("a");
  const auto obstacle = rig.directory / "sequence-numbers.new";
  std::filesystem::create_directories(obstacle / "in-the-way");
  CHECK_FALSE(rig.state.save());
  rig.state.poll();
  rig.jobs.finish();
  CHECK(rig.world.table.sequence_limit(slot) == 0);
  std::filesystem::remove_all(obstacle);
  rig.state.poll();
  rig.jobs.finish();
  CHECK(rig.world.table.sequence_limit(slot) == kBlock);
}

TEST_CASE("MAN-02: a stop in good order loses no numbers") {
  Rig rig;
  const SaSlot slot = rig.add("a");
  REQUIRE(rig.state.save());
  rig.world.table.outbound_state(slot).last_sequence = 1234;
  REQUIRE(rig.state.close());
  CHECK(rig.on_disk() == 1234);
  Sa again = test::outbound_sa("a");
  again.static_key = true;
  StaticSaState next(SequenceReservations::open(rig.file).value(), *rig.world.sad, rig.jobs);
  REQUIRE(next.resume(again));
  CHECK(again.last_sequence == SequenceNumber{1234});
}

TEST_CASE("MAN-02: a stop does not give back what an SA that has gone may have sent") {
  Rig rig;
  const SaSlot slot = rig.add("a");
  REQUIRE(rig.state.save());
  rig.world.table.outbound_state(slot).last_sequence = 1234;
  rig.state.forget("a");
  REQUIRE(rig.world.sad->remove("a"));
  const SaSlot next = rig.add("a");
  CHECK(rig.world.table.counters(Direction::Outbound, next).sequence == SequenceNumber{kBlock});
  REQUIRE(rig.state.save());
  REQUIRE(rig.state.close());
  CHECK(rig.on_disk() == 2 * kBlock);
}

TEST_CASE(
    "MAN-02, ALG-20: another transform under the same key and salt goes on from its numbers") {
  Rig rig;
  rig.add("a");
  REQUIRE(rig.state.save());
  rig.state.forget("a");
  Sa changed = test::outbound_sa("a");
  test::set_transform(changed, {Cipher::AesCtr128, Integrity::HmacSha1_96});
  changed.static_key = true;
  REQUIRE(rig.state.resume(changed));
  CHECK(changed.last_sequence == SequenceNumber{kBlock});
  changed.salt = test::counting_key<4>(4, 0x11);  // other nonces
  changed.last_sequence = {};
  REQUIRE(rig.state.resume(changed));
  CHECK(changed.last_sequence == SequenceNumber{0});
}

TEST_CASE("MAN-02: an SA gets the block of its successor no more") {
  Rig rig;
  const SaSlot old = rig.add("old");
  REQUIRE(rig.state.save());
  rig.state.open_blocks();
  Sa successor = test::outbound_sa("new");
  successor.static_key = true;
  REQUIRE(rig.state.resume(successor));
  CHECK(successor.last_sequence == SequenceNumber{kBlock});
  REQUIRE(rig.state.save());
  CHECK(rig.world.table.sequence_limit(old) == kBlock);
  rig.state.forget("old");
  const SaSlot slot = rig.world.sad->add(successor.duplicate()).value();
  rig.state.watch(successor, slot);
  rig.state.open_blocks();
  CHECK(rig.world.table.sequence_limit(old) == kBlock);
  CHECK(rig.world.table.sequence_limit(slot) == 2 * kBlock);
}

TEST_CASE("MAN-02, ESP-10: without ESN the last block ends where the numbers end, start by start") {
  Rig rig;
  const auto short_numbers = [](SequenceNumber last) {
    Sa sa = test::outbound_sa("short");
    sa.esn = false;
    sa.last_sequence = last;
    return sa;
  };
  constexpr std::uint64_t kEnd = 0xffffffff;
  const SaSlot slot = rig.add(short_numbers({kEnd - 10}));
  REQUIRE(rig.state.save());
  rig.state.open_blocks();
  CHECK(rig.on_disk() == kEnd);
  CHECK(rig.world.table.sequence_limit(slot) == kEnd);
  rig.state.poll();
  rig.jobs.finish();
  CHECK(rig.on_disk() == kEnd);
  rig.state.forget("short");
  REQUIRE(rig.world.sad->remove("short"));
  // The next start has nothing left to send by, and starts all the same.
  const SaSlot spent = rig.add(short_numbers({0}));
  rig.state.open_blocks();
  CHECK(rig.world.table.counters(Direction::Outbound, spent).sequence == SequenceNumber{kEnd});
  CHECK(rig.world.table.sequence_limit(spent) == kEnd);
}

TEST_CASE("MAN-02: what arrives while a successor is made ready is old to it") {
  Rig rig;
  const SaSlot slot = rig.add(test::inbound_sa("in"));
  Sa successor = test::inbound_sa("in");
  successor.static_key = true;
  REQUIRE(rig.state.resume(successor));
  CHECK(successor.last_sequence == SequenceNumber{0});
  rig.world.table.inbound_state(slot).highest = 777;
  rig.state.forget("in");
  REQUIRE(rig.state.catch_up(successor));
  CHECK(successor.last_sequence == SequenceNumber{777});
}

}  // namespace sallyport::static_sa_state_test
