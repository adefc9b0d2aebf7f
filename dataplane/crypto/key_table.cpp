#include "dataplane/crypto/key_table.h"

#include <new>
#include <string>

#include "base/secret.h"
#include "dataplane/crypto/expand_key.h"

namespace sallyport {
namespace {

MutableBytes key_octets(ExpandedKey& key) noexcept {
  return {reinterpret_cast<std::uint8_t*>(&key), sizeof key};
}

struct Lengths {
  std::size_t given, wanted;
};

Expected<void> check_length(std::string_view what, std::string_view name, Lengths octets) {
  if (octets.given == octets.wanted) return {};
  return fail(Error::Code::Invalid, std::string(what) + ' ' + std::string(name) + " takes " +
                                        std::to_string(octets.wanted) + " octets, not " +
                                        std::to_string(octets.given));
}

// Everything that the engines then take for granted.
Expected<void> validate(const KeyMaterial& keys) {
  const CipherFacts& cipher = facts(keys.transform.cipher);
  const IntegrityFacts& integrity = facts(keys.transform.integrity);
  Expected<void> sound =
      validate(keys.transform, integrity.ah_only() ? IpsecProtocol::Ah : IpsecProtocol::Esp);
  if (sound) sound = validate_key(cipher.id, keys.cipher_key);
  if (sound)
    sound = check_length("the salt of", integrity.ah_only() ? integrity.name : cipher.name,
                         {keys.salt.size(), salt_bytes(keys.transform)});
  if (sound) {
    sound = check_length("the key of", integrity.name,
                         {keys.integrity_key.size(), integrity.key_bytes});
  }
  return sound;
}

constexpr std::uint8_t lines_up_to(std::size_t end) {
  return static_cast<std::uint8_t>((end + kCacheLine - 1) / kCacheLine);
}

}  // namespace

Expected<std::unique_ptr<KeyTable>> KeyTable::create(std::size_t capacity,
                                                     std::pmr::memory_resource& memory,
                                                     Random& random) {
  if (capacity >= kNoKey.value) {
    return fail(Error::Code::Invalid, "too many key slots: " + std::to_string(capacity));
  }
  Expected<IpsecMb> instance = open_ipsec_mb(VectorWidth::Wide);
  if (!instance) return std::unexpected(instance.error());
  try {
    return std::unique_ptr<KeyTable>(new KeyTable(capacity, memory, random, std::move(*instance)));
  } catch (const std::bad_alloc&) {
    return fail(Error::Code::Exhausted, "no memory for " + std::to_string(capacity) + " key slots",
                "lower the number of SAs under [limits] or give more memory");
  }
}

KeyTable::KeyTable(std::size_t capacity, std::pmr::memory_resource& memory, Random& random,
                   IpsecMb instance)
    : memory_(memory),
      random_(random),
      instance_(std::move(instance)),
      capacity_(capacity),
      slots_(static_cast<ExpandedKey*>(
          memory.allocate(capacity * sizeof(ExpandedKey), alignof(ExpandedKey)))),
      free_(&memory) {
  free_.reserve(capacity);
  for (const CipherFacts& cipher : all_ciphers())
    for (const IntegrityFacts& integrity : all_integrities())
      footprints_[static_cast<std::size_t>(cipher.id)][static_cast<std::size_t>(integrity.id)] =
          footprint({cipher.id, integrity.id});
}

KeyTable::~KeyTable() {
  for (std::size_t i = 0; i < fresh_; ++i) wipe(key_octets(slots_[i]));
  memory_.deallocate(slots_, capacity_ * sizeof(ExpandedKey), alignof(ExpandedKey));
}

Expected<KeySlot> KeyTable::install(const KeyMaterial& keys) {
  if (Expected<void> sound = validate(keys); !sound) return std::unexpected(sound.error());
  if (in_use() == capacity_) {
    return fail(Error::Code::Exhausted,
                "all " + std::to_string(capacity_) + " key slots are in use",
                "raise the number of SAs under [limits]");
  }
  std::uint32_t index{};
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(fresh_++);
    wipe(key_octets(slots_[index]));
  } else {
    index = free_.back();
    free_.pop_back();
  }
  std::array<std::uint8_t, 16> iv_key;
  random_.fill(iv_key);
  expand_key(*instance_, keys, iv_key, slots_[index]);
  wipe(iv_key);
  return KeySlot{index};
}

void KeyTable::retire(KeySlot slot) noexcept {
  wipe(key_octets(slots_[slot.value]));
  free_.push_back(slot.value);
}

KeyTable::Footprint KeyTable::footprint(Transform transform) const noexcept {
  constexpr std::size_t kCipher = offsetof(ExpandedKey, separate) + offsetof(SeparateKeys, cipher);
  const CipherFacts& cipher = facts(transform.cipher);
  const IntegrityFacts& integrity = facts(transform.integrity);
  const unsigned aes_key = integrity.ah_only() ? integrity.key_bytes : cipher.key_bytes;
  const std::size_t rounds = aes_key / 4u + 7;  // round keys, the first included
  switch (integrity.ah_only() ? CipherKind::Gmac : cipher.kind) {
    case CipherKind::Gcm:
    case CipherKind::Gmac:
      if (has_vaes(*instance_)) return {lines_up_to(rounds * 16), 16};
      return {lines_up_to(offsetof(gcm_key_data, ghash_keys) +
                          sizeof(gcm_key_data::ghash_keys.sse_avx)),
              0};
    case CipherKind::Null:
      return {lines_up_to(sizeof(IntegrityKeys)), 0};
    case CipherKind::Cbc:
      return {lines_up_to(kCipher + sizeof(CipherKeys)), 0};
    default:
      return {lines_up_to(kCipher + rounds * 16), 0};
  }
}

}  // namespace sallyport
