// Numbers of configured SAs are used only once their reservation is on the disk.
#include "gateway/static_sa_state.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/sad/world.h"

using namespace sallyport;

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
  SaSlot add(const char* name) {
    Sa sa = test::outbound_sa(name);
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
  CHECK(rig.world.table.sequence_limit(slot) == kBlock);
  CHECK(rig.on_disk() == kBlock);
}

TEST_CASE("MAN-02: further blocks are saved by a job, and usable when it has ended") {
  Rig rig;
  const SaSlot slot = rig.add("a");
  REQUIRE(rig.state.save());
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
