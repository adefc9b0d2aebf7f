// Two hosts, 192.0.2.1 and .2 (2001:db8::1 and ::2), each behind a local-stack port of its gateway,
// with one pair of SAs between them.
#pragma once

#include <functional>
#include <memory>

#include "tests/support/test_gateway.h"

namespace sallyport {

class HostPair {
 public:
  struct Settings {
    Transform transform{Cipher::AesGcm16_128, Integrity::None};
    Family family{Family::V4};
    IpsecMode mode{IpsecMode::Transport};
    PortKind kind{PortKind::LocalStack};  // of the sender's inside port
    std::function<void(Sa&)> adjust{};    // of both SAs
    std::function<void(TestGateway::Settings&)> adjust_gateways{};
  };
  explicit HostPair(const Settings& settings);

  // What the first host's gateway puts on the wire for a packet of its host.
  [[nodiscard]] std::vector<PacketBytes> out(const PacketBytes& packet);
  // What the second host gets of a packet from the wire.
  [[nodiscard]] std::vector<PacketBytes> in(const PacketBytes& packet);
  [[nodiscard]] TestGateway& sender() noexcept { return *sender_; }
  [[nodiscard]] TestGateway& receiver() noexcept { return *receiver_; }
  static void fix_ipv4_checksum(PacketBytes& packet);

 private:
  std::unique_ptr<TestGateway> sender_;
  std::unique_ptr<TestGateway> receiver_;
};

}  // namespace sallyport
