// Frames to a home agent and from it: Binding Updates and payload as nodes seal them, payload for
// nodes, and what of all of it comes out again.
#pragma once

#include <rte_mbuf.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "bench/home_agent_numbers.h"
#include "mip6/message.h"

struct evp_cipher_ctx_st;

namespace sallyport::bench {

// ESP with AES-GCM as the far end of an SA makes it.
class EspSealer {
 public:
  explicit EspSealer(Transform transform);
  ~EspSealer();
  EspSealer(const EspSealer&) = delete;
  EspSealer& operator=(const EspSealer&) = delete;

  // Octets that ESP makes of `plain` of them.
  [[nodiscard]] static std::size_t sealed_bytes(std::size_t plain) noexcept;
  struct Sealing {
    SaName sa;  // the home agent's, which is inbound there
    std::uint32_t sequence{};
    std::uint8_t next_header{};
    ByteView plain;
  };
  // `out` has sealed_bytes() octets.
  void seal(const Sealing& sealing, MutableBytes out);

 private:
  Transform transform_;
  evp_cipher_ctx_st* context_;
};

// Writes whole frames into buffers.
class HomeAgentFrames {
 public:
  struct Links {
    MacAddress inside;  // of the gateway's ports
    MacAddress outside;
  };
  HomeAgentFrames(const Links& links, Transform transform) : links_(links), sealer_(transform) {}

  // Whose tunnel a packet goes by, and where that ends.
  struct Tunnel {
    NodeNumber node{};
    Address inner;  // the node's own
    Address outer;  // where it is
  };
  // UDP in IPv6 of `octets` in all: to the node from behind us, in the clear.
  void write_to_node(rte_mbuf& mbuf, const Tunnel& tunnel, std::uint16_t octets) const;
  // The same from the node, in its tunnel.
  void write_from_node(rte_mbuf& mbuf, const Tunnel& tunnel, std::uint16_t octets,
                       std::uint32_t sequence);
  struct Update {
    NodeNumber node{};
    Place place{};
    std::uint16_t sequence{};  // of the Binding Update, and of ESP
  };
  void write_update(rte_mbuf& mbuf, const Update& update);

 private:
  Links links_;
  EspSealer sealer_;
};

// What has come out on the side where nodes are.
struct Sent {
  enum class Kind : std::uint8_t { Payload, Acknowledgement, Other };
  Kind kind{Kind::Other};
  NodeNumber node{};
  Address to;
};
[[nodiscard]] Sent read_sent(const rte_mbuf& mbuf);

}  // namespace sallyport::bench
