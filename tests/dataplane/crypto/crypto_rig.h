// A key table and an engine, and ESP packets in buffers of exactly their size.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/crypto/ipsec_mb_engine.h"
#include "dataplane/crypto/key_table.h"
#include "tests/support/fixed_random.h"

namespace sallyport {

using Octets = std::vector<std::uint8_t>;
inline constexpr std::size_t kEspHeader = 8;

struct EspKeys {
  Transform transform;
  Octets cipher, salt, integrity;

  [[nodiscard]] KeyMaterial material() const noexcept {
    return {.transform = transform, .cipher_key = cipher, .salt = salt, .integrity_key = integrity};
  }
};

// What goes into one packet, before it is sealed.
struct EspFields {
  Octets header;  // SPI and low half of the sequence number
  Octets iv;
  Octets text;
  bool esn{};
  std::uint32_t sequence_high{};
};

// Header, IV, text and room for the ICV, nothing before and nothing behind.
class EspPacket {
 public:
  EspPacket(const EspFields& fields, Transform transform);
  // `sealed` is text and ICV.
  EspPacket(const EspFields& fields, Transform transform, ByteView sealed);

  [[nodiscard]] CryptoJob job(const ExpandedKey& key) noexcept;
  [[nodiscard]] MutableBytes bytes() noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] Octets copy() const { return {bytes_.get(), bytes_.get() + size_}; }
  [[nodiscard]] Octets text() const;
  // Text and ICV.
  [[nodiscard]] Octets sealed() const { return {bytes_.get() + text_at_, bytes_.get() + size_}; }

 private:
  std::size_t text_at_;
  std::size_t text_bytes_;
  std::size_t size_;
  bool esn_;
  std::uint32_t sequence_high_;
  std::unique_ptr<std::uint8_t[]> bytes_;
};

class CryptoRig {
 public:
  explicit CryptoRig(std::size_t capacity = 512);

  [[nodiscard]] KeySlot install(const EspKeys& keys);
  [[nodiscard]] bool seal(EspPacket& packet, KeySlot key) noexcept;
  [[nodiscard]] bool open(EspPacket& packet, KeySlot key) noexcept;

  FixedRandom random;
  std::unique_ptr<KeyTable> keys;
  std::unique_ptr<IpsecMbEngine> engine;
};

// Every pair that may stand together, encryption alone included.
[[nodiscard]] std::vector<Transform> all_transforms();
[[nodiscard]] Octets random_octets(FixedRandom& random, std::size_t count);
[[nodiscard]] EspKeys random_keys(FixedRandom& random, Transform transform);
// A packet with this much text, which the block size must divide.
[[nodiscard]] EspFields random_fields(FixedRandom& random, Transform transform,
                                      std::size_t text_bytes);
[[nodiscard]] Octets from_hex(std::string_view text);

}  // namespace sallyport
