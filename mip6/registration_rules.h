// What a home agent does about a Binding Update: the checks of RFC 6275 9.5.1, 10.3.1 and 10.3.2
// and RFC 3963 6.2, in their order (HA-01..05, HA-12, NEMO-01, NEMO-03, NEMO-06). Changes nothing.
#pragma once

#include <string_view>

#include "mip6/binding_cache.h"
#include "mip6/home_agent_config.h"
#include "mip6/link_local_holders.h"

namespace sallyport::mip6 {

struct Verdict {
  enum class Ruling : std::uint8_t {
    Drop,        // without a word
    Refuse,      // with `status`
    Register,    // at `care_of`
    Deregister,  // or do so again
  };

  Ruling ruling{Ruling::Drop};
  BindingStatus status{BindingStatus::Accepted};
  std::string_view why{};    // of Drop, for people
  std::uint16_t sequence{};  // for the acknowledgement: the update's, or the last one (135)
  Address care_of{Address::any(Family::V6)};
  std::vector<Prefix> networks{};
};

class RegistrationRules {
 public:
  struct Known {
    const HomeAgentConfig& config;
    const ServedNodes& nodes;
    const BindingCache& cache;
    const LinkLocalHolders& link_locals;
    const StateStore& store;
    const Clock& clock;
  };
  explicit RegistrationRules(const Known& known) : known_(known) {}

  // Of an update with the flag H or R that was sent to an address of ours. `waiting`: the number of
  // the node's update that is not decided yet, which was a valid one.
  [[nodiscard]] Verdict judge(const Arrival& arrival, const BindingUpdate& update,
                              std::optional<std::uint16_t> waiting = {}) const;
  // RFC 3963 6.2 knows another way to say it than a lifetime of 0.
  [[nodiscard]] bool deletes(const Arrival& arrival, const BindingUpdate& update) const;
  // The last sequence number of what was registered, from before a restart too where its SAs are of
  // before (MSEC-34).
  [[nodiscard]] std::optional<std::uint16_t> last_sequence(const Arrival& arrival) const;
  // What limits the lifetime of a binding; null where nothing does, or where it can't be had.
  [[nodiscard]] const HomePrefix* home_prefix(const Address& home_address) const;
  // Nobody else has the link-local address that the flag L would have us defend for it.
  [[nodiscard]] bool may_have_link_local(const Address& home_address) const;

 private:
  [[nodiscard]] std::string_view unfit(const Arrival& arrival, const BindingUpdate& update) const;
  [[nodiscard]] std::optional<BindingStatus> changes_type(const Arrival& arrival,
                                                          const BindingUpdate& update) const;
  [[nodiscard]] std::optional<BindingStatus> refused(const Arrival& arrival,
                                                     const BindingUpdate& update) const;
  [[nodiscard]] std::optional<BindingStatus> refused_place(const Arrival& arrival,
                                                           const BindingUpdate& update) const;
  [[nodiscard]] bool is_own(const Address& address) const;
  [[nodiscard]] bool is_someones(const Address& care_of) const;
  [[nodiscard]] bool leads_back(const Address& home_address, const Address& care_of) const;

  Known known_;
};

// By which an update says that its IPsec is of just the two nodes (RFC 6275 5.1): in transport
// mode, or whole in the tunnel that carries everything (RFC 4877 5, MSEC-35).
[[nodiscard]] bool is_protected(const Arrival& arrival) noexcept;

// That of an option, else where the packet came from (9.5.1; a binding identifier with one counts
// as such an option, HA-05).
[[nodiscard]] Address care_of_address(const Arrival& arrival, const BindingUpdate& update);

}  // namespace sallyport::mip6
