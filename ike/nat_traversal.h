// NAT detection, and NATs that are forbidden (RFC 7296 2.23, 4555 3.9; IKE-46, IKE-47, MOBIKE-06).
// Pure.
#pragma once

#include "ike/ports.h"
#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"

namespace sallyport::ike {

struct NatFindings {
  bool supported{};  // the peer has sent the notifies
  bool here{};       // a NAT stands before us: what the peer sees is not our address
  bool there{};      // one stands before the peer
  [[nodiscard]] bool any() const noexcept { return here || there; }
  friend bool operator==(const NatFindings&, const NatFindings&) = default;
};

// SHA-1 of SPIs, address and port, 20 octets.
[[nodiscard]] Octets nat_hash(IkeSpi initiator, IkeSpi responder, const Endpoint& endpoint);
// Both notifies for a message that goes along `path`. With `forced` the source's hash is one that
// fits no address, so that the peer finds a NAT.
enum class NatHashes : std::uint8_t { True, Forced };
void append_nat_detection(PayloadChain& payloads, const Path& path, IkeSpi initiator,
                          IkeSpi responder, NatHashes hashes);
// What a message that came along `path` (as we see it) says.
[[nodiscard]] NatFindings detect_nat(const Message& message, const Path& path, IkeSpi initiator,
                                     IkeSpi responder);

// NO_NATS_ALLOWED of a message that goes along `path`: source and destination address, source and
// destination port; 12 or 36 octets (RFC 4555 4.2.6).
[[nodiscard]] Octets no_nats_allowed(const Path& path);
// The message holds one that is not true of `path` (as we see it), by which it came.
[[nodiscard]] bool finds_unexpected_nat(const Message& message, const Path& path);

}  // namespace sallyport::ike
