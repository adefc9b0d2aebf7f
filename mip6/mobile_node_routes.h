// Routes that do not go by the home agent: return routability on the mobile node's side, and its
// registrations with correspondents (RFC 6275 11.6, 11.7.2; RR-01, RR-08, RR-09, RR-12).
#pragma once

#include "mip6/binding_update_list.h"
#include "mip6/mobile_node_registration.h"
#include "mip6/return_routability.h"

namespace sallyport::mip6 {

class MobileNodeRoutes {
 public:
  // All are to outlive it. `list` has correspondents alone.
  MobileNodeRoutes(const MobileNodeSurroundings& surroundings, const MobileNodeSettings& settings,
                   BindingUpdateList& list, MobileNodeRegistration& registration) noexcept;

  // A packet of this peer has come by the home agent. Without effect where that is to go on so:
  // switched off, at home, not registered, no such peer, or one that will not have it.
  void optimise(const Address& peer);

  // What the registration with the home agent is (RR-08).
  void suspend();     // the care-of address before is of no use any more
  void registered();  // the new one may be told to correspondents
  void returned();    // their bindings are to be deleted

  void tested(const Arrival& arrival, const HomeTest& test);
  void tested(const Arrival& arrival, const CareOfTest& test);
  // `octets` are the whole message, as received.
  void acknowledged(const Arrival& arrival, ByteView octets,
                    const BindingAcknowledgement& acknowledgement);
  void refresh_requested(const Arrival& arrival);
  // The correspondent has no binding (Binding Error of status 1).
  void unknown_to(const Address& peer);
  // It knows nothing of mobility, or will not have it.
  void unsupported_by(const Address& peer);
  // Home address or registration end sooner than some bindings (MPD-05).
  void shorten(Instant end);

 private:
  [[nodiscard]] Instant now() const noexcept { return around_.clock.now(); }
  [[nodiscard]] BindingUpdateEntry* find(const Address& peer);
  [[nodiscard]] bool is_recent(const RoutabilityTest& test) const;

  void start(BindingUpdateEntry& entry);
  void make_room(const Address& peer);
  void test_home(BindingUpdateEntry& entry);
  void test_care_of(BindingUpdateEntry& entry);
  void send_home_test_init(BindingUpdateEntry& entry);
  void send_care_of_test_init(BindingUpdateEntry& entry);
  void send(const Message& message, const Departure& departure);
  void proceed(BindingUpdateEntry& entry);
  void send_update(BindingUpdateEntry& entry);
  [[nodiscard]] bool has_tokens(const BindingUpdateEntry& entry) const;
  [[nodiscard]] BindingKey key_of(const BindingUpdateEntry& entry) const;
  [[nodiscard]] BindingLifetime lifetime();

  void nonces_expired(BindingUpdateEntry& entry, BindingStatus status);
  void out_of_window(BindingUpdateEntry& entry, std::uint16_t last);
  void accepted(BindingUpdateEntry& entry, const BindingUpdateEntry::Outstanding& update,
                BindingLifetime granted);
  void use(BindingUpdateEntry& entry);
  void stop_using(BindingUpdateEntry& entry);
  void stop(BindingUpdateEntry& entry);
  void refresh(BindingUpdateEntry& entry);
  void expired(BindingUpdateEntry& entry);
  void give_up(BindingUpdateEntry& entry);
  void remove(const BindingUpdateEntry& entry);

  const MobileNodeSurroundings& around_;
  const MobileNodeSettings& settings_;
  BindingUpdateList& list_;
  MobileNodeRegistration& registration_;
  ReturnRoutability routability_;
};

}  // namespace sallyport::mip6
