#include <openssl/core_names.h>

#include <array>
#include <mutex>
#include <string>

#include "crypto/private_value.h"

namespace sallyport {
namespace {

struct ModpGroup {
  BigNumber prime, generator;
  BigNumber last;      // prime - 1: public values stand below it
  BigNumber exponent;  // private values stand below it
  BigNumber subgroup;  // its order; null where (prime - 1) / 2 is prime
  OpensslPtr<BN_MONT_CTX> montgomery;
};

using WellKnownPrime = BIGNUM* (*)(BIGNUM*);

WellKnownPrime prime_of(Group group) noexcept {
  switch (group) {
    case Group::Modp768:
      return BN_get_rfc2409_prime_768;
    case Group::Modp1024:
      return BN_get_rfc2409_prime_1024;
    case Group::Modp1536:
      return BN_get_rfc3526_prime_1536;
    case Group::Modp2048:
      return BN_get_rfc3526_prime_2048;
    case Group::Modp3072:
      return BN_get_rfc3526_prime_3072;
    case Group::Modp4096:
      return BN_get_rfc3526_prime_4096;
    case Group::Modp6144:
      return BN_get_rfc3526_prime_6144;
    case Group::Modp8192:
      return BN_get_rfc3526_prime_8192;
    default:
      return nullptr;
  }
}

// More than twice the strength of the modulus, as RFC 7919 5.2 counts it, and never below 256.
int exponent_bits(Group group) noexcept {
  switch (group) {
    case Group::Modp3072:
      return 288;
    case Group::Modp4096:
      return 336;
    case Group::Modp6144:
      return 384;
    case Group::Modp8192:
      return 416;
    default:
      return 256;
  }
}

void set_safe_prime(ModpGroup& made, Group group) {
  made.prime.reset(prime_of(group)(nullptr));
  made.generator = empty_number();
  must_succeed(BN_set_word(made.generator.get(), 2));
  made.exponent = empty_number();
  must_succeed(BN_set_bit(made.exponent.get(), exponent_bits(group)));
}

std::string modp_group_in_openssl(Group group) {
  switch (group) {
    case Group::Modp1024Subgroup160:
      return "dh_1024_160";
    case Group::Modp2048Subgroup224:
      return "dh_2048_224";
    default:
      return "dh_2048_256";
  }
}

BigNumber parameter(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return nullptr;
  return BigNumber(number);
}

bool set_subgroup(ModpGroup& made, Group group) {
  std::string name = modp_group_in_openssl(group);
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
      OSSL_PARAM_construct_end()};
  const OpensslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "DHX", nullptr));
  EVP_PKEY* raw = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return false;
  if (EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_KEY_PARAMETERS, parameters) != 1)
    return false;
  const OpensslPtr<EVP_PKEY> key(raw);
  made.prime = parameter(key.get(), OSSL_PKEY_PARAM_FFC_P);
  made.generator = parameter(key.get(), OSSL_PKEY_PARAM_FFC_G);
  made.subgroup = parameter(key.get(), OSSL_PKEY_PARAM_FFC_Q);
  if (!made.prime || !made.generator || !made.subgroup) return false;
  made.exponent.reset(BN_dup(made.subgroup.get()));
  return true;
}

std::unique_ptr<const ModpGroup> make(Group group) {
  auto made = std::make_unique<ModpGroup>();
  if (prime_of(group) != nullptr) {
    set_safe_prime(*made, group);
  } else if (!set_subgroup(*made, group)) {
    return nullptr;
  }
  made->last.reset(BN_dup(made->prime.get()));
  must_succeed(BN_sub_word(made->last.get(), 1));
  const OpensslPtr<BN_CTX> room(BN_CTX_new());
  made->montgomery.reset(BN_MONT_CTX_new());
  must_succeed(BN_MONT_CTX_set(made->montgomery.get(), made->prime.get(), room.get()));
  return made;
}

// Made once and for all threads; null where OpenSSL does not offer it.
const ModpGroup* modp_group(Group group) {
  static std::array<std::once_flag, kGroupCount> once;
  static std::array<std::unique_ptr<const ModpGroup>, kGroupCount> groups;
  const auto at = static_cast<std::size_t>(group);
  std::call_once(once[at], [&] { groups[at] = make(group); });
  return groups[at].get();
}

// base ^ exponent mod the group's prime, in a time that does not depend on the exponent.
BigNumber power(const ModpGroup& group, const BIGNUM* base, const BIGNUM* exponent) {
  const OpensslPtr<BN_CTX> room(BN_CTX_new());
  BigNumber result = empty_number();
  must_succeed(BN_mod_exp_mont_consttime(result.get(), base, exponent, group.prime.get(),
                                         room.get(), group.montgomery.get()));
  return result;
}

}  // namespace

Expected<ModpValue> ModpValue::generate(Group group, Random& random) {
  const ModpGroup* modp = modp_group(group);
  if (modp == nullptr) return unsupported(group);
  return ModpValue(group, random_below(modp->exponent.get(), random));
}

Expected<ModpValue> ModpValue::from_octets(Group group, ByteView octets) {
  const ModpGroup* modp = modp_group(group);
  if (modp == nullptr) return unsupported(group);
  BigNumber exponent = secret_number(octets);
  const BIGNUM* bound = modp->subgroup ? modp->subgroup.get() : modp->last.get();
  if (!within(exponent.get(), bound)) return refused_private_value(group);
  return ModpValue(group, std::move(exponent));
}

std::vector<std::uint8_t> ModpValue::public_value() const {
  const ModpGroup& modp = *modp_group(group_);
  const BigNumber value = power(modp, modp.generator.get(), exponent_.get());
  const SecretBytes octets = octets_of(value.get(), facts(group_).public_bytes);
  return {octets.view().begin(), octets.view().end()};
}

Expected<SecretBytes> ModpValue::agree(ByteView peer) const {
  const ModpGroup& modp = *modp_group(group_);
  const BigNumber value(BN_bin2bn(peer.data(), static_cast<int>(peer.size()), nullptr));
  must_succeed(value != nullptr);
  // RFC 6989 2.1.
  if (!within(value.get(), modp.last.get()) || BN_is_one(value.get()))
    return refused_value(group_, "is out of range");
  // RFC 6989 2.2, and RFC 8247 2.4 leaves no choice.
  if (modp.subgroup && !BN_is_one(power(modp, value.get(), modp.subgroup.get()).get()))
    return refused_value(group_, "is outside the subgroup");
  const BigNumber secret = power(modp, value.get(), exponent_.get());
  return octets_of(secret.get(), facts(group_).secret_bytes);
}

}  // namespace sallyport
