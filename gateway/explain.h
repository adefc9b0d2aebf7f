// What would become of a packet: what workers ask on its way, asked of the same tables with the
// same code (SPD-02, ARCH-10). Nothing is changed or counted by it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/drop_reason.h"
#include "gateway/gateway.h"

namespace sallyport {

// A whole packet, short enough for every link and far from its last hop.
struct PacketFields {
  Address from;
  Address to;  // of the same family
  std::uint8_t protocol{};
  std::uint16_t source_port{};  // or ICMP type * 256 + code, or MH type * 256
  std::uint16_t destination_port{};
  std::uint8_t dscp{};
};

enum class Fate : std::uint8_t {
  Forwarded,  // in clear
  Protected,  // by the last of `sas`
  Delivered,  // to this gateway
  Opened,     // IPsec for this gateway: the SA that has its SPI decides
  Held,       // until the key manager has made an SA with `peer`
  Discarded,  // for `reason`
};

struct Explanation {
  // The first of some policies, and how many they are.
  struct Names {
    static constexpr std::size_t kMost = 20;
    std::vector<std::string> names;
    std::size_t count{};
    void add(const std::string& name);
  };
  // The answer of one SPD, in which the packet crosses the boundary this way.
  struct Judgement {
    Direction direction{};
    SpdId spd{};
    const Policy* policy{};  // null: nothing matched
    std::size_t position{};  // in its SPD
    PolicyAction action{};
    std::string entry{};  // the decorrelated one that the packet is in (RFC 4301 appendix B)
    Names cut_by{};       // earlier ones that took something from it
    Names shadows{};      // later ones that match the packet, too
  };
  struct Way {
    std::optional<Prefix> to;  // nullopt: no route
    NextHop next_hop;
  };
  struct Carrier {
    const Sa* sa{};
    Way way;  // of what it makes
  };

  Direction direction{};  // inbound: it comes in clear by an unprotected port
  Way way;
  // In order; more than one where it comes in and goes out again, or goes round for another SA.
  std::vector<Judgement> judgements;
  std::vector<Carrier> sas;
  std::optional<Address> peer;  // policy protects and has no SA: one would be negotiated with it
  Fate fate{Fate::Discarded};
  std::optional<DropReason> reason;
  PortId out{kNoPort};  // by which it leaves
};

// `ingress` is where it comes in; kNoPort: the gateway itself has made it. What the answer points
// to stands until SAs or policies change. Control thread.
[[nodiscard]] Explanation explain(Gateway& gateway, const PacketFields& packet, PortId ingress);

}  // namespace sallyport
