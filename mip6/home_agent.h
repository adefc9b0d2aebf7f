// The home agent: answers Binding Updates with the flag H, and stands in for nodes that are away
// (RFC 6275 10, RFC 3963 6, RFC 4877 4.3; HA-01..14, NEMO-01..06). Control thread.
#pragma once

#include <memory>
#include <unordered_map>

#include "base/recent_map.h"
#include "mip6/binding_lifetime.h"
#include "mip6/message_rate.h"
#include "mip6/registration_rules.h"

namespace sallyport::mip6 {

class HomeAgent {
 public:
  // All of which outlive it.
  struct Surroundings {
    const Clock& clock;
    Random& random;
    PacketSender& sender;
    BindingTable& table;
    TunnelMigrator& tunnels;
    IkeMobility& ike;
    NeighbourProxy& neighbours;
    StateStore& store;
    Events& events;
    BindingCache& cache;  // whose end of home registrations it hears of
  };
  // Fails where the list of nodes contradicts itself. Home registrations that the cache holds from
  // before go on, but for those that the configuration does not serve.
  [[nodiscard]] static Expected<std::unique_ptr<HomeAgent>> create(HomeAgentConfig config,
                                                                   const Surroundings& around);
  ~HomeAgent();
  HomeAgent(const HomeAgent&) = delete;
  HomeAgent& operator=(const HomeAgent&) = delete;

  // In place of the one before. What it serves goes on, and what is being decided is decided by it;
  // registrations of what it serves no longer end: of nodes, networks, our addresses, and of
  // another link. Where it fails, as create() does, all stays.
  [[nodiscard]] Expected<void> configure(HomeAgentConfig config);

  // An update with the flag H or R, of any sender, to any address of ours.
  void receive(const Arrival& arrival, const BindingUpdate& update);

  // Of a record, with what was left of its lifetime: it goes on as it was, without duplicate
  // address detection. Fails where this home agent would refuse it.
  [[nodiscard]] Expected<void> adopt(BindingEntry entry, Duration left);

  // Serves nobody any more: all registrations end. Without it they outlive this, for the next one.
  void close();

  // Bindings end, or end sooner, where their prefix does (RFC 6275 10.3.1).
  void set_prefixes(std::vector<HomePrefix> prefixes);

  enum class Change : std::uint8_t { Began, Updated, Ended };
  // Called after each change of a home registration.
  using Changed = std::function<void(const BindingEntry&, Change)>;
  void on_change(Changed changed) { changed_ = std::move(changed); }

  // One of those to which home registrations are sent.
  [[nodiscard]] bool has_address(const Address& address) const;
  [[nodiscard]] const HomeAgentConfig& config() const noexcept { return config_; }
  [[nodiscard]] const ServedNodes& nodes() const noexcept { return nodes_; }
  [[nodiscard]] std::size_t detections() const noexcept { return pending_.size(); }

 private:
  // An update whose addresses are being looked for on the home link.
  struct Pending {
    Arrival arrival;
    BindingUpdate update;
    std::uint64_t number{};  // of these detections: earlier ones do not count
    std::size_t waiting{};
    NeighbourProxy::Uniqueness found{NeighbourProxy::Uniqueness::Unique};
  };
  struct Acknowledged {
    BindingStatus status{};
    std::uint16_t sequence{};
    BindingLifetime lifetime{};
    Flags<AcknowledgementFlag> flags{};
  };

  explicit HomeAgent(const Surroundings& around);

  void rule(const Arrival& arrival, const BindingUpdate& update, const Verdict& verdict);
  void refuse(const Arrival& arrival, const BindingUpdate& update, const Verdict& verdict);
  void refused(const Arrival& arrival, const BindingUpdate& update, std::string_view why);
  void acknowledge(const Arrival& arrival, const Acknowledged& what);
  [[nodiscard]] bool is_at_home(const Arrival& arrival) const;

  void register_node(const Arrival& arrival, const BindingUpdate& update, const Verdict& verdict);
  [[nodiscard]] bool wait_longer(const Arrival& arrival, const BindingUpdate& update);
  void detect(const Arrival& arrival, const BindingUpdate& update,
              const std::vector<Address>& addresses);
  void detected(const Address& home_address, std::uint64_t number,
                NeighbourProxy::Uniqueness found);
  void install(const Arrival& arrival, const BindingUpdate& update, const Verdict& verdict);
  [[nodiscard]] std::optional<BindingStatus> lead(const BindingEntry& entry,
                                                  const std::optional<BindingEntry>& before);
  // True where there is nothing to move, too.
  [[nodiscard]] bool move_tunnels(const BindingEntry& entry);
  void stop_leading(const BindingEntry& entry);
  void lead_sharers(const Address& home_address);
  void serve(const BindingEntry& entry, const std::optional<BindingEntry>& before);
  void release_link_local(const Address& home_address);
  [[nodiscard]] Flags<AcknowledgementFlag> move_ike(const BindingUpdate& update,
                                                    const BindingEntry& entry,
                                                    const std::optional<Address>& from);

  void deregister(const Arrival& arrival, const BindingUpdate& update);
  void withdraw(const BindingEntry& entry);
  [[nodiscard]] bool may_go_on(const BindingEntry& entry) const;
  void end_where(const std::function<bool(const BindingEntry&)>& is_over);
  void ended(const BindingEntry& entry);
  void changed(const BindingEntry& entry, Change change) const;
  void report(EventKind kind, const BindingEntry& entry) const;

  HomeAgentConfig config_;
  Surroundings around_;
  ServedNodes nodes_;
  LinkLocalHolders link_locals_;
  RegistrationRules rules_;
  std::unordered_map<Address, Pending, AddressHash> pending_;  // by home address
  RecentMap<Address, MessageRate> rates_;                      // of updates, by home address
  std::uint64_t last_number_{};
  Changed changed_;
  std::shared_ptr<int> alive_{std::make_shared<int>()};  // for what neighbours call back
};

}  // namespace sallyport::mip6
