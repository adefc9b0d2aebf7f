// What MOBIKE keeps of an IKE SA, and lists of addresses on the wire (RFC 4555). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ike/child_sa.h"
#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"

namespace sallyport::ike {

// Of one side, beside the address in use: more are neither told nor kept.
inline constexpr std::size_t kMostOtherAddresses = 8;

// A NAT where none may be: one packet may have been forged, so many have not (RFC 4555 3.9).
inline constexpr unsigned kMostNatRefusals = 4;

struct Mobility {
  // Of the first in a series of IKE SAs that replace each other: its initiator chooses the path,
  // whoever has begun the latest (RFC 4555 1.3).
  Side role{Side::Initiator};
  std::vector<Address> theirs{};  // that the peer has beside the one in use, as it last said
  std::vector<Address> told{};    // the same of us, as the peer has last heard
  // Of the children, until the peer has answered from its new address (RFC 4555 3.7).
  std::optional<ChildPath> proven{};
  Path agreed{};                // that the peer knows of
  bool update_due{};            // it does not know yet of the one that we are on
  bool searching{};             // a request has gone out along several paths
  unsigned nat_refusals{};      // one after the other
  std::vector<Path> refused{};  // by the peer, since it has last taken one

  // What follows counts in this IKE SA alone, and not in its successor.
  std::uint64_t moves{};  // an answer to what was asked before the last one proves nothing
  std::optional<MessageId> newest_update{};  // of the peer's requests
  std::optional<MessageId> newest_list{};
  Octets seen_as{};  // NAT_DETECTION_DESTINATION_IP of the last answer to an update (RFC 4555 3.8)
  struct Waiting {
    bool update{};
    bool list{};
    bool check{};
  };
  Waiting waiting{};  // for a turn in the window: one of each is enough
};
// What the successor of an IKE SA begins with.
[[nodiscard]] Mobility inherited(const Mobility& old);

// ADDITIONAL_IP4_ADDRESS and ADDITIONAL_IP6_ADDRESS; without any, `none` says whether
// NO_ADDITIONAL_ADDRESSES takes their place, which IKE_AUTH does without (RFC 4555 3.4, 3.6).
enum class WithoutAny : std::uint8_t { SayNothing, SaySo };
void append_addresses(PayloadChain& payloads, std::span<const Address> addresses, WithoutAny none);
// One of the three is in it: its list replaces the one before.
[[nodiscard]] bool tells_addresses(const Message& message) noexcept;
// The first kMostOtherAddresses that a host can have, each once.
[[nodiscard]] std::vector<Address> addresses_in(const Message& message);

}  // namespace sallyport::ike
