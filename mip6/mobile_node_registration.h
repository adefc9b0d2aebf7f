// The mobile node's registration with its home agent (RFC 6275 11.5.5, 11.7.1, 11.7.3; MN-02 to
// MN-06, MN-09, MN-10).
#pragma once

#include <memory>

#include "mip6/binding_update_list.h"
#include "mip6/mobile_node_settings.h"
#include "mip6/movement_detection.h"

namespace sallyport::mip6 {

class MobileNodeRegistration {
 public:
  // Who has more to do when something has become of it.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void moving() = 0;             // packets leave by the new place from now on
    virtual void registered() = 0;         // away, newly or again
    virtual void returned() = 0;           // home, without a binding
    virtual void prefixes_changed() = 0;   // at home: to be asked for (status 1)
    virtual void no_home_agent() = 0;      // none that is known accepts us
    virtual void home_address_lost() = 0;  // somebody else has it (status 134)
  };

  // All are to outlive it.
  MobileNodeRegistration(const MobileNodeSurroundings& surroundings,
                         const MobileNodeSettings& settings, BindingUpdateList& list,
                         Observer& observer);

  void arriving(const Attachment& attachment);
  void attached(const Attachment& attachment);
  void detached();
  void acknowledged(const Arrival& arrival, const BindingAcknowledgement& acknowledgement);
  // A new update for the place where we are: the home agent does not know us (11.3.6).
  void renew();
  // Tells the home agent that it is over, wherever we are.
  void end();
  // Our home agent wants us to be another's; without addresses we look for one (RFC 5142 6.1).
  void switch_to(std::vector<Address> home_agents);
  // Nobody has proved that they are home agents: they come behind those that we were told.
  void discovered(const std::vector<Address>& home_agents);
  // Lifetimes asked for end with it (MPD-05).
  void set_home_address_end(Instant end) noexcept { home_address_end_ = end; }
  [[nodiscard]] Instant home_address_end() const noexcept { return home_address_end_; }

  [[nodiscard]] const std::optional<Attachment>& attachment() const noexcept { return attachment_; }
  [[nodiscard]] bool at_home() const noexcept { return attachment_ && !attachment_->care_of; }
  [[nodiscard]] const std::optional<Address>& home_agent() const noexcept { return home_agent_; }
  // The home agent that has accepted the last registration (11.4.3).
  [[nodiscard]] const std::optional<Address>& accepted_by() const noexcept { return accepted_by_; }
  // IPsec has it from the home agent that it names as its source: by an SA for the two, or, where
  // one tunnel has everything, by that one (MSEC-35).
  [[nodiscard]] bool is_protected(const Arrival& arrival) const noexcept;
  // An answer is waited for, or a question put off.
  [[nodiscard]] bool is_asking();
  // Our place, as long as the home agent has accepted that very one.
  [[nodiscard]] std::optional<Address> registered_care_of();
  // Lifetime left, also of the home address; 0 where there is no binding.
  [[nodiscard]] Duration left();

 private:
  enum class Purpose : std::uint8_t { Register, Deregister };
  enum class Phase : std::uint8_t { Working, Ending, Lost };  // the home address
  struct Tunnel {
    Address home_agent;
    Address begin;
    friend bool operator==(const Tunnel&, const Tunnel&) = default;
  };

  [[nodiscard]] BindingUpdateEntry* entry();
  [[nodiscard]] Instant now() const noexcept { return around_.clock.now(); }
  [[nodiscard]] Address care_of() const;  // the home address at home
  [[nodiscard]] TunnelMigrator::Ends ends_to(const Address& home_agent) const;
  void report(EventKind kind, std::string detail = {});

  void register_here();
  void prepared(const Expected<void>& how);
  void start(Purpose purpose);
  void send();
  [[nodiscard]] BindingUpdate update(const BindingUpdateEntry& known) const;
  [[nodiscard]] Flags<UpdateFlag> flags() const;
  [[nodiscard]] BindingLifetime lifetime() const;
  [[nodiscard]] Departure departure() const;
  [[nodiscard]] bool in_tunnel() const noexcept {
    return settings_.signalling == Signalling::InTunnel;
  }
  void open_tunnel();
  void close_tunnel();

  [[nodiscard]] bool is_from_home_agent(const Arrival& arrival) const;
  void accepted(BindingUpdateEntry& known, const BindingUpdateEntry::Outstanding& update,
                const BindingAcknowledgement& acknowledgement);
  [[nodiscard]] bool is_refusal(const BindingAcknowledgement& acknowledgement);
  Duration record(BindingUpdateEntry& known, const BindingUpdateEntry::Outstanding& update,
                  const BindingAcknowledgement& acknowledgement);
  void keep(BindingUpdateEntry& known, const BindingUpdateEntry::Outstanding& update,
            const BindingAcknowledgement& acknowledgement);
  void deleted();
  void rejected(BindingStatus status);
  void out_of_window(BindingUpdateEntry& known, std::uint16_t last);
  void follow_with_ike(const BindingAcknowledgement& acknowledgement);
  void expired();
  [[nodiscard]] bool is_held_by_another() const;
  void lose_home_address();

  void come_home();
  [[nodiscard]] bool may_be_bound();
  void leave_home();
  void check_home_address();
  void claim_home_address();
  void home_address_checked(NeighbourProxy::Uniqueness uniqueness);
  void deregister_at_home();
  void finish_at_home();

  [[nodiscard]] bool is_one_of_ours(const Address& home_agent) const;
  void fail_over(Duration soonest);
  void try_later(Duration delay);
  void try_next();
  void use_home_agent(const Address& home_agent);
  void allow_all();

  const MobileNodeSurroundings& around_;
  const MobileNodeSettings& settings_;
  BindingUpdateList& list_;
  Observer& observer_;
  std::optional<Attachment> attachment_;
  std::vector<Address> home_agents_;
  std::optional<Address> home_agent_;
  std::optional<Address> accepted_by_;
  // When that ends, or has; nullopt where no home agent has accepted us, or one has said that it is
  // over.
  std::optional<Instant> accepted_until_;
  std::size_t failed_{};  // home agents, since one has accepted or we have moved
  Purpose purpose_{Purpose::Register};
  std::optional<Tunnel> tunnel_;               // packets with the home address leave by it
  std::optional<Address> ike_at_;              // where we speak IKE from
  std::optional<PortId> claimed_;              // the home link, where the home address is ours
  std::optional<MacAddress> home_agent_link_;  // on the home link
  Duration check_delay_{};                     // until the home address is checked again
  unsigned unanswered_{};                      // sendings of this update
  Instant home_address_end_{Instant::max()};
  Phase phase_{Phase::Working};
  std::shared_ptr<int> asked_;  // answers to an older question come too late
  Alarm later_;
};

}  // namespace sallyport::mip6
