#include "crypto/ms_chap.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "crypto/openssl_handles.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostPasswordUnits = 256;  // of UTF-16
constexpr std::size_t kDesBlockBytes = 8;
constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kStartKeyBytes = 16;

constexpr std::string_view kSigning = "Magic server to client signing constant";
constexpr std::string_view kIteration = "Pad to make it do more than one iteration";
constexpr std::string_view kMasterKey = "This is the MPPE Master Key";
constexpr std::string_view kServerReceives =
    "On the client side, this is the send key; on the server side, it is the receive key.";
constexpr std::string_view kServerSends =
    "On the client side, this is the receive key; on the server side, it is the send key.";
static_assert(kSigning.size() == 39 && kIteration.size() == 41 && kMasterKey.size() == 27 &&
              kServerReceives.size() == 84 && kServerSends.size() == 84);

struct LibraryFree {
  void operator()(OSSL_LIB_CTX* p) const noexcept { OSSL_LIB_CTX_free(p); }
};
struct ProviderFree {
  void operator()(OSSL_PROVIDER* p) const noexcept { OSSL_PROVIDER_unload(p); }
};

// Members go in the opposite order, each before what it comes from.
class Algorithms {
 public:
  Algorithms() {
    // Its own clean-up at exit is registered first, and so comes after ours.
    OPENSSL_init_crypto(0, nullptr);
    library_.reset(OSSL_LIB_CTX_new());
    if (library_ == nullptr) return;
    usual_.reset(OSSL_PROVIDER_load(library_.get(), "default"));
    legacy_.reset(OSSL_PROVIDER_load(library_.get(), "legacy"));
    if (usual_ == nullptr || legacy_ == nullptr) return;
    md4_.reset(EVP_MD_fetch(library_.get(), "MD4", nullptr));
    sha1_.reset(EVP_MD_fetch(library_.get(), "SHA1", nullptr));
    des_.reset(EVP_CIPHER_fetch(library_.get(), "DES-ECB", nullptr));
  }
  [[nodiscard]] bool complete() const noexcept { return md4_ && sha1_ && des_; }
  [[nodiscard]] const EVP_MD* md4() const noexcept { return md4_.get(); }
  [[nodiscard]] const EVP_MD* sha1() const noexcept { return sha1_.get(); }
  [[nodiscard]] const EVP_CIPHER* des() const noexcept { return des_.get(); }

 private:
  std::unique_ptr<OSSL_LIB_CTX, LibraryFree> library_;
  std::unique_ptr<OSSL_PROVIDER, ProviderFree> usual_;
  std::unique_ptr<OSSL_PROVIDER, ProviderFree> legacy_;
  OpensslPtr<EVP_MD> md4_;
  OpensslPtr<EVP_MD> sha1_;
  OpensslPtr<EVP_CIPHER> des_;
};

const Algorithms& algorithms() {
  static const Algorithms kAlgorithms;
  return kAlgorithms;
}

template <std::size_t Bytes>
Secret<Bytes> digest(const EVP_MD* algorithm, std::initializer_list<ByteView> parts) {
  const OpensslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  must_succeed(EVP_DigestInit_ex2(context.get(), algorithm, nullptr));
  for (const ByteView part : parts)
    must_succeed(EVP_DigestUpdate(context.get(), part.data(), part.size()));
  std::array<std::uint8_t, Bytes> octets;
  must_succeed(EVP_DigestFinal_ex(context.get(), octets.data(), nullptr));
  Secret<Bytes> secret{ByteView(octets)};
  wipe(octets);
  return secret;
}

Secret<kSha1Bytes> secret_sha1(std::initializer_list<ByteView> parts) {
  return digest<kSha1Bytes>(algorithms().sha1(), parts);
}

NtHash hash_of_hash(const NtHash& hash) { return digest<16>(algorithms().md4(), {hash.view()}); }

// The next character of UTF-8 (RFC 3629 4); nullopt where the octets are none.
std::optional<char32_t> next_character(ByteView& rest) {
  const std::uint8_t first = rest.front();
  const std::size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || rest.size() < bytes) return std::nullopt;
  char32_t character = bytes == 1 ? first : first & (0xffu >> (bytes + 1));
  for (const std::uint8_t octet : rest.subspan(1, bytes - 1)) {
    if ((octet & 0xc0) != 0x80) return std::nullopt;
    character = character << 6 | (octet & 0x3fu);
  }
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < kLeast[bytes] || character > 0x10ffff || surrogate) return std::nullopt;
  rest = rest.subspan(bytes);
  return character;
}

// Little-endian UTF-16.
class Utf16 {
 public:
  [[nodiscard]] bool add(char32_t character) {
    if (character < 0x10000) return add_unit(character);
    character -= 0x10000;
    return add_unit(0xd800 + (character >> 10)) && add_unit(0xdc00 + (character & 0x3ff));
  }
  [[nodiscard]] ByteView view() const noexcept { return room_.view().first(used_); }

