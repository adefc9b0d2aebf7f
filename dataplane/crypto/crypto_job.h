// The cryptographic work of one packet, and where the parts of the packet lie.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>

#include "base/octets.h"
#include "dataplane/crypto/expanded_key.h"

namespace sallyport {

inline constexpr std::size_t kEspHeaderBytes = 8;

// In place, in contiguous memory:
//   esp: SPI, sequence | IV | text (payload, padding, trailer) | ICV
// Lengths of IV and ICV follow from the key's transform. AH encrypts nothing; its ICV stands within
// what it covers, and four octets of room behind that with ESN:
//   esp: IP headers, AH | IV, if any | ICV | payload
struct CryptoJob {
  std::uint8_t* esp{};       // the ESP header; AH: the first octet covered
  const ExpandedKey* key{};  // of a slot that is installed
  // All 64 bits of it: with ESN the high half is authenticated but not sent (RFC 4303 2.2.1).
  std::uint64_t sequence{};
  std::uint32_t text_bytes{};  // between IV and ICV; AH: all that is covered
  std::uint16_t icv_offset{};  // AH: from `esp` to its ICV field; 0: this is ESP
  bool esn{};
  bool good{};  // out: done; for open(): the ICV matched

  [[nodiscard]] std::uint32_t sequence_high() const noexcept {
    return static_cast<std::uint32_t>(sequence >> 32);
  }
  [[nodiscard]] std::uint8_t* iv() const noexcept { return esp + kEspHeaderBytes; }
  // The IV as it lies in memory; an implicit one is the sequence number, 64 bits with ESN, else
  // with four octets of zeros in front (RFC 8750 4, 5).
  [[nodiscard]] std::uint64_t iv_word() const noexcept {
    if (key->iv_bytes != 0) [[likely]] {
      std::uint64_t word;
      std::memcpy(&word, iv(), sizeof word);
      return word;
    }
    std::uint32_t low;
    std::memcpy(&low, esp + kEspHeaderBytes / 2, sizeof low);
    const std::uint32_t high = esn ? __builtin_bswap32(sequence_high()) : 0;
    return std::uint64_t{low} << 32 | high;
  }
  [[nodiscard]] std::uint8_t* text() const noexcept { return iv() + key->iv_bytes; }
  [[nodiscard]] std::uint8_t* icv() const noexcept { return text() + text_bytes; }
  // Of AH.
  [[nodiscard]] bool is_ah() const noexcept { return icv_offset != 0; }
  [[nodiscard]] std::uint8_t* ah_iv() const noexcept { return esp + icv_offset; }
  [[nodiscard]] std::uint8_t* ah_icv() const noexcept { return ah_iv() + key->iv_bytes; }
  // Of both, where integrity is a pass of its own: where it ends, and where its result stands.
  [[nodiscard]] std::uint8_t* covered_end() const noexcept {
    return is_ah() ? esp + text_bytes : icv();
  }
  [[nodiscard]] std::uint8_t* result() const noexcept { return is_ah() ? ah_icv() : icv(); }
};
static_assert(sizeof(CryptoJob) == 32);

// What the jobs of one SA have in common, stored as a whole; the rest is for the caller to put in.
class CommonJob {
 public:
  // `Sa`: an OutboundSa or an InboundSa.
  template <class Sa>
  CommonJob(const ExpandedKey& key, const Sa& sa) noexcept
      : octets_(
            Octets32::of(0, std::bit_cast<std::uint64_t>(&key), 0, std::uint64_t{sa.esn} << 48)) {
    static_assert(offsetof(CryptoJob, key) == 8 && offsetof(CryptoJob, esn) == 30);
  }
  void store(CryptoJob& job) const noexcept { octets_.store(&job); }

 private:
  Octets32 octets_;
};

}  // namespace sallyport
