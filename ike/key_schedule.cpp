#include "ike/key_schedule.h"

#include <array>
#include <cstring>

#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

constexpr std::string_view kKeyPad = "Key Pad for IKEv2";  // 17 octets, no NUL (IKE-77)

// Takes keys off the front of key material, in the order in which the RFC names them.
class KeyMaterial {
 public:
  explicit KeyMaterial(SecretBytes bytes) : bytes_(std::move(bytes)) {}
  ByteView take(std::size_t count) {
    const ByteView taken = bytes_.view().subspan(used_, count);
    used_ += count;
    return taken;
  }

 private:
  SecretBytes bytes_;
  std::size_t used_{};
};

struct Spis {
  explicit Spis(const KeyInputs& inputs) {
    store_be<std::uint64_t>(octets.data(), inputs.initiator_spi.value);
    store_be<std::uint64_t>(octets.data() + 8, inputs.responder_spi.value);
  }
  std::array<std::uint8_t, 16> octets;
};

IkeKeys expand(const Suite& suite, ByteView skeyseed, const KeyInputs& inputs) {
  const Spis spis(inputs);
  const std::size_t prf_bytes = facts(suite.prf).key_bytes;
  const std::size_t a = IkeCipher::integrity_key_bytes(suite.transform);
  const std::size_t e = IkeCipher::encryption_key_bytes(suite.transform);
  KeyMaterial material(prf_plus(suite.prf, skeyseed,
                                {inputs.initiator_nonce, inputs.responder_nonce, spis.octets},
                                3 * prf_bytes + 2 * a + 2 * e));
  SecretBytes d(material.take(prf_bytes));
  const ByteView a_initiator = material.take(a);
  const ByteView a_responder = material.take(a);
  const ByteView e_initiator = material.take(e);
  const ByteView e_responder = material.take(e);
  SecretBytes p_initiator(material.take(prf_bytes));
  SecretBytes p_responder(material.take(prf_bytes));
  return {.d = std::move(d),
          .p_initiator = std::move(p_initiator),
          .p_responder = std::move(p_responder),
          .initiator = IkeCipher(suite.transform, e_initiator, a_initiator),
          .responder = IkeCipher(suite.transform, e_responder, a_responder)};
}

// The AES-based functions take a fixed key: the first eight octets of each nonce (IKE-73).
Octets nonces_as_key(Prf prf, const KeyInputs& inputs) {
  const bool fixed = prf == Prf::AesXcbc || prf == Prf::AesCmac;
  const auto part = [&](ByteView nonce) { return fixed ? nonce.first(8) : nonce; };
  Octets key;
  append(key, part(inputs.initiator_nonce));
  append(key, part(inputs.responder_nonce));
  return key;
}

}  // namespace

std::string to_string(const Suite& suite) {
  return to_string(suite.transform) + '+' + std::string(facts(suite.prf).name) + '+' +
         std::string(facts(suite.group).name);
}

IkeKeys derive_keys(const Suite& suite, ByteView shared_secret, const KeyInputs& inputs) {
  const Octets key = nonces_as_key(suite.prf, inputs);
  return expand(suite, prf(suite.prf, key, {shared_secret}).view(), inputs);
}

IkeKeys derive_rekeyed(const Suite& suite, Prf old_prf, ByteView old_d, ByteView shared_secret,
                       const KeyInputs& inputs) {
  const PrfOutput skeyseed =
      prf(old_prf, old_d, {shared_secret, inputs.initiator_nonce, inputs.responder_nonce});
  return expand(suite, skeyseed.view(), inputs);
}

ChildKeys derive_child_keys(Prf prf, ByteView d, ByteView shared_secret, const KeyInputs& nonces,
                            Transform transform) {
  const CipherFacts& cipher = facts(transform.cipher);
  const IntegrityFacts& integrity = facts(transform.integrity);
  const std::size_t cipher_bytes = cipher.key_bytes;
  const std::size_t salt = salt_bytes(transform);
  const std::size_t half = cipher_bytes + salt + integrity.key_bytes;
  KeyMaterial material(
      prf_plus(prf, d, {shared_secret, nonces.initiator_nonce, nonces.responder_nonce}, 2 * half));
  // GMAC of AH has its salt behind the integrity key (RFC 4543 5.3); there is no cipher key then.
  const bool salt_last = integrity.salt_bytes != 0;
  const auto take_half = [&] {
    ChildKeys::Half keys;
    keys.cipher = SecretBytes(material.take(cipher_bytes));
    if (!salt_last) keys.salt = SecretBytes(material.take(salt));
    keys.integrity = SecretBytes(material.take(integrity.key_bytes));
    if (salt_last) keys.salt = SecretBytes(material.take(salt));
    return keys;
  };
  ChildKeys keys;
  keys.to_responder = take_half();
  keys.to_initiator = take_half();
  return keys;
}

Octets signed_octets(Prf prf, ByteView first_message, ByteView nonce_of_other, ByteView p,
                     ByteView id_body) {
  Octets octets;
  append(octets, first_message);
  append(octets, nonce_of_other);
  append(octets, sallyport::prf(prf, p, {id_body}).view());
  return octets;
}

PrfOutput shared_key_auth(Prf prf, ByteView secret, ByteView octets) {
  const auto* const pad = reinterpret_cast<const std::uint8_t*>(kKeyPad.data());
  const PrfOutput key = sallyport::prf(prf, secret, {ByteView(pad, kKeyPad.size())});
  return sallyport::prf(prf, key.view(), {octets});
}

}  // namespace sallyport::ike
