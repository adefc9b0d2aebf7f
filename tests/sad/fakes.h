// What a Sad needs from outside, made for tests.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "base/random.h"
#include "sad/key_store.h"
#include "sad/retirement.h"

namespace sallyport::test {

// Keeps keys as they are given; can be told to be full.
class FakeKeyStore final : public KeyStore {
 public:
  struct Keys {
    Transform transform;
    Secret<32> cipher_key;
    Secret<4> salt;
    Secret<64> integrity_key;
  };
  Expected<KeySlot> install(const KeyMaterial& keys) override {
    if (full) return fail(Error::Code::Exhausted, "the key store is full");
    const KeySlot slot{next_++};
    held.emplace(slot, Keys{keys.transform, Secret<32>(keys.cipher_key), Secret<4>(keys.salt),
                            Secret<64>(keys.integrity_key)});
    return slot;
  }
  void retire(KeySlot slot) noexcept override { retired_unknown += held.erase(slot) == 0; }

  std::map<KeySlot, Keys> held;
  bool full{};
  int retired_unknown{};

 private:
  std::uint32_t next_{};
};

// Workers go on reading until pass() says that they do not.
class HeldRetirement final : public Retirement {
 public:
  void when_unread(std::function<void()> free) override { waiting.push_back(std::move(free)); }
  // One grace period: what waits now is freed; what that makes wait is not.
  void pass() {
    for (auto& free : std::exchange(waiting, {})) free();
  }

  std::vector<std::function<void()>> waiting;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
  void fill(MutableBytes out) noexcept override {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sallyport::test
