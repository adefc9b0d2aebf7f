// MS-CHAP version 2 (RFC 2759) and the key that EAP makes of it (RFC 3079). MD4 and DES are those
// of OpenSSL's legacy provider, in a library context of its own: nothing else here can reach them.
// Any thread.
#pragma once

#include <array>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"

namespace sallyport {

inline constexpr std::size_t kMsChapChallengeBytes = 16;
inline constexpr std::size_t kMsChapMskBytes = 64;
// Of a password. Whoever has it can do all that the password can.
using NtHash = Secret<16>;
using NtResponse = std::array<std::uint8_t, 24>;
using MsChapAuthenticator = std::array<std::uint8_t, 20>;

// RFC 2759 8.3. Refuses what is not UTF-8 and what has more than 256 UTF-16 units; Unsupported
// where the provider is not there.
[[nodiscard]] Expected<NtHash> nt_hash(ByteView utf8_password);

// What the two sides have said to each other: 16 octets each, and the user without a domain.
struct MsChapTalk {
  ByteView authenticator_challenge;
  ByteView peer_challenge;
  std::string_view user;
};
// "DOMAIN\user" is user (RFC 2759 4).
[[nodiscard]] std::string_view without_domain(std::string_view name) noexcept;
// RFC 2759 8.1: the peer's proof.
[[nodiscard]] NtResponse nt_response(const NtHash& hash, const MsChapTalk& talk);
// RFC 2759 8.7: the authenticator's, that it knows the password as well.
[[nodiscard]] MsChapAuthenticator authenticator_response(const NtHash& hash,
                                                         const NtResponse& response,
                                                         const MsChapTalk& talk);
// RFC 3079 3.4, 128 bits: the server's receiving key, its sending key, and zeros up to 64 octets.
[[nodiscard]] SecretBytes ms_chap_msk(const NtHash& hash, const NtResponse& response);

}  // namespace sallyport
