// Identities that IKE peers assert (RFC 7296 3.5; RFC 4301 4.4.3.1; PAD-02; IKE-90). Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "net/address.h"

namespace sallyport {

// By the IANA numbers of the ID payloads.
enum class IdType : std::uint8_t {
  Ipv4 = 1,
  Fqdn = 2,
  Rfc822 = 3,
  Ipv6 = 5,
  DistinguishedName = 9,
  GeneralName = 10,
  KeyId = 11,
  Null = 13,
};

struct Identity {
  IdType type{IdType::Null};
  std::vector<std::uint8_t> data;  // as the ID payload carries it, without type and RESERVED

  // "vpn.example.org", "carol@example.org", "192.0.2.1", "2001:db8::1", "C=CH, CN=vpn" (DN),
  // "keyid:text", "keyid-hex:0a0b", "null"; "fqdn:", "email:" and "dn:" in front say what is meant,
  // "dn-hex:" and "gn-hex:" give DER; "rfc822:" and "key-id:" as in names of the SPD (SPD-11).
  [[nodiscard]] static Expected<Identity> parse(std::string_view text);
  // Refuses lengths and characters that the type does not have (address of 5 octets, NUL in a
  // name, DER that is no Name), and types that are unknown.
  [[nodiscard]] static Expected<Identity> from_wire(std::uint8_t type, ByteView data);
  [[nodiscard]] static Identity of(const Address& address);

  // The same party: names without regard to case, DNs by decoded RDNs (IKE-90).
  [[nodiscard]] bool is_same_as(const Identity& other) const;
  friend bool operator==(const Identity&, const Identity&) = default;
};
// What parse() reads back, in printable ASCII: other octets of names as \xNN, of Key IDs and of DNs
// whose text would not give the same party back in hexadecimal.
[[nodiscard]] std::string to_string(const Identity& identity);

struct ComparableRdn {
  std::vector<std::uint8_t> canonical;
  std::vector<std::uint8_t> type;  // the OID of its attribute; empty where it has several
  friend bool operator==(const ComparableRdn& left, const ComparableRdn& right) {
    return left.canonical == right.canonical;
  }
};

// An identity in the form in which it is compared; made once for many comparisons.
struct ComparableIdentity {
  explicit ComparableIdentity(const Identity& identity);

  IdType type;
  std::vector<std::uint8_t> octets;  // of names in lower case; of a DN none
  std::vector<ComparableRdn> rdns;   // of a DN
  friend bool operator==(const ComparableIdentity&, const ComparableIdentity&) = default;
};

}  // namespace sallyport
