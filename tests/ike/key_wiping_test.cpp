// Keys leave nothing behind in memory that is given back (IKE-83). In the sanitised build every
// block of the heap is looked at when it is freed, OpenSSL's own among them.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <new>

#include "tests/ike/eap_peers.h"

#if defined(__SANITIZE_ADDRESS__)
#define SALLYPORT_SEES_FREED_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SALLYPORT_SEES_FREED_MEMORY 1
#endif
#endif
#ifdef SALLYPORT_SEES_FREED_MEMORY
#include <sanitizer/allocator_interface.h>
#endif

namespace sallyport::ike::test::key_wiping_test {
namespace {

using namespace std::chrono_literals;

const Octets kKey(36, 0x5c);
const Octets kIntegrityKey(32, 0x6d);

bool has(ByteView memory, std::uint8_t octet) {
  return std::ranges::find(memory, octet) != memory.end();
}

TEST_CASE("IKE-83: the keys of a direction are wiped where they stood, moved or ended") {
  alignas(IkeCipher) std::uint8_t first[sizeof(IkeCipher)] = {};
  alignas(IkeCipher) std::uint8_t second[sizeof(IkeCipher)] = {};
  const Transform transform{Cipher::AesCbc256, Integrity::HmacSha256_128};
  auto* const cipher = new (first) IkeCipher(transform, ByteView(kKey).first(32), kIntegrityKey);
  REQUIRE(has(first, 0x5c));
  REQUIRE(has(first, 0x6d));
  auto* const moved = new (second) IkeCipher(std::move(*cipher));
  CHECK_FALSE(has(first, 0x5c));
  CHECK_FALSE(has(first, 0x6d));
  REQUIRE(has(second, 0x5c));
  moved->~IkeCipher();
  cipher->~IkeCipher();
  CHECK_FALSE(has(second, 0x5c));
  CHECK_FALSE(has(second, 0x6d));
}

#ifdef SALLYPORT_SEES_FREED_MEMORY

// Looks for secrets in what is freed, as long as it lives. One at a time.
class FreedMemory {
 public:
  FreedMemory() {
    static const int installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    REQUIRE(installed > 0);
  }
  ~FreedMemory() { watching_ = nullptr; }
  FreedMemory(const FreedMemory&) = delete;
  FreedMemory& operator=(const FreedMemory&) = delete;

  void look_for(ByteView secret) {
    REQUIRE(secret.size() >= 16);
    REQUIRE(count_ < secrets_.size());
    Pattern& pattern = secrets_[count_++];
    pattern.size = std::min(secret.size(), pattern.octets.size());
    std::copy_n(secret.begin(), pattern.size, pattern.octets.begin());
    watching_ = this;
  }
  [[nodiscard]] std::size_t found() const noexcept { return found_; }

 private:
  struct Pattern {
    std::array<std::uint8_t, 32> octets{};
    std::size_t size{};
  };
  static void on_malloc(const volatile void*, std::size_t) {}
  static void on_free(const volatile void* block) {
    FreedMemory* const self = watching_;
    if (self == nullptr || block == nullptr) return;
    const auto* const begin = static_cast<const std::uint8_t*>(const_cast<const void*>(block));
    const ByteView bytes(begin, __sanitizer_get_allocated_size(begin));
    for (std::size_t i = 0; i < self->count_; ++i) {
      const Pattern& pattern = self->secrets_[i];
      const ByteView secret = ByteView(pattern.octets).first(pattern.size);
      self->found_ += std::ranges::search(bytes, secret).empty() ? 0 : 1;
    }
  }

  static inline FreedMemory* watching_ = nullptr;
  std::array<Pattern, 32> secrets_{};
  std::size_t count_{};
  std::size_t found_{};
};

void look_for_keys_of(FreedMemory& freed, const IkeSa& sa) {
  freed.look_for(sa.keys->d.view());
  freed.look_for(sa.keys->p_initiator.view());
  freed.look_for(sa.keys->p_responder.view());
  for (const IkeCipher* const cipher : {&sa.keys->initiator, &sa.keys->responder})
    freed.look_for(cipher->encryption_key().first(16));
}

TEST_CASE("IKE-83: memory that is freed holds no key, in rekeys, deletes and at the end") {
  FreedMemory freed;
  // That it would be seen.
  {
    const Octets secret(24, 0x3b);
    freed.look_for(secret);
    const auto careless = std::make_unique<Octets>(secret);
    CHECK(careless->size() == secret.size());
  }
  REQUIRE(freed.found() > 0);
  const std::size_t before = freed.found();

  auto two = std::make_unique<TwoPeers>();
  REQUIRE(two->alice.daemon->initiate("net"));
  REQUIRE(two->deliver(two->alice));
  REQUIRE(two->deliver(two->bob));
  look_for_keys_of(freed, *two->alice.ike_sas().front());
  two->settle();
  REQUIRE(two->traffic_flows());
  for (const auto& [name, sa] : two->alice.installer.sas) freed.look_for(sa.cipher_key.view());
  REQUIRE(two->alice.daemon->rekey_child(two->alice.only().children.front()->name));
  two->pass(3s);
  REQUIRE(two->bob.daemon->rekey(two->bob.only().number));
  two->settle();
  look_for_keys_of(freed, two->bob.only());
  REQUIRE(two->alice.daemon->terminate(two->alice.only().number));
  two->pass(5s);
  two.reset();
  CHECK(freed.found() == before);
}

// Two runs with the same random numbers have the same keys.
TEST_CASE("EAP-10, IKE-83: nothing is left of the MSK once it has keyed AUTH, nor of a password") {
  Octets msk;
  {
    EapPeers eap;
    REQUIRE(eap.comes_up());
    msk = eap.aaa->msks.at(0);
  }
  const auto password = login("alice", "open sesame").secret;
  const NtHash hash = nt_hash(password->view()).value();
  FreedMemory freed;
  freed.look_for(msk);
  freed.look_for(hash.view());
  for (const bool fails : {false, true}) {
    const std::size_t before = freed.found();
    EapPeers eap;
    const std::shared_ptr<FakeAaa> aaa = eap.aaa;  // which has a copy of its own, and goes last
    REQUIRE(eap.two.alice.daemon->initiate("net"));
    eap.exchange(4);
    CHECK(aaa->msks.at(0) == msk);
    CHECK(freed.found() == before);
    if (fails) eap.two.alice.sent.clear();
    if (fails) eap.two.pass_silently(std::chrono::minutes(2));
    eap.two.settle();
    CHECK(eap.two.bob.up().size() == (fails ? 0u : 1u));
    for (Node* const node : {&eap.two.alice, &eap.two.bob}) node->daemon.reset();
    CHECK(freed.found() == before);
  }
}

#endif

}  // namespace
}  // namespace sallyport::ike::test::key_wiping_test
