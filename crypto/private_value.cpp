#include "crypto/private_value.h"

#include <string>

namespace sallyport {

BigNumber empty_number() {
  BigNumber number(BN_new());
  must_succeed(number != nullptr);
  return number;
}

BigNumber secret_number(ByteView octets) {
  BigNumber number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
  must_succeed(number != nullptr);
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

BigNumber random_below(const BIGNUM* bound, Random& random) {
  const auto bits = static_cast<unsigned>(BN_num_bits(bound));
  const auto unused = static_cast<std::uint8_t>((8 - bits % 8) % 8);
  SecretBytes octets((bits + 7) / 8);
  while (true) {
    random.fill(octets.room());
    octets.room()[0] &= static_cast<std::uint8_t>(0xff >> unused);
    BigNumber number = secret_number(octets.view());
    if (within(number.get(), bound)) return number;
  }
}

bool within(const BIGNUM* number, const BIGNUM* bound) noexcept {
  return BN_is_zero(number) == 0 && BN_cmp(number, bound) < 0;
}

SecretBytes octets_of(const BIGNUM* number, std::size_t bytes) {
  SecretBytes octets(bytes);
  const int size = static_cast<int>(bytes);
  must_succeed(BN_bn2binpad(number, octets.room().data(), size) == size);
  return octets;
}

std::unexpected<Error> refused_value(Group group, std::string_view why) {
  return fail(Error::Code::Refused,
              "the peer's " + std::string(facts(group).name) + " value " + std::string(why));
}

std::unexpected<Error> refused_private_value(Group group) {
  return fail(Error::Code::Invalid,
              "this is no private value of " + std::string(facts(group).name));
}

std::unexpected<Error> unsupported(Group group) {
  return fail(Error::Code::Unsupported,
              "OpenSSL does not offer the group " + std::string(facts(group).name),
              "use another group, or an OpenSSL whose default provider is complete");
}

}  // namespace sallyport
