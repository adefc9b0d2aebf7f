#include "mip6/return_routability.h"

#include <algorithm>
#include <utility>

namespace sallyport::mip6 {
namespace {

// What sets the two kinds of tokens apart (5.2.5).
constexpr std::uint8_t kHomeMark = 0;
constexpr std::uint8_t kCareOfMark = 1;

constexpr std::size_t kAuthenticatorBytes = std::tuple_size_v<Authenticator>;
constexpr std::size_t kOptionBytes = 2 + kAuthenticatorBytes;

template <std::size_t Size>
std::array<std::uint8_t, Size> first_octets(const Sha1Digest& digest) noexcept {
  std::array<std::uint8_t, Size> first;
  std::ranges::copy_n(digest.begin(), Size, first.begin());
  return first;
}

bool ends_with_authorization(ByteView message) noexcept {
  if (message.size() < sizeof(MobilityHeader) + kOptionBytes) return false;
  const ByteView option = message.last(kOptionBytes);
  return option[0] == std::to_underlying(OptionType::Authorization) &&
         option[1] == kAuthenticatorBytes;
}

// First (96, HMAC_SHA1 (Kbm, care-of address | correspondent | MH Data)), where MH Data is the
// message with a checksum of zero and without the authenticator's own octets (6.2.7).
Authenticator authenticator_of(const Sha1Functions& sha1, ByteView message, const BindingKey& key,
                               const AuthorizedAddresses& addresses) {
  constexpr std::size_t kBeforeChecksum = offsetof(MobilityHeader, checksum);
  constexpr std::uint8_t kNoChecksum[sizeof(Be16)]{};
  const ByteView covered = message.first(message.size() - kAuthenticatorBytes);
  return first_octets<kAuthenticatorBytes>(sha1.hmac(
      key.view(),
      {addresses.care_of.wire(), addresses.correspondent.wire(), covered.first(kBeforeChecksum),
       kNoChecksum, covered.subspan(kBeforeChecksum + sizeof kNoChecksum)}));
}

BindingKey key_of(Sha1Digest digest) noexcept {
  BindingKey key(digest);
  wipe(digest);
  return key;
}

}  // namespace

KeygenToken ReturnRoutability::home_token(ByteView node_key, const Address& home,
                                          ByteView nonce) const {
  return first_octets<8>(sha1_.hmac(node_key, {home.wire(), nonce, {&kHomeMark, 1}}));
}

KeygenToken ReturnRoutability::care_of_token(ByteView node_key, const Address& care_of,
                                             ByteView nonce) const {
  return first_octets<8>(sha1_.hmac(node_key, {care_of.wire(), nonce, {&kCareOfMark, 1}}));
}

BindingKey ReturnRoutability::binding_key(const KeygenToken& home,
                                          const KeygenToken& care_of) const {
  return key_of(sha1_.digest({home, care_of}));
}

BindingKey ReturnRoutability::deletion_key(const KeygenToken& home) const {
  return key_of(sha1_.digest({home}));
}

bool ReturnRoutability::authorize(MutableBytes message, const BindingKey& key,
                                  const AuthorizedAddresses& addresses) const {
  if (!ends_with_authorization(message)) return false;
  const Authenticator authenticator = authenticator_of(sha1_, message, key, addresses);
  std::ranges::copy(authenticator, message.last(kAuthenticatorBytes).begin());
  return true;
}

bool ReturnRoutability::is_authorized(ByteView message, const BindingKey& key,
                                      const AuthorizedAddresses& addresses) const {
  if (!ends_with_authorization(message)) return false;
  return equal_in_constant_time(authenticator_of(sha1_, message, key, addresses),
                                message.last(kAuthenticatorBytes));
}

}  // namespace sallyport::mip6
