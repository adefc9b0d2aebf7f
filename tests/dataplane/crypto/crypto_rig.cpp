#include "tests/dataplane/crypto/crypto_rig.h"

#include <stdexcept>

namespace sallyport {
namespace {

template <class T>
T must(Expected<T> made) {
  if (!made) throw std::runtime_error(to_string(made.error()));
  return std::move(*made);
}

}  // namespace

EspPacket::EspPacket(const EspFields& fields, Transform transform)
    : text_at_(kEspHeader + fields.iv.size()),
      text_bytes_(fields.text.size()),
      size_(text_at_ + text_bytes_ + icv_bytes(transform)),
      esn_(fields.esn),
      sequence_high_(fields.sequence_high),
      bytes_(new std::uint8_t[size_]()) {
  std::ranges::copy(fields.header, bytes_.get());
  std::ranges::copy(fields.iv, bytes_.get() + kEspHeader);
  std::ranges::copy(fields.text, bytes_.get() + text_at_);
}

EspPacket::EspPacket(const EspFields& fields, Transform transform, ByteView sealed)
    : EspPacket(
          [&] {
            EspFields sized = fields;
            sized.text.resize(sealed.size() - icv_bytes(transform));
            return sized;
          }(),
          transform) {
  std::ranges::copy(sealed, bytes_.get() + text_at_);
}

CryptoJob EspPacket::job(const ExpandedKey& key) noexcept {
  return {.esp = bytes_.get(),
          .key = &key,
          .sequence = std::uint64_t{sequence_high_} << 32 | load_be<std::uint32_t>(&bytes_[4]),
          .text_bytes = static_cast<std::uint32_t>(text_bytes_),
          .esn = esn_};
}

Octets EspPacket::text() const {
  return {bytes_.get() + text_at_, bytes_.get() + text_at_ + text_bytes_};
}

CryptoRig::CryptoRig(std::size_t capacity)
    : keys(must(KeyTable::create(capacity, *std::pmr::new_delete_resource(), random))),
      engine(must(IpsecMbEngine::create())) {}

KeySlot CryptoRig::install(const EspKeys& material) {
  return must(keys->install(material.material()));
}

bool CryptoRig::seal(EspPacket& packet, KeySlot key) noexcept {
  CryptoJob job = packet.job(keys->at(key));
  return engine->seal({&job, 1}) && job.good;
}

bool CryptoRig::open(EspPacket& packet, KeySlot key) noexcept {
  CryptoJob job = packet.job(keys->at(key));
  engine->open({&job, 1});
  return job.good;
}

std::vector<Transform> all_transforms() {
  std::vector<Transform> transforms;
  for (const CipherFacts& cipher : all_ciphers()) {
    for (const IntegrityFacts& integrity : all_integrities()) {
      const Transform transform{cipher.id, integrity.id};
      if (validate(transform)) transforms.push_back(transform);
    }
  }
  return transforms;
}

Octets random_octets(FixedRandom& random, std::size_t count) {
  Octets octets(count);
  random.fill(octets);
  return octets;
}

EspKeys random_keys(FixedRandom& random, Transform transform) {
  const CipherFacts& cipher = facts(transform.cipher);
  return {.transform = transform,
          .cipher = random_octets(random, cipher.key_bytes),
          .salt = random_octets(random, cipher.salt_bytes),
          .integrity = random_octets(random, facts(transform.integrity).key_bytes)};
}

EspFields random_fields(FixedRandom& random, Transform transform, std::size_t text_bytes) {
  return {.header = random_octets(random, kEspHeader),
          .iv = random_octets(random, facts(transform.cipher).iv_bytes),
          .text = random_octets(random, text_bytes),
          .esn = false,
          .sequence_high = 0};
}

Octets from_hex(std::string_view text) {
  Octets octets;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    octets.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return octets;
}

}  // namespace sallyport
