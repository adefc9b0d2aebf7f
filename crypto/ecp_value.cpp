#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "crypto/private_value.h"

namespace sallyport {
namespace {

// In front of both coordinates (SEC 1 2.3.3): IKE leaves it out (RFC 5903 7).
constexpr std::uint8_t kUncompressed = 4;

int curve_of(Group group) noexcept {
  switch (group) {
    case Group::Ecp256:
      return NID_X9_62_prime256v1;
    case Group::Ecp384:
      return NID_secp384r1;
    case Group::Ecp521:
      return NID_secp521r1;
    case Group::Brainpool224:
      return NID_brainpoolP224r1;
    case Group::Brainpool256:
      return NID_brainpoolP256r1;
    case Group::Brainpool384:
      return NID_brainpoolP384r1;
    case Group::Brainpool512:
      return NID_brainpoolP512r1;
    default:
      return NID_undef;
  }
}

// Made once and for all threads; null where OpenSSL does not offer it.
const EC_GROUP* curve(Group group) {
  static std::array<std::once_flag, kGroupCount> once;
  static std::array<OpensslPtr<EC_GROUP>, kGroupCount> curves;
  const auto at = static_cast<std::size_t>(group);
  std::call_once(once[at], [&] { curves[at].reset(EC_GROUP_new_by_curve_name(curve_of(group))); });
  return curves[at].get();
}

OpensslPtr<EC_POINT> new_point(const EC_GROUP* curve) {
  OpensslPtr<EC_POINT> point(EC_POINT_new(curve));
  must_succeed(point != nullptr);
  return point;
}

}  // namespace

Expected<EcpValue> EcpValue::generate(Group group, Random& random) {
  const EC_GROUP* ecp = curve(group);
  if (ecp == nullptr) return unsupported(group);
  return EcpValue(group, random_below(EC_GROUP_get0_order(ecp), random));
}

Expected<EcpValue> EcpValue::from_octets(Group group, ByteView octets) {
  const EC_GROUP* ecp = curve(group);
  if (ecp == nullptr) return unsupported(group);
  BigNumber scalar = secret_number(octets);
  if (!within(scalar.get(), EC_GROUP_get0_order(ecp))) return refused_private_value(group);
  return EcpValue(group, std::move(scalar));
}

std::vector<std::uint8_t> EcpValue::public_value() const {
  const EC_GROUP* ecp = curve(group_);
  const OpensslPtr<BN_CTX> room(BN_CTX_new());
  const OpensslPtr<EC_POINT> point = new_point(ecp);
  must_succeed(EC_POINT_mul(ecp, point.get(), scalar_.get(), nullptr, nullptr, room.get()));
  std::vector<std::uint8_t> octets(1 + facts(group_).public_bytes);
  must_succeed(EC_POINT_point2oct(ecp, point.get(), POINT_CONVERSION_UNCOMPRESSED, octets.data(),
                                  octets.size(), room.get()) == octets.size());
  octets.erase(octets.begin());
  return octets;
}

Expected<SecretBytes> EcpValue::agree(ByteView peer) const {
  const EC_GROUP* ecp = curve(group_);
  const OpensslPtr<BN_CTX> room(BN_CTX_new());
  std::vector<std::uint8_t> octets{kUncompressed};
  octets.insert(octets.end(), peer.begin(), peer.end());
  const OpensslPtr<EC_POINT> point = new_point(ecp);
  // Checks that the coordinates are below the field's prime and the point on the curve (RFC 6989
  // 2.3); all these curves have cofactor 1.
  if (EC_POINT_oct2point(ecp, point.get(), octets.data(), octets.size(), room.get()) != 1) {
    ERR_clear_error();
    return refused_value(group_, "is not a point of the curve");
  }
  const OpensslPtr<EC_POINT> common = new_point(ecp);
  must_succeed(EC_POINT_mul(ecp, common.get(), nullptr, point.get(), scalar_.get(), room.get()));
  const BigNumber x = empty_number();
  must_succeed(EC_POINT_get_affine_coordinates(ecp, common.get(), x.get(), nullptr, room.get()));
  return octets_of(x.get(), facts(group_).secret_bytes);
}

}  // namespace sallyport
