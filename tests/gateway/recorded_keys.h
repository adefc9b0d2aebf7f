// A key manager that writes down what it is asked for, and makes SAs when it is told to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/key_manager.h"
#include "sad/sa.h"

namespace sallyport::test {

class RecordedKeys final : public KeyManager {
 public:
  struct Request {
    RequestId id;
    std::string policy;
    Protection protection;
    std::vector<Selector> selectors;
    Endpoints endpoints;
    std::optional<Address> care_of;
  };
  void acquire(const SaRequest& request) override {
    const Protection& protection = *request.policy.protect;
    const Endpoints hosts{request.packet.local, request.packet.remote};
    requests.push_back({request.id, request.policy.name, protection, request.selectors,
                        protection.mode == IpsecMode::Tunnel ? protection.endpoints : hosts,
                        request.care_of});
  }
  // "out-N" and "in-N", N counting from 1.
  [[nodiscard]] std::vector<Sa> pair(const Request& request) {
    ++made_;
    std::vector<Sa> sas;
    sas.push_back(half(Direction::Outbound, request));
    sas.push_back(half(Direction::Inbound, request));
    return sas;
  }

  std::vector<Request> requests;

 private:
  [[nodiscard]] Sa half(Direction direction, const Request& request) const {
    Sa sa;
    sa.name = (direction == Direction::Outbound ? "out-" : "in-") + std::to_string(made_);
    sa.direction = direction;
    sa.spi = Spi{0x10000 + made_ * 2 + (direction == Direction::Inbound ? 1u : 0u)};
    sa.mode = request.protection.mode;
    sa.endpoints = request.endpoints;
    sa.loop_back = direction == Direction::Outbound && request.protection.loop_back;
    sa.transform = {Cipher::AesGcm16_128, Integrity::None};
    sa.cipher_key =
        Secret<32>(std::vector<std::uint8_t>(16, static_cast<std::uint8_t>(sa.spi.value)));
    sa.salt = Secret<4>(std::vector<std::uint8_t>(4, static_cast<std::uint8_t>(made_ >> 7)));
    sa.selectors = request.selectors;
    return sa;
  }
  std::uint32_t made_{};
};

}  // namespace sallyport::test
