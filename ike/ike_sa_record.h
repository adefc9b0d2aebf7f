// An IKE SA as a versioned record, so that another node can go on with it: keys, numbers, children
// and all. The SAs of its children have records of their own (sad/record). Secret: whoever stores a
// record guards it as he guards keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "crypto/certificate.h"
#include "ike/ike_sa.h"

namespace sallyport::ike {

// The keys of RFC 7296 2.14; SK_e* with their salts, SK_a* empty with combined modes.
struct CarriedKeys {
  SecretBytes d;
  SecretBytes p_initiator;
  SecretBytes p_responder;
  SecretBytes e_initiator;
  SecretBytes e_responder;
  SecretBytes a_initiator;
  SecretBytes a_responder;
};

// An answer that the peer may ask for again (IKE-35).
struct CarriedResponse {
  MessageId id{};
  std::vector<Octets> datagrams;
};

// Whose turn it is in both directions (RFC 7296 2.2, 2.3).
struct CarriedNumbers {
  MessageId next_request{};  // ours
  std::uint32_t peer_window{1};
  MessageId expected_request{};  // the peer's
  std::uint32_t own_window{1};
  std::vector<CarriedResponse> responses;  // by ID, upwards
};

// A pair of SAs, which the SAD's records call "NAME-in" and "NAME-out".
struct CarriedChild {
  std::string name;
  std::string policy;
  std::vector<std::string> linked;  // policies besides, as in ChildSa
  IpsecProtocol protocol{IpsecProtocol::Esp};
  IpsecMode mode{IpsecMode::Tunnel};
  Transform transform;
  bool esn{};
  std::optional<Group> group;
  Spi inbound{};
  Spi outbound{};
  SelectorPair selectors;
  std::optional<SelectorPair> on_wire;  // as in ChildSa
  SelectorFields packet;
  Side side{Side::Initiator};
  Duration age{};
};

struct CarriedIkeSa {
  std::uint64_t number{};
  std::uint64_t line{};
  Side side{Side::Initiator};
  IkeSpi initiator_spi{};
  IkeSpi responder_spi{};
  Suite suite{};
  CarriedKeys keys;
  std::uint64_t next_iv{};
  Path path{};
  NatFindings nat{};
  bool fragmentation{};
  bool mobike{};
  Mobility mobility{};  // of it: role, addresses, newest requests; the rest is of exchanges
  std::uint32_t datagram_bytes{};
  std::string peer;  // its entry in the PAD
  Identity local_identity;
  Identity remote_identity;
  std::vector<Address> leases;
  std::vector<Address> assigned;
  std::uint32_t children_made{};
  Duration age{};            // since it was made,
  Duration authenticated{};  // and since its peer proved who it is
  std::optional<WallTime> credentials_end;
  CarriedNumbers numbers;
  std::vector<CarriedChild> children;
};

[[nodiscard]] Octets write_record(const CarriedIkeSa& sa);
// Its IVs go on `jump` above where they stood, so that none is used twice that the old node may
// have used since (ALG-20). Untrusted bytes: a version that we do not know, truncation, and what no
// IKE SA may be is an error.
[[nodiscard]] Expected<CarriedIkeSa> read_record(ByteView record, std::uint64_t jump);

}  // namespace sallyport::ike
