// Two gateways with one pair of SAs between them: 198.51.100.0/25 and 2001:db8:1::/64 behind the
// first, 198.51.100.128/25 and 2001:db8:2::/64 behind the second, 192.0.2.1 and .2 (2001:db8::1 and
// ::2) in between. Tests look at the wire and bend what crosses it.
#pragma once

#include <functional>
#include <memory>

#include "tests/support/test_gateway.h"

namespace sallyport {

class EspPair {
 public:
  struct Settings {
    Transform transform{Cipher::AesGcm16_128, Integrity::None};
    Family outer{Family::V4};
    Family inner{Family::V4};
    std::function<void(Sa&)> adjust_outbound{};  // of the first gateway, before it is added
    std::function<void(Sa&)> adjust_inbound{};   // of the second
    std::function<void(Policy&)> adjust_sender_policy{};
    std::uint16_t mtu{1500};                                        // of the first gateway's ports
    std::function<void(TestGateway::Settings&)> adjust_gateways{};  // both
  };
  explicit EspPair(const Settings& settings);

  // What the first gateway sends to the wire for a packet from its inside.
  [[nodiscard]] std::vector<PacketBytes> out(const PacketBytes& packet);
  // What the second gateway delivers inside for a packet from the wire.
  [[nodiscard]] std::vector<PacketBytes> in(const PacketBytes& packet,
                                            BufferKind buffer = BufferKind::Pool);
  [[nodiscard]] TestGateway& sender() noexcept { return *sender_; }
  [[nodiscard]] TestGateway& receiver() noexcept { return *receiver_; }
  [[nodiscard]] const Sad::Entry outbound() { return sender_->sad().find("out").value(); }
  [[nodiscard]] const Sad::Entry inbound() { return receiver_->sad().find("in").value(); }
  [[nodiscard]] OutboundState& outbound_state();
  [[nodiscard]] InboundState& inbound_state();

 private:
  std::unique_ptr<TestGateway> sender_;
  std::unique_ptr<TestGateway> receiver_;
};

// An SA of the pair with keys 1, 2, 3, ... of the lengths that the transform takes.
[[nodiscard]] Sa sample_sa(Direction direction, Transform transform);

}  // namespace sallyport
