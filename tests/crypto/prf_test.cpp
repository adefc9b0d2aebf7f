#include "crypto/prf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/crypto/octets.h"
#include "tests/support/reference_mac.h"

namespace sallyport::prf_test {
namespace {

using test::Octets;
using test::octets;
using test::text_view;

Octets prf_of(Prf function, ByteView key, ByteView data) {
  return octets(prf(function, key, {data}).view());
}

// One case of RFC 2202 and RFC 4231, whose keys and data are the same for all hashes.
struct HmacCase {
  Octets key, data;
  const char *sha256, *sha384, *sha512;
};

const EVP_MD* hash_of(Prf function) {
  switch (function) {
    case Prf::HmacMd5:
      return EVP_md5();
    case Prf::HmacSha1:
      return EVP_sha1();
    case Prf::HmacSha256:
      return EVP_sha256();
    case Prf::HmacSha384:
      return EVP_sha384();
    case Prf::HmacSha512:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

// HMAC in one shot, and of AES what the RFCs say, as tests/support writes it down.
Octets reference_prf(Prf function, const Octets& key, const Octets& data) {
  if (function == Prf::AesXcbc) return reference_mac(Integrity::AesXcbc_96, key, data);
  if (function == Prf::AesCmac) return reference_mac(Integrity::AesCmac_96, key, data);
  Octets out(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  HMAC(hash_of(function), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
       out.data(), &length);
  out.resize(length);
  return out;
}

// RFC 7296 2.13, word by word.
Octets reference_prf_plus(Prf function, const Octets& key, const Octets& seed, unsigned rounds) {
  Octets all;
  Octets block;
  for (unsigned n = 1; n <= rounds; ++n) {
    Octets input = block;
    input.insert(input.end(), seed.begin(), seed.end());
    input.push_back(static_cast<std::uint8_t>(n));
    block = reference_prf(function, key, input);
    all.insert(all.end(), block.begin(), block.end());
  }
  return all;
}

Octets counting(std::size_t size, unsigned from = 0) {
  Octets bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(from + i);
  return bytes;
}

Octets ascii(std::string_view text) { return octets(text_view(text)); }

}  // namespace

TEST_CASE("IALG-02: RFC 4231's vectors, PRF-HMAC-SHA2") {
  const Octets long_key(131, 0xaa);
  const HmacCase cases[] = {
      {Octets(20, 0x0b), ascii("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2"
       "fa9cb6",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eae"
       "a3f4e4be9d914eeb61f1702e696c203a126854"},
      {ascii("Jefe"), ascii("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfa"
       "b21649",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8"
       "f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
      {Octets(20, 0xaa), Octets(50, 0xdd),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
       "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101"
       "a34f27",
       "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e"
       "67c807b946a337bee8942674278859e13292fb"},
      {counting(25, 1), Octets(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
       "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c6"
       "74cffb",
       "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5"
       "788063a5f19741120c4f2de2adebeb10a298dd"},
      {long_key, ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163"
       "f44952",
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d"
       "6a1e5295e64f73f63f0aec8b915a985d786598"},
      {long_key,
       ascii("This is a test using a larger than block-size key and a larger than block-size data. "
             "The key needs to be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
       "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c"
       "46523e",
       "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3"
       "e4de15134676fb6de0446065c97440fa8c6a58"},
  };
  for (const HmacCase& each : cases) {
    CHECK(prf_of(Prf::HmacSha256, each.key, each.data) == octets(each.sha256));
    CHECK(prf_of(Prf::HmacSha384, each.key, each.data) == octets(each.sha384));
    CHECK(prf_of(Prf::HmacSha512, each.key, each.data) == octets(each.sha512));
  }
}

TEST_CASE("IALG-02, IALG-05: RFC 2202's vectors, PRF-HMAC-MD5 and PRF-HMAC-SHA1") {
  const Octets greeting = ascii("Hi There");
  CHECK(prf_of(Prf::HmacMd5, Octets(16, 0x0b), greeting) ==
        octets("9294727a3638bb1c13f48ef8158bfc9d"));
  CHECK(prf_of(Prf::HmacSha1, Octets(20, 0x0b), greeting) ==
        octets("b617318655057264e28bc0b6fb378c8ef146be00"));
  const Octets question = ascii("what do ya want for nothing?");
  CHECK(prf_of(Prf::HmacMd5, ascii("Jefe"), question) ==
        octets("750c783e6ab0b503eaa86e310a5db738"));
  CHECK(prf_of(Prf::HmacSha1, ascii("Jefe"), question) ==
        octets("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
  const Octets long_key(80, 0xaa);
  const Octets message = ascii("Test Using Larger Than Block-Size Key - Hash Key First");
  CHECK(prf_of(Prf::HmacMd5, long_key, message) == octets("6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"));
  CHECK(prf_of(Prf::HmacSha1, long_key, message) ==
        octets("aa4ae5e15272d00e95705637ce8a3b55ed402112"));
}

TEST_CASE(
    "IKE-74, IALG-02: RFC 4434's vectors, PRF-AES128-XCBC with keys of 16, 10 and 18 octets") {
  const Octets message = counting(20);
  CHECK(prf_of(Prf::AesXcbc, counting(16), message) == octets("47f51b4564966215b8985c63055ed308"));
  CHECK(prf_of(Prf::AesXcbc, counting(10), message) == octets("0fa087af7d866e7653434e602fdde835"));
  Octets long_key = counting(16);
  long_key.insert(long_key.end(), {0xed, 0xcb});
  CHECK(prf_of(Prf::AesXcbc, long_key, message) == octets("8cd3c93ae598a9803006ffb67c40e9e4"));
}

TEST_CASE("IALG-02: RFC 3566's vectors, AES-XCBC of every kind of length") {
  struct Row {
    std::size_t bytes;
    const char* mac;
  };
  constexpr Row kRows[] = {
      {0, "75f0251d528ac01c4573dfd584d79f29"},  {3, "5b376580ae2f19afe7219ceef172756f"},
      {16, "d2a246fa349b68a79998a4394ff7a263"}, {20, "47f51b4564966215b8985c63055ed308"},
      {32, "f54f0ec8d2b9f3d36807734bd5283fd4"}, {34, "becbb3bccdb518a30677d5481fb6b4d8"}};
  for (const Row& row : kRows) {
    INFO(row.bytes);
    CHECK(prf_of(Prf::AesXcbc, counting(16), counting(row.bytes)) == octets(row.mac));
  }
  CHECK(prf_of(Prf::AesXcbc, counting(16), Octets(1000)) ==
        octets("f0dafee895db30253761103b5d84528f"));
}

TEST_CASE(
    "IKE-74, IALG-02: RFC 4615's vectors, PRF-AES128-CMAC with keys of 18, 16 and 10 octets") {
  const Octets message = counting(20);
  Octets long_key = counting(16);
  long_key.insert(long_key.end(), {0xed, 0xcb});
  CHECK(prf_of(Prf::AesCmac, long_key, message) == octets("84a348a4a45d235babfffc0d2b4da09a"));
  CHECK(prf_of(Prf::AesCmac, counting(16), message) == octets("980ae87b5f4c9c5214f5b6a8455e4c2d"));
  CHECK(prf_of(Prf::AesCmac, counting(10), message) == octets("290d9e112edb09ee141fcf64c0b72f3d"));
}

TEST_CASE("IKE-70: the parts of the data are read one after the other, empty ones as well") {
  const Octets whole = counting(100);
  const ByteView all(whole);
  for (const PrfFacts& row : all_prfs()) {
    INFO(row.name);
    const Octets expected = reference_prf(row.id, counting(16, 7), whole);
    CHECK(expected.size() == row.output_bytes);
    for (const std::size_t cut : {0, 1, 15, 16, 17, 32, 64, 99, 100}) {
      const PrfOutput cut_up = prf(row.id, counting(16, 7), {all.first(cut), {}, all.subspan(cut)});
      CHECK(octets(cut_up.view()) == expected);
    }
    CHECK(prf_of(row.id, Octets{}, all).size() == row.output_bytes);
  }
}

TEST_CASE("IKE-70: prf+ is T1, T2, ... for every PRF, cut where it is asked to end") {
  const Octets seed = counting(72, 3);
  const ByteView view(seed);
  for (const PrfFacts& row : all_prfs()) {
    INFO(row.name);
    const Octets key = counting(16, 0x40);
    const Octets expected = reference_prf_plus(row.id, key, seed, 5);
    const std::size_t one = row.output_bytes;
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, one - 1, one, one + 1, 3 * one, 5 * one - 1, 5 * one}) {
      const SecretBytes drawn = prf_plus(row.id, key, {view.first(10), view.subspan(10)}, bytes);
      CHECK(octets(drawn.view()) ==
            Octets(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(bytes)));
    }
  }
}

TEST_CASE("IKE-70: prf+ goes on to its 255th round") {
  for (const PrfFacts& row : all_prfs()) {
    INFO(row.name);
    const Octets key = counting(16, 9);
    const Octets seed = ascii("seed");
    const SecretBytes drawn = prf_plus(row.id, key, {seed}, std::size_t{255} * row.output_bytes);
    CHECK(octets(drawn.view()) == reference_prf_plus(row.id, key, seed, 255));
  }
}

TEST_CASE("IKE-74: a long shared secret is the same whether it is shortened before or within") {
  const Octets secret = ascii("a shared secret of more than sixteen octets");
  const Octets zero(16);
  for (const Prf function : {Prf::AesXcbc, Prf::AesCmac}) {
    const Octets shortened = prf_of(function, zero, secret);
    CHECK(prf_of(function, secret, counting(50)) == prf_of(function, shortened, counting(50)));
  }
  Octets padded = ascii("short");
  padded.resize(16);
  CHECK(prf_of(Prf::AesXcbc, ascii("short"), zero) == prf_of(Prf::AesXcbc, padded, zero));
  CHECK(prf_of(Prf::AesCmac, ascii("short"), zero) != prf_of(Prf::AesCmac, padded, zero));
}

TEST_CASE("IALG-03: integrity algorithms are their MAC cut to the ICV") {
  const Octets message = counting(77);
  std::size_t checked = 0;
  for (const IntegrityFacts& row : all_integrities()) {
    if (!protects_ike(row.id)) continue;
    INFO(row.name);
    const Octets key = counting(row.key_bytes, 5);
    Octets expected = reference_mac(row.id, key, message);
    expected.resize(row.icv_bytes);
    const Secret<64> icv =
        integrity_check(row.id, key, {ByteView(message).first(28), ByteView(message).subspan(28)});
    CHECK(octets(icv.view()) == expected);
    ++checked;
  }
  CHECK(checked == 7);
  CHECK(integrity_check(Integrity::None, {}, {message}).empty());
  CHECK(integrity_check(Integrity::AesGmac128, counting(16), {message}).empty());
}

TEST_CASE("IALG-03: RFC 4494's and RFC 4868's vectors") {
  const Octets key = octets("2b7e151628aed2a6abf7158809cf4f3c");
  const Octets message = octets("6bc1bee22e409f96e93d7e117393172a");
  const auto icv = [](Integrity integrity, ByteView with, ByteView data) {
    return octets(integrity_check(integrity, with, {data}).view());
  };
  CHECK(icv(Integrity::AesCmac_96, key, {}) == octets("bb1d6929e95937287fa37d12"));
  CHECK(icv(Integrity::AesCmac_96, key, message) == octets("070a16b46b4d4144f79bdd9d"));
  const Octets greeting = ascii("Hi There");
  CHECK(icv(Integrity::HmacSha256_128, Octets(32, 0x0b), greeting) ==
        octets("198a607eb44bfbc69903a0f1cf2bbdc5"));
  CHECK(icv(Integrity::HmacSha384_192, Octets(48, 0x0b), greeting) ==
        octets("b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"));
  CHECK(icv(Integrity::HmacSha512_256, Octets(64, 0x0b), greeting) ==
        octets("637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"));
}

}  // namespace sallyport::prf_test
