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
  ChosenChild chosen;  // algorithms, ESN, group; peer_spi is the outbound SPI
  Spi inbound{};
  IpsecMode mode{IpsecMode::Tunnel};
  SelectorPair selectors;
  SelectorFields packet;  // one that it carries
  Side side{Side::Initiator};
  ChildState state{ChildState::Live};
  // Made as responder of a rekey: installed when the peer is known to receive by it (IKE-113).
  std::optional<Sa> waiting_outbound;
  std::shared_ptr<ChildSa> successor;
  Octets lowest_nonce;  // of the exchange that made it, where it was a rekey (IKE-114)
  std::uint64_t packets_heard{};
  Instant made{};
  TimerId soft{kNoTimer};
  TimerId hard{kNoTimer};

  [[nodiscard]] IpsecProtocol protocol() const noexcept { return policy->protect->protocol; }
  [[nodiscard]] std::string inbound_name() const { return name + "-in"; }
  [[nodiscard]] std::string outbound_name() const { return name + "-out"; }
};

// Where and how its packets travel.
struct ChildPath {
  Endpoints endpoints;
  std::optional<UdpEncapsulation> encapsulation;
};

struct ChildPair {
  Sa outbound;
  Sa inbound;
};
// The two SAs, with the rules of its policy.
[[nodiscard]] ChildPair make_pair(const ChildSa& child, const ChildKeys& keys,
                                  const ChildPath& path);
// One packet that both sides' selectors allow: which of populated SAs it is.
[[nodiscard]] SelectorFields first_packet(const SelectorPair& pair);

// What policy asks of it.
enum class ForwardSecrecy : std::uint8_t { None, AsPolicySays };
[[nodiscard]] ChildTerms terms_of(const Protection& protection, ForwardSecrecy secrecy);

}  // namespace sallyport::ike
