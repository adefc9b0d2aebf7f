#include "dataplane/crypto/openssl_engine.h"

#include <openssl/crypto.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/dataplane/crypto/crypto_rig.h"
#include "tests/dataplane/crypto/reference_seal.h"

namespace sallyport::openssl_engine_test {
namespace {

// OpenSSL takes its allocator before its first allocation only, so that this stands here.
std::size_t allocations = 0;
const int kCounting = CRYPTO_set_mem_functions(
    [](std::size_t bytes, const char*, int) {
      ++allocations;
      return std::malloc(bytes);
    },
    [](void* old, std::size_t bytes, const char*, int) {
      ++allocations;
      return std::realloc(old, bytes);
    },
    [](void* old, const char*, int) { std::free(old); });

std::vector<Transform> transforms_of_openssl() {
  std::vector<Transform> transforms;
  for (const CipherFacts& cipher : all_ciphers()) {
    if (!OpensslEngine::performs(cipher.id)) continue;
    transforms.push_back(
        {cipher.id, cipher.combined() ? Integrity::None : Integrity::HmacSha256_128});
  }
  return transforms;
}

}  // namespace

TEST_CASE("ALG-06: OpenSSL performs what IPsec-MB lacks: Camellia and CCM with 192-bit keys") {
  std::vector<std::string> names;
  for (const Transform transform : transforms_of_openssl()) {
    names.emplace_back(facts(transform.cipher).name);
  }
  CHECK(names == std::vector<std::string>{"aes192-ccm8", "aes192-ccm12", "aes192-ccm16",
                                          "camellia128-cbc", "camellia192-cbc", "camellia256-cbc",
                                          "aes192-ccm8-iiv"});
}

TEST_CASE("OpenSSL allocates nothing per packet, good or bad") {
  REQUIRE(kCounting == 1);
  CryptoRig rig;
  for (const Transform transform : transforms_of_openssl()) {
    const EspKeys keys = random_keys(rig.random, transform);
    const KeySlot slot = rig.install(keys);
    const EspFields fields = random_fields(rig.random, transform, 320);
    const Octets sealed = reference_seal(keys, fields);
    EspPacket sent(fields, transform);
    EspPacket received(fields, transform, sealed);
    EspPacket forged(fields, transform, sealed);
    forged.bytes().back() ^= 1;
    const std::size_t before = allocations;
    CHECK(rig.seal(sent, slot));
    CHECK(rig.open(received, slot));
    CHECK_FALSE(rig.open(forged, slot));
    INFO(to_string(transform));
    CHECK(allocations == before);
  }
}

}  // namespace sallyport::openssl_engine_test
