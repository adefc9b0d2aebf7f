#include "crypto/prf.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "crypto/mac.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostRounds = 255;  // the counter is one octet

MacKind mac_of(Prf prf) noexcept {
  switch (prf) {
    case Prf::HmacMd5:
      return MacKind::HmacMd5;
    case Prf::HmacSha1:
      return MacKind::HmacSha1;
    case Prf::AesXcbc:
      return MacKind::AesXcbc;
    case Prf::HmacSha256:
      return MacKind::HmacSha256;
    case Prf::HmacSha384:
      return MacKind::HmacSha384;
    case Prf::HmacSha512:
      return MacKind::HmacSha512;
    case Prf::AesCmac:
      return MacKind::AesCmac;
  }
  std::unreachable();
}

std::optional<MacKind> mac_of(Integrity integrity) noexcept {
  switch (integrity) {
    case Integrity::HmacMd5_96:
      return MacKind::HmacMd5;
    case Integrity::HmacSha1_96:
      return MacKind::HmacSha1;
    case Integrity::HmacSha256_128:
      return MacKind::HmacSha256;
    case Integrity::HmacSha384_192:
      return MacKind::HmacSha384;
    case Integrity::HmacSha512_256:
      return MacKind::HmacSha512;
    case Integrity::AesXcbc_96:
      return MacKind::AesXcbc;
    case Integrity::AesCmac_96:
      return MacKind::AesCmac;
    case Integrity::None:
    case Integrity::AesGmac128:
    case Integrity::AesGmac192:
    case Integrity::AesGmac256:
      return std::nullopt;
  }
  std::unreachable();
}

using Whole = std::array<std::uint8_t, Mac::kMostBytes>;

}  // namespace

PrfOutput prf(Prf prf, ByteView key, std::initializer_list<ByteView> data) {
  Mac mac(mac_of(prf), key);
  for (const ByteView part : data) mac.add(part);
  Whole whole;
  PrfOutput output(ByteView(whole).first(mac.finish(whole)));
  wipe(whole);
  return output;
}

SecretBytes prf_plus(Prf prf, ByteView key, std::initializer_list<ByteView> seed,
                     std::size_t bytes) {
  // More would repeat: a mistake of the caller's, and no key is better than such a one.
  if (bytes > kMostRounds * facts(prf).output_bytes) std::abort();
  SecretBytes output(bytes);
  MutableBytes room = output.room();
  Mac mac(mac_of(prf), key);
  Whole whole;
  std::size_t length = 0;
  for (std::uint8_t round = 1; !room.empty(); ++round) {
    mac.add(ByteView(whole).first(length));
    for (const ByteView part : seed) mac.add(part);
    mac.add({&round, 1});
    length = mac.finish(whole);
    const std::size_t taken = std::min(length, room.size());
    std::copy_n(whole.begin(), taken, room.begin());
    room = room.subspan(taken);
  }
  wipe(whole);
  return output;
}

Secret<64> integrity_check(Integrity integrity, ByteView key,
                           std::initializer_list<ByteView> data) {
  const std::optional<MacKind> kind = mac_of(integrity);
  if (!kind) return {};
  Mac mac(*kind, key);
  for (const ByteView part : data) mac.add(part);
  Whole whole;
  mac.finish(whole);
  Secret<64> icv(ByteView(whole).first(facts(integrity).icv_bytes));
  wipe(whole);
  return icv;
}

}  // namespace sallyport
