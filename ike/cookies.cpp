#include "ike/cookies.h"

#include "crypto/prf.h"
#include "ike/wire/append.h"

namespace sallyport::ike {

void Cookies::rotate(Instant now) {
  const bool first = current_.secret.empty();
  if (!first && now - made_ < kSecretLife) return;
  const bool stale = !first && now - made_ >= 2 * kSecretLife;
  previous_ = stale ? Key{} : std::move(current_);
  std::array<std::uint8_t, 32> bytes;
  random_.fill(bytes);
  current_ = {.version = random_.u32(), .secret = Secret<32>(bytes)};
  wipe(bytes);
  made_ = now;
}

Octets Cookies::cookie_of(const Key& key, const Claim& claim) {
  // Of a length of its own comes last, so that no two claims have the same octets.
  std::array<std::uint8_t, 9> fixed;
  store_be<std::uint64_t>(fixed.data(), claim.initiator.value);
  fixed[8] = static_cast<std::uint8_t>(claim.source.family);
  Octets cookie;
  append(cookie, key.version);
  append(cookie,
         prf(Prf::HmacSha256, key.secret.view(), {fixed, claim.source.wire(), claim.nonce}).view());
  return cookie;
}

Octets Cookies::make(const Claim& claim, Instant now) {
  rotate(now);
  return cookie_of(current_, claim);
}

bool Cookies::is_good(const Claim& claim, ByteView cookie, Instant now) {
  rotate(now);
  for (const Key* const key : {&current_, &previous_}) {
    if (key->secret.empty()) continue;
    if (equal_in_constant_time(cookie_of(*key, claim), cookie)) return true;
  }
  return false;
}

}  // namespace sallyport::ike
