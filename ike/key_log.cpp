#include "ike/key_log.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace sallyport::ike {
namespace {

// Longer than any line, so that nothing of one stays behind in memory that it has outgrown.
constexpr std::size_t kMostLineBytes = 1024;

// A line while it is being written.
class Line {
 public:
  Line() { text_.reserve(kMostLineBytes); }
  ~Line() { wipe({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()}); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void hex(ByteView octets) {
    next();
    digits(octets);
  }
  void quoted(std::string_view text) {
    next();
    text_ += fmt::format("\"{}\"", text);
  }
  // What the table of ESP calls a key.
  void quoted_key(ByteView key, ByteView salt) {
    next();
    text_ += "\"0x";
    digits(key);
    digits(salt);
    text_ += '"';
  }
  [[nodiscard]] SecretBytes take() {
    text_ += '\n';
    return SecretBytes(ByteView(reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size()));
  }

 private:
  void next() {
    if (!text_.empty()) text_ += ',';
  }
  void digits(ByteView octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t octet : octets) {
      text_ += kDigits[octet >> 4];
      text_ += kDigits[octet & 15];
    }
  }

  std::string text_;
};

unsigned key_bits(const CipherFacts& cipher) { return 8u * cipher.key_bytes; }

bool is_aes(const CipherFacts& cipher) { return cipher.name.starts_with("aes"); }

// The names of packet-isakmp; empty where it has none.
std::string ike_cipher_name(Cipher id) {
  const CipherFacts& cipher = facts(id);
  switch (cipher.kind) {
    case CipherKind::Cbc:
      if (id == Cipher::TripleDesCbc) return "3DES [RFC2451]";
      return is_aes(cipher) ? fmt::format("AES-CBC-{} [RFC3602]", key_bits(cipher)) : "";
    case CipherKind::Ctr:
      return fmt::format("AES-CTR-{} [RFC5930]", key_bits(cipher));
    case CipherKind::Ccm:
    case CipherKind::Gcm:
      return fmt::format("AES-{}-{} with {} octet ICV [RFC5282]",
                         cipher.kind == CipherKind::Gcm ? "GCM" : "CCM", key_bits(cipher),
                         cipher.icv_bytes);
    default:
      return {};
  }
}

// One integrity algorithm in both tables. What Wireshark cannot compute it is told to take
// unchecked, with an ICV of that length and no key.
struct IntegrityName {
  Integrity id;
  std::string_view ike;
  std::string_view esp;
  bool checked;
};
constexpr IntegrityName kIntegrityNames[] = {
    {Integrity::None, "NONE [RFC4306]", "NULL", true},
    {Integrity::HmacMd5_96, "HMAC_MD5_96 [RFC2403]", "HMAC-MD5-96 [RFC2403]", true},
    {Integrity::HmacSha1_96, "HMAC_SHA1_96 [RFC2404]", "HMAC-SHA-1-96 [RFC2404]", true},
    {Integrity::HmacSha256_128, "HMAC_SHA2_256_128 [RFC4868]", "HMAC-SHA-256-128 [RFC4868]", true},
    {Integrity::HmacSha384_192, "HMAC_SHA2_384_192 [RFC4868]", "HMAC-SHA-384-192 [RFC4868]", true},
    {Integrity::HmacSha512_256, "HMAC_SHA2_512_256 [RFC4868]", "HMAC-SHA-512-256 [RFC4868]", true},
    {Integrity::AesXcbc_96, "ANY 96-bits of Authentication [No Checking]",
     "ANY 96 bit authentication [no checking]", false},
    {Integrity::AesCmac_96, "ANY 96-bits of Authentication [No Checking]",
     "ANY 96 bit authentication [no checking]", false},
};

const IntegrityName* find_name(Integrity id) {
  for (const IntegrityName& name : kIntegrityNames)
    if (name.id == id) return &name;
  return nullptr;  // of AH alone
}

// The names of packet-ipsec; empty where it has none. Those of ChaCha20 and of implicit IVs are
// known to its newer versions only.
std::string esp_cipher_name(Cipher id) {
  const CipherFacts& cipher = facts(id);
  switch (cipher.kind) {
    case CipherKind::Null:
      return "NULL";
    case CipherKind::Cbc:
      if (id == Cipher::DesCbc) return "DES-CBC [RFC2405]";
      if (id == Cipher::TripleDesCbc) return "TripleDES-CBC [RFC2451]";
      return is_aes(cipher) ? "AES-CBC [RFC3602]" : "";
    case CipherKind::Ctr:
      return "AES-CTR [RFC3686]";
    case CipherKind::Gcm:
      if (cipher.implicit_iv()) return "AES-GCM with IIV and 16 octet ICV [RFC4106 & RFC8750]";
      return fmt::format("AES-GCM with {} octet ICV [RFC4106]", cipher.icv_bytes);
    case CipherKind::ChaChaPoly:
      return cipher.implicit_iv() ? "ChaCha20 with Poly1305 and IIV [RFC7634 & RFC8750]"
                                  : "ChaCha20 with Poly1305 [RFC7634]";
    default:
      return {};
  }
}

}  // namespace

std::optional<SecretBytes> ike_key_line(const IkeSa& sa) {
  if (!sa.keys) return std::nullopt;
  const std::string cipher = ike_cipher_name(sa.suite.transform.cipher);
  const IntegrityName* const integrity = find_name(sa.suite.transform.integrity);
  if (cipher.empty() || integrity == nullptr) return std::nullopt;
  const auto integrity_key = [&](const IkeCipher& keys) {
    return integrity->checked ? keys.integrity_key() : ByteView{};
  };
  Line line;
  for (const IkeSpi spi : {sa.initiator_spi, sa.responder_spi}) {
    std::array<std::uint8_t, 8> octets;
    store_be<std::uint64_t>(octets.data(), spi.value);
    line.hex(octets);
  }
  line.hex(sa.keys->initiator.encryption_key());
  line.hex(sa.keys->responder.encryption_key());
  line.quoted(cipher);
  line.hex(integrity_key(sa.keys->initiator));
  line.hex(integrity_key(sa.keys->responder));
  line.quoted(integrity->ike);
  return line.take();
}

std::optional<SecretBytes> esp_key_line(const Sa& sa) {
  if (sa.protocol != IpsecProtocol::Esp) return std::nullopt;
  const std::string cipher = esp_cipher_name(sa.transform.cipher);
  const IntegrityName* const integrity = find_name(sa.transform.integrity);
  if (cipher.empty() || integrity == nullptr) return std::nullopt;
  const bool outbound = sa.direction == Direction::Outbound;
  const Address& source = outbound ? sa.endpoints.local : sa.endpoints.remote;
  const Address& destination = outbound ? sa.endpoints.remote : sa.endpoints.local;
  Line line;
  line.quoted(source.family == Family::V4 ? "IPv4" : "IPv6");
  line.quoted(to_string(source));
  line.quoted(to_string(destination));
  line.quoted(fmt::format("0x{:08x}", sa.spi.value));
  line.quoted(cipher);
  line.quoted_key(sa.cipher_key.view(), sa.salt.view());
  line.quoted(integrity->esp);
  line.quoted_key(integrity->checked ? sa.integrity_key.view() : ByteView{}, {});
  return line.take();
}

}  // namespace sallyport::ike
