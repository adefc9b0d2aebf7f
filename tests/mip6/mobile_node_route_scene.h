// A mobile node that is registered, and a correspondent that is the test's word.
#pragma once

#include <catch2/catch.hpp>

#include "mip6/return_routability.h"
#include "tests/mip6/mobile_node_scene.h"

namespace sallyport::mip6::test {

inline constexpr KeygenToken kHomeToken{1, 2, 3, 4, 5, 6, 7, 8};
inline constexpr KeygenToken kCareOfToken{9, 8, 7, 6, 5, 4, 3, 2};

// A correspondent, as a test plays it.
struct RouteScene : MobileNodeScene {
  explicit RouteScene(const MobileNodeSettings& settings = mobile_node_settings())
      : MobileNodeScene(settings) {
    register_at(kCareOf);
  }

  static Arrival in_tunnel(const Address& peer = kCorrespondent) {
    Arrival arrival = from(peer);
    arrival.tunnel = OuterHeader{.source = kHomeAgent, .protection = Protection::Ipsec};
    return arrival;
  }
  Arrival direct(const Address& peer = kCorrespondent) {
    return {.source = peer, .destination = node.registered_care_of().value()};
  }
  // Answers what was asked, or what of it is wanted.
  enum class Answers : std::uint8_t { Both, Home, CareOf };
  void answer(Answers which = Answers::Both) {
    const auto sent = fakes.sender.take();
    for (const auto& test : only<HomeTestInit>(sent))
      if (which != Answers::CareOf)
        receive(in_tunnel(),
                HomeTest{.nonce_index = 7, .cookie = test.cookie, .token = kHomeToken});
    for (const auto& test : only<CareOfTestInit>(sent))
      if (which != Answers::Home)
        receive(direct(),
                CareOfTest{.nonce_index = 9, .cookie = test.cookie, .token = kCareOfToken});
  }
  // An acknowledgement as the correspondent would authorize it.
  void answer_update(BindingAcknowledgement acknowledgement, const BindingKey& key,
                     const Address& care_of) {
    acknowledgement.options.authorization = Authenticator{};
    auto octets = build_without_checksum(acknowledgement).value();
    REQUIRE(
        kRoutability.authorize(octets, key, {.care_of = care_of, .correspondent = kCorrespondent}));
    set_checksum(octets, kCorrespondent, kHome);
    const auto parsed = parse_exactly(octets, kCorrespondent, kHome);
    REQUIRE(parsed);
    node.receive(from(kCorrespondent), *parsed, octets);
  }
  void accept(const BindingUpdate& update) {
    answer_update({.sequence = update.sequence, .lifetime = update.lifetime},
                  kRoutability.binding_key(kHomeToken, kCareOfToken),
                  node.registered_care_of().value());
  }
  // All the way.
  void optimise() {
    node.optimise(kCorrespondent);
    answer();
    accept(last_update());
  }
  [[nodiscard]] std::optional<Address> route() const {
    return fakes.bindings.care_of(BindingUse::MobileNode, kHome, kCorrespondent);
  }
};

}  // namespace sallyport::mip6::test
