#include "sad/sad.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <set>

#include "sad/replay_window.h"
#include "sad/sa_handles.h"
#include "tests/sad/fakes.h"
#include "tests/sad/sample_sa.h"

namespace sallyport {
namespace {

using test::address;
using test::sample_sa;

// Counts what is out, so that nothing is left behind unseen.
class CountingMemory final : public std::pmr::memory_resource {
 public:
  std::size_t out{};
  std::size_t limit{~std::size_t{0}};

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (bytes > limit - out) throw std::bad_alloc();
    out += bytes;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* room, std::size_t bytes, std::size_t alignment) override {
    out -= bytes;
    std::pmr::new_delete_resource()->deallocate(room, bytes, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

struct World {
  explicit World(SaTable::Capacity capacity = {4, 4}, std::uint16_t workers = 1)
      : table(capacity, memory),
        sad(std::in_place, Sad::Parts{table, keys, retirement, random, workers}),
        idle(memory.out) {}

  const OutboundSa& outbound(std::string_view name) {
    return table.outbound(sad->find(name)->slot);
  }
  const InboundSa& inbound(std::string_view name) { return table.inbound(sad->find(name)->slot); }

  CountingMemory memory;
  SaTable table;
  test::FakeKeyStore keys;
  test::HeldRetirement retirement;
  test::SeededRandom random;
  std::optional<Sad> sad;
  std::size_t idle;  // octets that the empty table holds
};

Sa outbound_sa(std::string name, std::uint32_t spi = 0x1000) {
  return sample_sa(Direction::Outbound, spi, std::move(name));
}
Sa inbound_sa(std::string name, std::uint32_t spi = 0x2000) {
  return sample_sa(Direction::Inbound, spi, std::move(name));
}

// Needs memory of its own: a large window and several rows of selectors.
Sa large_inbound_sa(std::string name, std::uint32_t spi = 0x2000) {
  Sa sa = inbound_sa(std::move(name), spi);
  sa.replay_window = 4096;
  sa.selectors.emplace_back();
  return sa;
}

}  // namespace

TEST_CASE("SAD-02, ARCH-14: an added SA is compiled, keyed and found where packets look for it") {
  World world;
  const SaSlot out = world.sad->add(outbound_sa("there")).value();
  const SaSlot in = world.sad->add(inbound_sa("back")).value();
  CHECK(world.sad->size(Direction::Outbound) == 1);
  CHECK(world.sad->size(Direction::Inbound) == 1);
  CHECK(world.table.outbound(out).spi == Spi{0x1000});
  CHECK(world.table.outbound(out).iv_mask != 0);
  CHECK(world.table.outbound_state(out).sequence_limit == ~0ull);
  CHECK(world.keys.held.at(world.table.outbound(out).key).cipher_key.size() == 16);
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == in);
  CHECK(world.table.index().find(Spi{0x1000}, {}, {}) == kNoSa);
  CHECK(world.table.inbound(in).selector_count == 2);
  CHECK(world.table.inbound(in).selectors[1].family == Family::V6);
  CHECK(world.sad->find("back")->sa->spi == Spi{0x2000});
  CHECK(world.sad->find(Direction::Inbound, in)->sa->name == "back");
  CHECK_FALSE(world.sad->find("nowhere"));
  CHECK_FALSE(world.sad->find(Direction::Inbound, SaSlot{3}));
  CHECK_FALSE(world.sad->find(Direction::Inbound, kNoSa));
  std::string names;
  world.sad->for_each([&](const Sad::Entry& entry) { names += entry.sa->name + " "; });
  CHECK(names == "back there ");
}

TEST_CASE("ARCH-14, MAN-01: a configured and a negotiated SA become the same but for reservation") {
  World negotiated, configured;
  for (const IpsecMode mode : {IpsecMode::Tunnel, IpsecMode::Transport}) {
    Sa by_ike = inbound_sa(std::string(to_string(mode)), mode == IpsecMode::Tunnel ? 300 : 400);
    Sa by_hand = inbound_sa(by_ike.name, by_ike.spi.value);
    by_ike.mode = by_hand.mode = mode;
    by_hand.static_key = true;
    const SaSlot one = negotiated.sad->add(std::move(by_ike)).value();
    const SaSlot other = configured.sad->add(std::move(by_hand)).value();
    InboundSa left = negotiated.table.inbound(one), right = configured.table.inbound(other);
    left.selectors = right.selectors = nullptr;
    CHECK(left.spi == right.spi);
    CHECK(left.mode == right.mode);
    CHECK(left.transform == right.transform);
    CHECK(left.window == right.window);
    CHECK(left.salt == right.salt);
    CHECK(left.destination == right.destination);
  }
}

TEST_CASE("MAN-01: AH is refused until it is offered") {
  World world;
  Sa sa = outbound_sa("ah");
  sa.protocol = IpsecProtocol::Ah;
  test::set_transform(sa, {Cipher::Null, Integrity::HmacSha1_96});
  CHECK(world.sad->add(std::move(sa)).error().code == Error::Code::Unsupported);
}

TEST_CASE("SAD-04, MCAST-01: a refused SA leaves nothing behind") {
  World world;
  REQUIRE(world.sad->add(large_inbound_sa("first")));
  const std::size_t memory = world.memory.out;
  const auto refused = [&](Sa sa, Error::Code code) {
    const auto said = world.sad->add(std::move(sa));
    REQUIRE_FALSE(said);
    CHECK(said.error().code == code);
    CHECK(said.error().where.starts_with("SA "));
    CHECK(world.keys.held.size() == 1);
    CHECK(world.memory.out == memory);
    CHECK(world.sad->size(Direction::Inbound) == 1);
    CHECK(world.retirement.waiting.empty());
  };
  refused(large_inbound_sa("second"), Error::Code::Exists);
  refused(inbound_sa("first", 0x3000), Error::Code::Exists);
  refused(outbound_sa("first", 0x3000), Error::Code::Exists);
  refused(inbound_sa("reserved", 12), Error::Code::Invalid);
  world.keys.full = true;
  Sa keyless = inbound_sa("second", 0x3000);
  const auto said = world.sad->add(std::move(keyless));
  CHECK(said.error().code == Error::Code::Exhausted);
  world.keys.full = false;
  world.memory.limit = memory + 100;
  refused(large_inbound_sa("second", 0x3000), Error::Code::Exhausted);
  world.memory.limit = ~std::size_t{0};
  // Every slot is still to be had.
  for (std::uint32_t i = 0; i < 3; ++i)
    REQUIRE(world.sad->add(inbound_sa("more" + std::to_string(i), 0x4000 + i)));
  CHECK(world.sad->add(inbound_sa("full", 0x5000)).error().code == Error::Code::Exhausted);
  CHECK(world.keys.retired_unknown == 0);
}

TEST_CASE("DP-04, SAD-12: a removed SA is unfindable at once, its slot and keys free when unread") {
  World world({1, 1});
  const SaSlot slot = world.sad->add(large_inbound_sa("old")).value();
  REQUIRE(world.sad->remove("old"));
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == kNoSa);
  CHECK_FALSE(world.sad->find("old"));
  CHECK_FALSE(world.sad->find(Direction::Inbound, slot));
  CHECK(world.sad->size(Direction::Inbound) == 0);
  CHECK(world.keys.held.size() == 1);
  CHECK(world.table.inbound(slot).selectors[0].family == Family::V4);
  CHECK(world.sad->add(inbound_sa("new")).error().code == Error::Code::Exhausted);
  world.retirement.pass();
  CHECK(world.keys.held.empty());
  CHECK(world.memory.out == world.idle);
  CHECK(world.sad->add(inbound_sa("new")));
  CHECK(world.sad->remove("old").error().code == Error::Code::NotFound);
}

TEST_CASE("SAD-12: a database that goes takes everything along") {
  World world;
  REQUIRE(world.sad->add(large_inbound_sa("live")));
  REQUIRE(world.sad->add(large_inbound_sa("dying", 0x3000)));
  REQUIRE(world.sad->add(outbound_sa("out")));
  REQUIRE(world.sad->remove("dying"));
  world.sad.reset();
  CHECK(world.keys.held.empty());
  CHECK(world.memory.out == world.idle);
  world.retirement.pass();
  CHECK(world.keys.retired_unknown == 0);
}

TEST_CASE("SAD-03: allocated SPIs are random, past the reserved ones, and in use nowhere") {
  World world;
  REQUIRE(world.sad->add(inbound_sa("taken", 0x2000)));
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 1'000'000; ++i) {
    const Spi spi = world.sad->allocate_spi();
    if (spi < kFirstUsableSpi || spi == Spi{0x2000}) FAIL("SPI " << spi.value);
    if (i < 10'000) seen.insert(spi.value);
  }
  CHECK(seen.size() > 9'990);
}

TEST_CASE("SAD-03: an SPI that an SA of ours has is not given out, however it is looked up") {
  // A generator that offers reserved and used numbers first.
  class Offers final : public Random {
   public:
    void fill(MutableBytes out) noexcept override {
      if (out.size() == 4) store_be<std::uint32_t>(out.data(), offers_[next_++ % offers_.size()]);
    }

   private:
    std::array<std::uint32_t, 5> offers_{0, 255, 0x2000, 0x2001, 0x7777};
    std::size_t next_{};
  };
  World world;
  Offers offers;
  Sad sad({world.table, world.keys, world.retirement, offers, 1});
  REQUIRE(sad.add(inbound_sa("plain", 0x2000)));
  Sa group = inbound_sa("group", 0x2001);
  group.lookup = SaLookup::SpiDestination;
  REQUIRE(sad.add(std::move(group)));
  CHECK(sad.allocate_spi() == Spi{0x7777});
}

TEST_CASE("DP-03: owners are given out in turn, in each direction") {
  World world({4, 4}, 2);
  for (std::uint32_t i = 0; i < 4; ++i) {
    const SaSlot out = world.sad->add(outbound_sa("o" + std::to_string(i))).value();
    const SaSlot in = world.sad->add(inbound_sa("i" + std::to_string(i), 0x2000 + i)).value();
    CHECK(world.table.outbound(out).owner.value == i % 2);
    CHECK(world.table.inbound(in).owner.value == i % 2);
  }
}

TEST_CASE("TUN-04: DSCP rules become maps, equal ones are one, and they are used again") {
  World world({4, 4, 3});
  const auto add = [&](const char* name, DscpRule rule) {
    Sa sa = outbound_sa(name);
    sa.header.dscp = std::move(rule);
    return world.sad->add(std::move(sa));
  };
  std::vector<std::uint8_t> reversed(64);
  for (std::uint8_t i = 0; i < 64; ++i) reversed[i] = static_cast<std::uint8_t>(63 - i);
  REQUIRE(add("copy", {}));
  REQUIRE(add("fixed", {DscpRule::Kind::Fixed, 46, {}}));
  REQUIRE(add("map", {DscpRule::Kind::Map, 0, reversed}));
  CHECK(world.outbound("copy").dscp_map == 0);
  for (std::uint8_t i = 0; i < 64; ++i) {
    CHECK(world.table.dscp_map(0)[i] == i);
    CHECK(world.table.dscp_map(world.outbound("fixed").dscp_map)[i] == 46);
    CHECK(world.table.dscp_map(world.outbound("map").dscp_map)[i] == 63 - i);
  }
  CHECK(add("other", {DscpRule::Kind::Fixed, 1, {}}).error().code == Error::Code::Exhausted);
  REQUIRE(add("same", {DscpRule::Kind::Map, 0, std::vector<std::uint8_t>(64, 46)}));
  CHECK(world.outbound("same").dscp_map == world.outbound("fixed").dscp_map);

  REQUIRE(world.sad->remove("fixed"));
  world.retirement.pass();
  CHECK(add("other", {DscpRule::Kind::Fixed, 1, {}}).error().code == Error::Code::Exhausted);
  REQUIRE(world.sad->remove("same"));
  CHECK(add("other", {DscpRule::Kind::Fixed, 1, {}}).error().code == Error::Code::Exhausted);
  world.retirement.pass();
  REQUIRE(add("other", {DscpRule::Kind::Fixed, 1, {}}));
  CHECK(world.table.dscp_map(world.outbound("other").dscp_map)[7] == 1);
}

TEST_CASE("RPL-02: a window has its bitmap, small or large, and marks what was received before") {
  World world;
  for (const std::uint32_t packets : {32u, 449u, 450u, 65536u}) {
    CAPTURE(packets);
    Sa sa = inbound_sa("window");
    sa.selectors[0].local = {test::range("10.0.0.0/8")};
    sa.replay_window = packets;
    sa.last_sequence = {100'000};
    const SaSlot slot = world.sad->add(std::move(sa)).value();
    CHECK((world.memory.out == world.idle) == (packets < 450));
    const InboundSa& compiled = world.table.inbound(slot);
    InboundState& state = world.table.inbound_state(slot);
    CHECK_FALSE(replay_check(compiled, state, SequenceNumber{100'000}));
    CHECK_FALSE(replay_check(compiled, state, SequenceNumber{100'001 - packets}));
    CHECK(replay_advance(compiled, state, SequenceNumber{100'000 + packets}));
    CHECK(replay_advance(compiled, state, SequenceNumber{100'001}));
    CHECK_FALSE(replay_advance(compiled, state, SequenceNumber{100'000}));
    REQUIRE(world.sad->remove("window"));
    world.retirement.pass();
  }
}

TEST_CASE("MAN-02, ESP-10: a static key sends what is reserved, and no number past the end") {
  World world;
  Sa sa = outbound_sa("static");
  sa.static_key = true;
  sa.esn = false;
  sa.last_sequence = {1000};
  const SaSlot slot = world.sad->add(std::move(sa)).value();
  CHECK(world.table.sequence_limit(slot) == 1000);
  world.table.raise_sequence_limit(slot, SequenceNumber{5000});
  CHECK(world.table.sequence_limit(slot) == 5000);
  world.table.raise_sequence_limit(slot, SequenceNumber{4000});
  CHECK(world.table.sequence_limit(slot) == 5000);
  world.table.raise_sequence_limit(slot, SequenceNumber{1ull << 32});
  CHECK(world.table.sequence_limit(slot) == 0xffffffff);
}

TEST_CASE("SAD-11: an outbound tunnel moves; SPI, key, numbers and counters stay") {
  World world;
  SaHandles handles(1, world.memory);
  const SaHandle handle{0};
  const SaSlot before = world.sad->add(outbound_sa("tunnel")).value();
  handles.assign(handle, before);
  world.table.outbound_state(before).last_sequence = 77;
  world.table.outbound_state(before).bytes = 1234;
  const OutboundSa old = world.table.outbound(before);
  const auto publish = [&](SaSlot slot) { handles.assign(handle, slot); };
  const Endpoints v6{address("2001:db8::1"), address("2001:db8::2")};
  REQUIRE(world.sad->move_endpoints("tunnel", v6, publish));

  const SaSlot after = handles.choose(handle, 0);
  const OutboundSa& moved = world.table.outbound(after);
  CHECK(after != before);
  CHECK(moved.outer_family == Family::V6);
  CHECK(moved.header_bytes == 48);
  CHECK(moved.spi == old.spi);
  CHECK(moved.key == old.key);
  CHECK(moved.iv_mask == old.iv_mask);
  CHECK(moved.owner == old.owner);
  CHECK(&world.table.outbound_state(after) == &world.table.outbound_state(before));
  CHECK(world.table.counters(Direction::Outbound, after).sequence == SequenceNumber{77});
  CHECK(world.table.counters(Direction::Outbound, after).bytes == 1234);
  // A worker in mid-turn still has the old edition.
  CHECK(world.table.outbound(before).header == old.header);
  CHECK(world.sad->find("tunnel")->slot == after);
  CHECK(world.sad->find("tunnel")->sa->endpoints == v6);
  CHECK(world.sad->find(Direction::Outbound, before)->slot == after);
  CHECK(world.keys.held.size() == 1);

  REQUIRE(world.sad->remove("tunnel"));
  world.retirement.pass();
  CHECK(world.keys.held.empty());
  CHECK(world.sad->add(outbound_sa("next")) == before);
}

TEST_CASE("SAD-11: a move during a move waits until the old edition is unread; the last one wins") {
  World world;
  const SaSlot first = world.sad->add(outbound_sa("tunnel")).value();
  std::vector<SaSlot> published;
  const auto publish = [&](SaSlot slot) { published.push_back(slot); };
  const auto to = [&](const char* remote) {
    return world.sad->move_endpoints("tunnel", {address("192.0.2.1"), address(remote)}, publish);
  };
  const auto header = [&](SaSlot slot) { return world.table.outbound(slot).header; };
  REQUIRE(to("203.0.113.1"));
  REQUIRE(published.size() == 1);
  const auto first_header = header(first);
  REQUIRE(to("203.0.113.2"));
  REQUIRE(to("203.0.113.3"));
  CHECK(published.size() == 1);
  CHECK(header(first) == first_header);
  CHECK(world.sad->find("tunnel")->sa->endpoints.remote == address("203.0.113.1"));
  world.retirement.pass();
  REQUIRE(published.size() == 2);
  CHECK(published[1] == first);
  CHECK(header(first) != first_header);
  CHECK(world.sad->find("tunnel")->sa->endpoints.remote == address("203.0.113.3"));
  world.retirement.pass();
  CHECK(published.size() == 2);
  REQUIRE(to("203.0.113.4"));
  CHECK(published.size() == 3);
}

TEST_CASE("SAD-11: a move that waits is forgotten with its SA") {
  World world({1, 1});
  REQUIRE(world.sad->add(outbound_sa("tunnel")));
  int published = 0;
  const auto publish = [&](SaSlot) { ++published; };
  const Endpoints to{address("192.0.2.1"), address("203.0.113.2")};
  REQUIRE(world.sad->move_endpoints("tunnel", to, publish));
  REQUIRE(world.sad->move_endpoints("tunnel", to, publish));
  REQUIRE(world.sad->remove("tunnel"));
  world.retirement.pass();
  CHECK(published == 1);
  CHECK(world.keys.held.empty());
  CHECK(world.sad->add(outbound_sa("tunnel")));
}

TEST_CASE("SAD-11: an inbound SA moves; SPI, window and selectors stay") {
  World world;
  const SaSlot before = world.sad->add(large_inbound_sa("back")).value();
  CHECK(replay_advance(world.table.inbound(before), world.table.inbound_state(before),
                       SequenceNumber{5000}));
  const Endpoints to{address("2001:db8::1"), address("2001:db8::2")};
  REQUIRE(world.sad->move_endpoints("back", to, {}));
  const SaSlot after = world.table.index().find(Spi{0x2000}, {}, {});
  CHECK(after != before);
  const InboundSa& moved = world.table.inbound(after);
  CHECK(moved.destination == to.local);
  CHECK(moved.source == to.remote);
  CHECK(moved.outer_family == Family::V6);
  CHECK(moved.key == world.table.inbound(before).key);
  CHECK(moved.selectors == world.table.inbound(before).selectors);
  CHECK(moved.selector_count == 4);
  InboundState& state = world.table.inbound_state(after);
  CHECK_FALSE(replay_check(moved, state, SequenceNumber{5000}));
  CHECK(replay_check(moved, state, SequenceNumber{4999}));
  REQUIRE(world.sad->remove("back"));
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == kNoSa);
  world.retirement.pass();
  CHECK(world.memory.out == world.idle);
}

TEST_CASE("SAD-11: a move to what the SA may not have is refused and changes nothing") {
  World world;
  REQUIRE(world.sad->add(outbound_sa("tunnel")));
  const Endpoints mixed{address("192.0.2.1"), address("2001:db8::2")};
  CHECK(world.sad->move_endpoints("tunnel", mixed, {}).error().code == Error::Code::Invalid);
  CHECK(world.sad->find("tunnel")->sa->endpoints.remote == address("198.51.100.1"));
  CHECK(world.sad->move_endpoints("nowhere", mixed, {}).error().code == Error::Code::NotFound);
  Sa group = inbound_sa("group");
  group.lookup = SaLookup::SpiDestination;
  REQUIRE(world.sad->add(std::move(group)));
  const Endpoints other{address("192.0.2.9"), address("192.0.2.8")};
  CHECK(world.sad->move_endpoints("group", other, {}).error().code == Error::Code::Refused);
}

namespace {

constexpr std::uint8_t key_octet(std::size_t i) {
  return static_cast<std::uint8_t>(0x9d + 37 * i + i * i);
}

// How often the first half of the test key stands in `chunk`. Compared octet by octet with what is
// computed, so that the search itself makes no copy.
std::size_t copies_in(ByteView chunk) {
  std::size_t copies = 0;
  while (chunk.size() >= 16) {
    const void* const found = std::memchr(chunk.data(), key_octet(0), chunk.size() - 15);
    if (found == nullptr) break;
    chunk = chunk.subspan(
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - chunk.data()));
    std::size_t same = 1;
    while (same < 16 && chunk[same] == key_octet(same)) ++same;
    copies += same == 16;
    chunk = chunk.subspan(1);
  }
  return copies;
}

// In all writable memory of this process but the buffer that it is read into.
std::size_t copies_of_key() {
  constexpr std::size_t kChunk = 1 << 16, kOverlap = 15;
  static std::array<std::uint8_t, kChunk> chunk;
  const auto buffer = reinterpret_cast<std::uint64_t>(chunk.data());
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  std::ifstream maps("/proc/self/maps");
  std::size_t copies = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) != 3) continue;
    const bool shadow = end - begin > (1ull << 32);
    if (mode[0] != 'r' || mode[1] != 'w' || shadow) continue;
    for (std::uint64_t at = begin; at < end; at += kChunk - kOverlap) {
      const std::uint64_t size = std::min<std::uint64_t>(kChunk, end - at);
      if (at < buffer + kChunk && buffer < at + size) continue;
      const ssize_t got = ::pread(memory, chunk.data(), size, static_cast<off_t>(at));
      if (got > 0) copies += copies_in(ByteView(chunk).first(static_cast<std::size_t>(got)));
    }
  }
  chunk.fill(0);
  ::close(memory);
  return copies;
}

// Apart, so that no register or stack slot of the caller ever holds the key.
[[gnu::noinline]] void add_keyed(Sad& sad) {
  std::array<std::uint8_t, 32> key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = key_octet(i);
  Sa sa = sample_sa(Direction::Outbound, 0x9000, "secret");
  sa.transform = {Cipher::AesCbc256, Integrity::HmacSha256_128};
  sa.cipher_key = Secret<32>(key);
  sa.salt = {};
  sa.integrity_key = test::counting_key<64>(32, 1);
  wipe(key);
  REQUIRE(sad.add(std::move(sa)));
}

}  // namespace

TEST_CASE("SAD-12: no copy of a key stays in memory when its SA has gone") {
  World world;
  add_keyed(*world.sad);
  CHECK(copies_of_key() >= 2);  // in the database and in the key store
  REQUIRE(world.sad->remove("secret"));
  CHECK(copies_of_key() >= 1);
  world.retirement.pass();
  CHECK(copies_of_key() == 0);
}

}  // namespace sallyport
