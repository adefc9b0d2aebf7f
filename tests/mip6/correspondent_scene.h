// A correspondent, and a mobile node that is the test's word.
#pragma once

#include <catch2/catch.hpp>

#include "mip6/build_message.h"
#include "mip6/correspondent.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const Address kMovedCareOf = ip("2001:db8:e::100");

struct Tokens {
  KeygenToken home{};
  KeygenToken care_of{};
  NonceIndices indices{};
};

// The mobile node is the test's word.
struct CorrespondentScene {
  explicit CorrespondentScene(Correspondent::Settings settings = {},
                              BindingCache::Limits limits = {})
      : cache({.clock = fakes.clock, .timers = fakes.timers, .random = fakes.random}, limits),
        correspondent(std::in_place,
                      Correspondent::Surroundings{.clock = fakes.clock,
                                                  .timers = fakes.timers,
                                                  .random = fakes.random,
                                                  .sender = fakes.sender,
                                                  .table = fakes.bindings,
                                                  .events = fakes.events,
                                                  .cache = cache,
                                                  .sha1 = kSha1},
                      settings) {}

  void receive(const Arrival& arrival, const Message& message) {
    correspondent->receive(arrival, message,
                           build_message(message, arrival.source, arrival.destination).value());
  }
  static Arrival from(const Address& source) {
    return {.source = source, .destination = kCorrespondent};
  }
  static Arrival away(const Address& home = kHome, const Address& care_of = kCareOf) {
    return {.source = home, .destination = kCorrespondent, .source_care_of = care_of};
  }
  // The one message since the last time, if it is of that type.
  template <class T>
  std::optional<T> answer() {
    const auto sent = fakes.sender.take();
    if (sent.size() != 1) return std::nullopt;
    const auto message = sent[0].message();
    if (!message || !std::holds_alternative<T>(*message)) return std::nullopt;
    last = sent[0];
    return std::get<T>(*message);
  }
  Tokens test(const Address& home = kHome, const Address& care_of = kCareOf) {
    fakes.sender.sent.clear();
    receive(from(home), HomeTestInit{.cookie = {1}});
    const auto home_test = answer<HomeTest>();
    receive(from(care_of), CareOfTestInit{.cookie = {2}});
    const auto care_of_test = answer<CareOfTest>();
    REQUIRE(home_test);
    REQUIRE(care_of_test);
    return {.home = home_test->token,
            .care_of = care_of_test->token,
            .indices = {.home = home_test->nonce_index, .care_of = care_of_test->nonce_index}};
  }

  // What goes into an update, each as it should be.
  struct Update {
    std::uint16_t sequence{100};
    BindingLifetime lifetime{105};
    Flags<UpdateFlag> flags{UpdateFlag::Acknowledge};
    Address home{kHome};
    Address care_of{kCareOf};
    std::optional<Address> alternate{};
  };
  [[nodiscard]] static BindingKey key_of(const Tokens& tokens, const Update& update) {
    return update.lifetime == BindingLifetime{}
               ? kRoutability.deletion_key(tokens.home)
               : kRoutability.binding_key(tokens.home, tokens.care_of);
  }
  [[nodiscard]] static AuthorizedAddresses addresses_of(const Update& update) {
    return {.care_of = update.lifetime == BindingLifetime{}
                           ? update.home
                           : update.alternate.value_or(update.care_of),
            .correspondent = kCorrespondent};
  }
  [[nodiscard]] static Octets build(const Tokens& tokens, const Update& update) {
    auto octets =
        build_without_checksum(BindingUpdate{.sequence = update.sequence,
                                             .flags = update.flags,
                                             .lifetime = update.lifetime,
                                             .options = {.alternate_care_of = update.alternate,
                                                         .nonce_indices = tokens.indices,
                                                         .authorization = Authenticator{}}})
            .value();
    REQUIRE(kRoutability.authorize(octets, key_of(tokens, update), addresses_of(update)));
    set_checksum(octets, update.home, kCorrespondent);
    return octets;
  }
  void deliver(const Arrival& arrival, const Octets& octets) {
    const auto message = parse_exactly(octets, arrival.source, kCorrespondent);
    REQUIRE(message);
    correspondent->receive(arrival, *message, octets);
  }
  void update(const Tokens& tokens, const Update& update) {
    Arrival arrival = from(update.home);
    if (update.care_of != update.home) arrival.source_care_of = update.care_of;
    deliver(arrival, build(tokens, update));
  }
  [[nodiscard]] std::optional<Address> binding(const Address& home = kHome) const {
    return fakes.bindings.care_of(BindingUse::Correspondent, home, kCorrespondent);
  }
  [[nodiscard]] bool is_authorized(const Tokens& tokens, const Update& update) const {
    return kRoutability.is_authorized(last.octets, key_of(tokens, update), addresses_of(update));
  }
  void pass(Duration time) { fakes.pass(time); }

  FakeSurroundings fakes;
  BindingCache cache;
  std::optional<Correspondent> correspondent;  // until a test ends it
  SentMessage last{{kHome, kHome}, {}};
};

}  // namespace sallyport::mip6::test