 private:
  [[nodiscard]] bool add_unit(char32_t unit) {
    if (used_ == room_.size()) return false;
    room_.room()[used_++] = static_cast<std::uint8_t>(unit & 0xff);
    room_.room()[used_++] = static_cast<std::uint8_t>(unit >> 8);
    return true;
  }
  SecretBytes room_{2 * kMostPasswordUnits};
  std::size_t used_{};
};

// RFC 2759 8.2.
std::array<std::uint8_t, kDesBlockBytes> challenge_of(const MsChapTalk& talk) {
  const auto hash =
      secret_sha1({talk.peer_challenge, talk.authenticator_challenge, octets_of(talk.user)});
  std::array<std::uint8_t, kDesBlockBytes> challenge;
  std::ranges::copy(hash.view().first(kDesBlockBytes), challenge.begin());
  return challenge;
}

// Seven octets as the eight that DES takes, whose lowest bits nobody looks at (RFC 2759 8.6).
Secret<8> des_key(ByteView seven) {
  std::uint64_t bits = 0;
  for (const std::uint8_t octet : seven) bits = bits << 8 | octet;
  std::array<std::uint8_t, 8> key;
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::uint8_t>((bits >> (49 - 7 * i) & 0x7f) << 1);
  Secret<8> secret{ByteView(key)};
  wipe(key);
  return secret;
}

void des_encrypt(ByteView seven, ByteView block, std::uint8_t* out) {
  const Secret<8> key = des_key(seven);
  const OpensslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  must_succeed(
      EVP_EncryptInit_ex2(context.get(), algorithms().des(), key.view().data(), nullptr, nullptr));
  must_succeed(EVP_CIPHER_CTX_set_padding(context.get(), 0));
  int written = 0;
  must_succeed(EVP_EncryptUpdate(context.get(), out, &written, block.data(),
                                 static_cast<int>(block.size())));
}

// RFC 3079 3.4: a start key of 128 bits.
Secret<kSha1Bytes> start_key(ByteView master, std::string_view which) {
  std::array<std::uint8_t, 40> zeros{};
  std::array<std::uint8_t, 40> pad;
  pad.fill(0xf2);
  return secret_sha1({master, zeros, octets_of(which), pad});
}

}  // namespace

Expected<NtHash> nt_hash(ByteView utf8_password) {
  if (!algorithms().complete())
    return fail(Error::Code::Unsupported,
                "OpenSSL's legacy provider, which has the MD4 and DES of MS-CHAPv2, is not there",
                "install OpenSSL's ossl-modules/legacy.so (in Debian: libssl3)");
  Utf16 password;
  while (!utf8_password.empty()) {
    const auto character = next_character(utf8_password);
    if (!character) return fail(Error::Code::Invalid, "the password is not UTF-8");
    if (!password.add(*character))
      return fail(Error::Code::Invalid, "the password is longer than 256 characters");
  }
  return digest<16>(algorithms().md4(), {password.view()});
}

std::string_view without_domain(std::string_view name) noexcept {
  const std::size_t end = name.find('\\');
  return end == name.npos ? name : name.substr(end + 1);
}

NtResponse nt_response(const NtHash& hash, const MsChapTalk& talk) {
  const auto challenge = challenge_of(talk);
  std::array<std::uint8_t, 21> keys{};  // the hash and five zeros: three keys
  std::ranges::copy(hash.view(), keys.begin());
  NtResponse response;
  for (std::size_t i = 0; i < 3; ++i)
    des_encrypt(ByteView(keys).subspan(7 * i, 7), challenge, response.data() + kDesBlockBytes * i);
  wipe(keys);
  return response;
}

MsChapAuthenticator authenticator_response(const NtHash& hash, const NtResponse& response,
                                           const MsChapTalk& talk) {
  const auto signed_response =
      secret_sha1({hash_of_hash(hash).view(), response, octets_of(kSigning)});
  const auto whole =
      secret_sha1({signed_response.view(), challenge_of(talk), octets_of(kIteration)});
  MsChapAuthenticator authenticator;
  std::ranges::copy(whole.view(), authenticator.begin());
  return authenticator;
}

SecretBytes ms_chap_msk(const NtHash& hash, const NtResponse& response) {
  const auto master = secret_sha1({hash_of_hash(hash).view(), response, octets_of(kMasterKey)});
  const ByteView master_key = master.view().first(kStartKeyBytes);
  SecretBytes msk(kMsChapMskBytes);
  auto* at = msk.room().data();
  for (const std::string_view which : {kServerReceives, kServerSends}) {
    const auto key = start_key(master_key, which);
    at = std::ranges::copy(key.view().first(kStartKeyBytes), at).out;
  }
  return msk;
}

}  // namespace sallyport
