// CERT payloads that say where certificates are to be had instead of holding them: "Hash and URL"
// (RFC 7296 3.6; CERT-03). Pure: any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ike/wire/message.h"
#include "pad/authentication.h"

namespace sallyport::ike {

// Of one message: RFC 7296 3.6 asks for four certificates.
inline constexpr std::size_t kMostPointers = 4;

enum class PointsTo : std::uint8_t { Certificate, Bundle };
struct CertificatePointer {
  PointsTo form{};
  FetchedEvidence::ObjectHash hash{};  // SHA-1 of what is there
  std::string url;
  std::size_t place{};  // so many of the certificates that presented_in() finds stand before it
};

// The first four whose URL may be followed at all.
[[nodiscard]] std::vector<CertificatePointer> pointers_in(const Message& message);
// Puts `object` in the pointer's place among what is presented. False, and nothing is changed,
// where it is not what the hash says, or a bundle that cannot be read. Of several pointers the last
// is resolved first, for places count what stands before.
[[nodiscard]] bool resolve(PresentedCertificates& presented, const CertificatePointer& pointer,
                           ByteView object);

// CertificateBundle of RFC 7296 3.6, at most sixteen of each; nullopt where it is malformed.
struct CertificateBundle {
  std::vector<Octets> certificates;  // DER, unread
  std::vector<Octets> lists;
};
[[nodiscard]] std::optional<CertificateBundle> split_bundle(ByteView der);

}  // namespace sallyport::ike
