// The manifests of golden packets, formats "secgw-golden-1" and "secgw-golden-mip6-1".
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/selector.h"
#include "sad/sa.h"
#include "tests/support/packet_builder.h"

namespace sallyport {

// One case: SAs as the sender holds them, and packets before, on and behind the wire.
struct GoldenCase {
  std::string id;
  std::string fault;  // what is wrong with the case itself
  // Of Mobile IPv6: who is who, and what the packets on the wire have in their extension headers.
  struct Mobility {
    Address home_address;
    Address care_of;
    Address home_agent;
    bool home_address_option{};
    bool type2_routing{};
    bool from_mobile_node{};
    std::uint8_t protocol{};
    PacketBytes upper;  // from the upper-layer header on
  };
  std::optional<Mobility> mobility;
  bool sealed{true};  // by `sa`; otherwise there is none
  IpsecMode mode{};
  Family outer{};
  Selector selector;       // local: the sender's side
  Sa sa;                   // outbound
  std::vector<Sa> around;  // of a bundle: the SA that the packets of `sa` go through (ARCH-08)
  std::uint64_t sequence_before{};
  std::vector<PacketBytes> ivs;    // of each packet on the wire
  std::vector<PacketBytes> plain;  // as the sender got them
  std::vector<PacketBytes> wire;
  std::vector<PacketBytes> arrived;  // as the receiver passed them on
};

[[nodiscard]] Expected<std::vector<GoldenCase>> read_golden(const std::filesystem::path& folder);

}  // namespace sallyport
