#include <catch2/catch.hpp>
#include <set>

#include "tests/dataplane/crypto/crypto_rig.h"
#include "tests/dataplane/crypto/reference_seal.h"

namespace sallyport::key_table_test {
namespace {

// Memory that a test may look at while the table lives and after it went.
class VisibleMemory final : public std::pmr::memory_resource {
 public:
  [[nodiscard]] ByteView slots() const noexcept { return ByteView(largest_); }

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    auto& block = blocks_.emplace_back(bytes + alignment, std::uint8_t{0xa5});
    void* start = block.data();
    std::size_t room = block.size();
    std::align(alignment, bytes, start, room);
    if (bytes > largest_.size()) largest_ = {static_cast<std::uint8_t*>(start), bytes};
    return start;
  }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::vector<Octets> blocks_;
  MutableBytes largest_;
};

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t octet) { return octet == 0; });
}

EspKeys keys_for(const char* name) {
  FixedRandom random;
  return random_keys(random, *parse_transform(name));
}

std::string refusal(KeyTable& table, const EspKeys& keys) {
  const Expected<KeySlot> slot = table.install(keys.material());
  return slot ? "" : slot.error().what;
}

}  // namespace

TEST_CASE(
    "SAD-12: a retired slot holds nothing of its keys, nor does the table's memory at its end") {
  FixedRandom random;
  VisibleMemory memory;
  std::unique_ptr<KeyTable> table = KeyTable::create(256, memory, random).value();
  for (const Transform transform : all_transforms()) {
    const EspKeys keys = random_keys(random, transform);
    const KeySlot slot = table->install(keys.material()).value();
    const ByteView bytes =
        memory.slots().subspan(slot.value * sizeof(ExpandedKey), sizeof(ExpandedKey));
    INFO(to_string(transform));
    CHECK_FALSE(all_zero(bytes));
    table->retire(slot);
    CHECK(all_zero(bytes));
    CHECK(table->in_use() == 0);
  }
  for (int i = 0; i < 8; ++i) {
    REQUIRE(table->install(keys_for("aes256-gcm16").material()));
  }
  table.reset();
  CHECK(all_zero(memory.slots().first(8 * sizeof(ExpandedKey))));
}

TEST_CASE("SAD-12: keys that were installed anew are the ones that work") {
  CryptoRig rig(1);
  for (const char* name : {"aes128-gcm16", "aes256-cbc+hmac-sha512-256", "aes128-gcm16"}) {
    const EspKeys keys = random_keys(rig.random, *parse_transform(name));
    const KeySlot slot = rig.install(keys);
    const EspFields fields = random_fields(rig.random, keys.transform, 64);
    EspPacket packet(fields, keys.transform);
    CHECK(rig.seal(packet, slot));
    CHECK(packet.sealed() == reference_seal(keys, fields));
    rig.keys->retire(slot);
  }
}

TEST_CASE("a full key table refuses and serves again after a retirement") {
  CryptoRig rig(3);
  const EspKeys keys = keys_for("aes128-gcm16");
  std::set<std::uint32_t> slots;
  for (int i = 0; i < 3; ++i) slots.insert(rig.install(keys).value);
  CHECK(slots.size() == 3);
  const Expected<KeySlot> none = rig.keys->install(keys.material());
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Error::Code::Exhausted);
  rig.keys->retire(KeySlot{1});
  CHECK(rig.install(keys).value == 1);
}

TEST_CASE("ALG-19, ESP-06: the key table refuses what the engines could not take") {
  CryptoRig rig;
  EspKeys keys = keys_for("aes128-gcm16");
  keys.cipher.pop_back();
  CHECK(refusal(*rig.keys, keys) == "aes128-gcm16 takes a key of 16 octets, not 15");
  keys = keys_for("aes128-gcm16");
  keys.salt.clear();
  CHECK(refusal(*rig.keys, keys) == "the salt of aes128-gcm16 takes 4 octets, not 0");
  keys = keys_for("aes128-cbc+hmac-sha1-96");
  keys.integrity.push_back(0);
  CHECK(refusal(*rig.keys, keys) == "the key of hmac-sha1-96 takes 20 octets, not 21");
  keys = keys_for("aes128-gcm16");
  keys.transform.integrity = Integrity::HmacSha1_96;
  keys.integrity.resize(20);
  CHECK(refusal(*rig.keys, keys) ==
        "aes128-gcm16 makes its own ICV and takes no integrity algorithm");
  CHECK_FALSE(refusal(*rig.keys, {}).empty());
  CHECK(rig.keys->in_use() == 0);
}

TEST_CASE("ALG-02, ALG-03: the key table refuses weak keys") {
  CryptoRig rig;
  EspKeys keys = keys_for("des-cbc+hmac-sha1-96");
  keys.cipher = Octets(8, 0x01);
  CHECK_FALSE(refusal(*rig.keys, keys).empty());
  keys = keys_for("3des-cbc+hmac-sha1-96");
  std::copy_n(keys.cipher.begin(), 8, keys.cipher.begin() + 8);
  CHECK_FALSE(refusal(*rig.keys, keys).empty());
}

TEST_CASE("prefetching keys is safe for every transform and length") {
  CryptoRig rig;
  for (const Transform transform : all_transforms()) {
    const KeySlot slot = rig.install(random_keys(rig.random, transform));
    for (const std::uint32_t bytes : {0u, 2u, 64u, 1400u, 9000u, 65535u}) {
      rig.keys->prefetch(slot, transform, bytes);
    }
    CHECK(rig.keys->at(slot).transform == transform);
    CHECK(reinterpret_cast<std::uintptr_t>(&rig.keys->at(slot)) % 64 == 0);
  }
}

TEST_CASE("a key table too large for its memory is an error, not a crash") {
  FixedRandom random;
  CHECK_FALSE(KeyTable::create(1000, *std::pmr::null_memory_resource(), random));
  CHECK_FALSE(KeyTable::create(kNoKey.value, *std::pmr::new_delete_resource(), random));
}

}  // namespace sallyport::key_table_test
