// What an IKE SA is: plain data that its exchanges read and write (RFC 7296 1.1, 2.14).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "ike/address_pool.h"
#include "ike/child_sa.h"
#include "ike/key_schedule.h"
#include "ike/mobility.h"
#include "ike/nat_traversal.h"
#include "pad/pad.h"

namespace sallyport::ike {

// Every state and what leads out of it is in Session (IKE-32).
enum class IkeState : std::uint8_t {
  InitSent,      // initiator: waiting for the IKE_SA_INIT response
  AuthSent,      // initiator: waiting for the IKE_AUTH response
  EapSent,       // initiator: the responder is known, and asks for EAP
  AuthExpected,  // responder: IKE_SA_INIT answered
  EapExpected,   // responder: the peer is asked by EAP, or has yet to prove the key of it
  Established,
  Rekeying,  // by us: a request for its successor is under way
  Rekeyed,   // has a successor, to which its children belong
  Deleting,  // by us: the Delete is under way
  Dead,      // to be forgotten; or for a while yet answers again what it has answered
};
[[nodiscard]] std::string_view to_string(IkeState state) noexcept;

// What the peer has said that it can do.
struct PeerAbilities {
  bool fragmentation{};
  bool mobike{};
  std::vector<SignatureHash> hashes;  // empty: RFC 7427 is not known to it
  Octets authorities;                 // of its CERTREQ, 20 octets each
  bool certificates_asked{};
  bool raw_key_asked{};
  bool ocsp_asked{};             // responses about our certificates (RFC 4806)
  bool looks_up_certificates{};  // by hash and URL (RFC 7296 3.6)
};

// The responder's IKE_AUTH, where it takes more messages than one.
class AuthRounds;

// What IKE_AUTH needs of IKE_SA_INIT, and nobody afterwards.
struct InitialExchange {
  Octets request;  // as sent, cookie included, without the non-ESP marker (IKE-76)
  Octets response;
  Octets initiator_nonce;
  Octets responder_nonce;
  std::shared_ptr<AuthRounds> rounds;  // that are under way (RFC 7296 2.16)
};

// What a mobile node asks its home agent for, and has heard (RFC 4877 9, RFC 5026 5.3, 8.2). Few
// IKE SAs have any.
struct HomeFindings {
  std::optional<HomeAddressWish> wish{};  // in place of what the entry asks for
  std::optional<HomePrefix> prefix{};
  std::vector<Prefix> addresses{};  // of those assigned, as far as it has told their prefixes
  bool address_refused{};           // INTERNAL_ADDRESS_FAILURE
};

class Session;

struct IkeSa {
  std::uint64_t number{};      // for names, never used again
  std::uint64_t line{};        // number of the one that it succeeds in the end; 0: of none
  Side side{Side::Initiator};  // who began it: the original initiator (IKE-02)
  IkeSpi initiator_spi{};
  IkeSpi responder_spi{};
  IkeState state{IkeState::InitSent};
  Suite suite{};
  std::optional<IkeKeys> keys{};
  std::uint64_t next_iv{};
  Path path{};
  NatFindings nat{};
  PeerAbilities abilities{};
  Mobility mobility{};
  std::size_t datagram_bytes{};  // what the path was found to carry; 0: nothing was (IFRAG-04)
  std::unique_ptr<InitialExchange> initial{};  // until authenticated

  Pad::Entry peer{};
  Identity local_identity{};
  Identity remote_identity{};
  std::vector<Address> leases{};         // of ours, that the peer has been given
  std::vector<Address> assigned{};       // that the peer has given us
  std::shared_ptr<HomeFindings> home{};  // likewise, of a home link; null: nothing
  std::vector<std::shared_ptr<ChildSa>> children{};
  std::uint32_t children_made{};

  Endpoint first_remote{};     // by which, with its SPI, the peer's first request is known (IKE-23)
  bool counted_half_open{};    // in the bounds on those who have proved nothing
  bool counted_established{};  // among its entry's

  Instant made{};
  Instant authenticated{};
  Instant heard{};
  std::optional<WallTime> credentials_end{};  // certificates or revocation data (SAD-08)
  Octets lowest_nonce{};                      // of the rekey that made it (IKE-115)
  std::shared_ptr<Session> rival{};           // the peer's successor, while ours is under way
  bool stands_by{};                           // such a successor, to which nothing belongs so far,
  std::weak_ptr<Session> predecessor{};       // and whose
  unsigned child_exchanges{};                 // of ours, under way: ChildExchange

  // Its children are its own, and it makes others.
  [[nodiscard]] bool is_up() const noexcept {
    return state == IkeState::Established || state == IkeState::Rekeying;
  }
  [[nodiscard]] IkeSpi our_spi() const noexcept {
    return side == Side::Initiator ? initiator_spi : responder_spi;
  }
  [[nodiscard]] IkeSpi peer_spi() const noexcept {
    return side == Side::Initiator ? responder_spi : initiator_spi;
  }
  [[nodiscard]] const IkeCipher& our_cipher() const noexcept {
    return side == Side::Initiator ? keys->initiator : keys->responder;
  }
  [[nodiscard]] const IkeCipher& peer_cipher() const noexcept {
    return side == Side::Initiator ? keys->responder : keys->initiator;
  }
  // ESP goes in UDP where a NAT stands between (IKE-47).
  [[nodiscard]] bool in_udp() const noexcept { return path.local.port == kIkeNatPort && nat.any(); }
  // A peer behind a NAT is where its newest authentic packet has come from, unless we are behind
  // one as well, or MOBIKE says so itself (RFC 7296 2.23, RFC 4555 3.8; NAT-06).
  [[nodiscard]] bool follows_peer() const noexcept {
    return nat.there && !nat.here && !abilities.mobike;
  }
  // That of the IKE SA, or an earlier one until the peer has answered along it (RFC 4555 3.3, 3.7).
  [[nodiscard]] ChildPath child_path() const;
  [[nodiscard]] const HomeAddressWish* wish() const noexcept {
    return home && home->wish ? &*home->wish : nullptr;
  }
};

// As long as it lasts children come or go by our own doing, and the IKE SA is not replaced
// (RFC 7296 2.25.2; IKE-116).
class ChildExchange {
 public:
  explicit ChildExchange(IkeSa& sa) noexcept : sa_(sa) { ++sa_.child_exchanges; }
  ~ChildExchange() { --sa_.child_exchanges; }
  ChildExchange(const ChildExchange&) = delete;
  ChildExchange& operator=(const ChildExchange&) = delete;

 private:
  IkeSa& sa_;
};

}  // namespace sallyport::ike
