// A pair of SAs that an IKE SA has made (RFC 7296 1.3.1, 2.17).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ike/key_schedule.h"
#include "ike/ports.h"
#include "ike/proposal.h"
#include "ike/traffic_selectors.h"

namespace sallyport::ike {

// Who began the exchange that made it, and so which keys are whose (IKE-79).
enum class Side : std::uint8_t { Initiator, Responder };

enum class ChildState : std::uint8_t {
  Live,
  Rekeying,  // by us: a request is under way
  Replaced,  // another pair has taken its place, and it is about to go
  Deleting,  // by us: a request is under way
  Gone,
};
[[nodiscard]] std::string_view to_string(ChildState state) noexcept;

struct ChildSa {
  std::string name;  // "policy/7.3": of the IKE SA, and its own number there
  PolicySource::Entry policy;
  // Entries that are as this one but for their selectors, and whose packets it carries as well: for
  // one family each, say (SPD-05).
  std::vector<PolicySource::Entry> linked;
  ChosenChild chosen;  // algorithms, ESN, group; peer_spi is the outbound SPI
  Spi inbound{};
  IpsecMode mode{IpsecMode::Tunnel};
  SelectorPair selectors;
  // Transport mode through a NAT: what stood on the wire, whose addresses are the hosts' own, or as
  // the peer sees them (RFC 7296 2.23.1). Null everywhere else.
  std::unique_ptr<const SelectorPair> on_wire;
  SelectorFields packet;  // one that it carries
  Side side{Side::Initiator};
  ChildState state{ChildState::Live};
  // Made as responder of a rekey: installed when the peer is known to receive by it (IKE-113).
  std::unique_ptr<Sa> waiting_outbound;
  std::shared_ptr<ChildSa> successor;
  // Ours, which lost against this one of the peer's: it sends and stays until this one can
  // (IKE-114).
  std::weak_ptr<ChildSa> loser;
  std::weak_ptr<ChildSa> predecessor;
  unsigned replacements{};  // being negotiated, by our request or the peer's
  bool rekey_due{};         // put off (IKE-116)
  Octets lowest_nonce;      // of the exchange that made it, where it was a rekey (IKE-114)
  std::uint64_t packets_heard{};
  std::uint64_t packets_sent{};  // when it was last looked at
  bool placed{};                 // its packets are its party's (ike/child_places.h)
  Instant made{};
  TimerId soft{kNoTimer};
  TimerId hard{kNoTimer};
  TimerId linger{kNoTimer};  // it has retired, and only takes what is under way still

  [[nodiscard]] bool has_retired() const noexcept { return linger != kNoTimer; }
  // Counts where there is a limit to children.
  [[nodiscard]] bool lasts() const noexcept {
    return state == ChildState::Live || state == ChildState::Rekeying;
  }
  [[nodiscard]] IpsecProtocol protocol() const noexcept { return policy->protect->protocol; }
  // Another one may still take its place as successor.
  [[nodiscard]] bool is_contested() const noexcept {
    const auto old = predecessor.lock();
    return old && old->replacements > 0;
  }
  // Its own and the linked ones.
  [[nodiscard]] std::vector<PolicySource::Entry> policies() const;
  [[nodiscard]] std::string inbound_name() const { return name + "-in"; }
  [[nodiscard]] std::string outbound_name() const { return name + "-out"; }
};

// Where and how its packets travel.
struct ChildPath {
  Endpoints endpoints;
  std::optional<UdpEncapsulation> encapsulation;
  bool follows_peer{};  // to where the peer's newest packet has come from (NAT-06)
};
// Tunnels go wherever their IKE SA goes. In transport mode the addresses are those of the packets
// themselves: only the ports of UDP may change (RFC 4555 3.5).
[[nodiscard]] bool may_move(const ChildSa& child, const ChildPath& path);

struct ChildPair {
  Sa outbound;
  Sa inbound;
};
// The two SAs, with the rules of its policy.
[[nodiscard]] ChildPair make_pair(const ChildSa& child, const ChildKeys& keys,
                                  const ChildPath& along);

// Packets of the policy that both sides' selectors allow, one for each set of values that it
// populates SAs with: by these its packets find their SA. At most kMostValues.
inline constexpr std::size_t kMostValues = 16;
[[nodiscard]] std::vector<SelectorFields> packets_of(const SelectorPair& pair,
                                                     const Policy& policy);
// An SA of one would do for the other: they differ in name and selectors alone.
[[nodiscard]] bool are_alike(const Policy& left, const Policy& right);

// What policy asks of it.
enum class ForwardSecrecy : std::uint8_t { None, AsPolicySays };
[[nodiscard]] ChildTerms terms_of(const Protection& protection, ForwardSecrecy secrecy);

}  // namespace sallyport::ike
