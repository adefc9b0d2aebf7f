#include "mip6/registration_rules.h"

#include <algorithm>

#include "mip6/mobile_networks.h"
#include "mip6/sequence_number.h"
#include "mip6/unicast.h"

namespace sallyport::mip6 {
namespace {

using Ruling = Verdict::Ruling;

// Tunnels in tunnels that a care-of address may lead through.
constexpr int kMostNested = 4;

std::optional<Address> named_care_of(const BindingUpdate& update) {
  if (update.options.alternate_care_of) return update.options.alternate_care_of;
  const auto& identifiers = update.options.binding_identifiers;
  if (identifiers.size() == 1) return identifiers.front().care_of;
  return std::nullopt;
}

Verdict refuse(BindingStatus status, std::uint16_t sequence) {
  return {.ruling = Ruling::Refuse, .status = status, .sequence = sequence};
}

}  // namespace

bool is_protected(const Arrival& arrival) noexcept {
  if (arrival.protection == Protection::Ipsec) return true;
  // A wide tunnel brings packets of whoever sends from behind it.
  const auto& tunnel = arrival.tunnel;
  return tunnel && tunnel->protection == Protection::Ipsec && tunnel->names_source;
}

Address care_of_address(const Arrival& arrival, const BindingUpdate& update) {
  if (const auto named = named_care_of(update)) return *named;
  if (arrival.tunnel && !arrival.source_care_of) return arrival.tunnel->source;
  return arrival.wire_source();
}

Verdict RegistrationRules::judge(const Arrival& arrival, const BindingUpdate& update,
                                 std::optional<std::uint16_t> waiting) const {
  if (const std::string_view why = unfit(arrival, update); !why.empty()) return {.why = why};
  std::optional<std::uint16_t> last = last_sequence(arrival);
  if (waiting && (!last || is_newer(*waiting, *last))) last = waiting;
  if (last && !is_newer(update.sequence, *last))
    return refuse(BindingStatus::SequenceOutOfWindow, *last);
  if (const auto changed = changes_type(arrival, update)) return refuse(*changed, update.sequence);
  if (deletes(arrival, update)) {
    if (known_.cache.home_registration(arrival.source) == nullptr)
      return refuse(BindingStatus::NotHomeAgent, update.sequence);
    return {.ruling = Ruling::Deregister, .sequence = update.sequence};
  }
  if (const auto status = refused(arrival, update)) return refuse(*status, update.sequence);
  Verdict verdict{.ruling = Ruling::Register,
                  .sequence = update.sequence,
                  .care_of = care_of_address(arrival, update)};
  if (!update.flags.has(UpdateFlag::MobileRouter)) return verdict;
  auto networks = registered_networks(update.options, *known_.nodes.find(arrival.source),
                                      known_.config.most_networks);
  if (!networks) return refuse(networks.error(), update.sequence);
  verdict.networks = std::move(*networks);
  return verdict;
}

bool RegistrationRules::deletes(const Arrival& arrival, const BindingUpdate& update) const {
  if (update.lifetime == BindingLifetime{}) return true;
  return update.flags.has(UpdateFlag::MobileRouter) &&
         care_of_address(arrival, update) == arrival.source;
}

std::optional<std::uint16_t> RegistrationRules::last_sequence(const Arrival& arrival) const {
  if (const BindingEntry* const entry = known_.cache.home_registration(arrival.source))
    return entry->sequence;
  if (const BindingEntry* const entry = known_.cache.find(arrival.source, arrival.destination))
    return entry->sequence;
  const ServedNode* const node = known_.nodes.find(arrival.source);
  if (node == nullptr || !node->services.has(Service::ManualKeys)) return std::nullopt;
  return known_.store.load(arrival.source);
}

const HomePrefix* RegistrationRules::home_prefix(const Address& home_address) const {
  return known_.config.link.on_link(home_address, known_.clock.now());
}

// What is dropped without a word; empty where nothing is wrong. Nothing is answered that nobody
// has authenticated.
std::string_view RegistrationRules::unfit(const Arrival& arrival,
                                          const BindingUpdate& update) const {
  if (!arrival.source.is_unicast_routable()) return "a home address that no node can have";
  if (!arrival.wire_source().is_unicast_routable()) return "a source that no node can have";
  if (!is_protected(arrival) && known_.config.unprotected == HomeAgentConfig::Unprotected::Refused)
    return "not protected by IPsec";
  if (update.options.nonce_indices) return "nonce indices in a home registration";
  if (deletes(arrival, update)) return {};
  if (!care_of_address(arrival, update).is_unicast_routable())
    return "a care-of address that no node can have";
  const bool in_tunnel = arrival.protection == Protection::None && is_protected(arrival);
  if (!arrival.source_care_of && !in_tunnel) return "a registration without Home Address option";
  return {};
}

std::optional<BindingStatus> RegistrationRules::changes_type(const Arrival& arrival,
                                                             const BindingUpdate& update) const {
  if (!update.flags.has(UpdateFlag::HomeRegistration))
    return BindingStatus::MobileRouterNotPermitted;
  const BindingEntry* const here = known_.cache.find(arrival.source, arrival.destination);
  if (here != nullptr && here->valid && here->use != BindingUse::HomeAgent)
    return BindingStatus::TypeChangeDisallowed;
  const BindingEntry* const entry = known_.cache.home_registration(arrival.source);
  if (entry == nullptr || !entry->valid || deletes(arrival, update)) return std::nullopt;
  if (entry->flags.has(UpdateFlag::MobileRouter) != update.flags.has(UpdateFlag::MobileRouter))
    return BindingStatus::TypeChangeDisallowed;
  return std::nullopt;
}

std::optional<BindingStatus> RegistrationRules::refused(const Arrival& arrival,
                                                        const BindingUpdate& update) const {
  const Address& home_address = arrival.source;
  const ServedNode* const node = known_.nodes.find(home_address);
  const bool router = update.flags.has(UpdateFlag::MobileRouter);
  const Address* const of_router = known_.nodes.router_of(home_address);
  const bool of_own_network = router && of_router != nullptr && *of_router == home_address;
  if (home_prefix(home_address) == nullptr && !of_own_network) return BindingStatus::NotHomeSubnet;
  if (node == nullptr || is_own(home_address) || is_subnet_anycast(home_address))
    return BindingStatus::Prohibited;
  if (router && !node->services.has(Service::MobileRouter))
    return BindingStatus::MobileRouterNotPermitted;
  if (update.flags.has(UpdateFlag::LinkLocalCompatible) && !may_have_link_local(home_address))
    return BindingStatus::DuplicateAddress;
  return refused_place(arrival, update);
}

std::optional<BindingStatus> RegistrationRules::refused_place(const Arrival& arrival,
                                                              const BindingUpdate& update) const {
  // ESP in transport mode does not cover where the packet came from (RFC 4877 4.3), AH does (RFC
  // 6275 11.7.1); a tunnel's outer header nothing does.
  const ServedNode* const node = known_.nodes.find(arrival.source);
  const bool covered = arrival.protection == Protection::Ipsec && node != nullptr &&
                       node->services.has(Service::CoveredSource);
  if (is_protected(arrival) && !covered && !named_care_of(update)) return BindingStatus::Prohibited;
  const Address care_of = care_of_address(arrival, update);
  if (is_own(care_of) || is_someones(care_of) || leads_back(arrival.source, care_of))
    return BindingStatus::InvalidCareOfAddress;
  return std::nullopt;
}

// Neither ours nor another node's: neighbours would find the wrong one there (RFC 6275 10.3.1).
bool RegistrationRules::may_have_link_local(const Address& home_address) const {
  const Address address = link_local_of(home_address);
  if (address == known_.config.link.link_local) return false;
  return std::ranges::all_of(known_.link_locals.holders_of(address), [&](const Address& holder) {
    return known_.nodes.are_one_node(holder, home_address);
  });
}

bool RegistrationRules::is_own(const Address& address) const {
  const auto& link = known_.config.link;
  return std::ranges::find(known_.config.addresses, address) != known_.config.addresses.end() ||
         std::ranges::any_of(link.prefixes, [&](const HomePrefix& prefix) {
           return prefix.prefix.address == address || home_agents_anycast(prefix.prefix) == address;
         });
}

// A home address that is served: its packets would go round (HA-05), or to somebody else.
bool RegistrationRules::is_someones(const Address& care_of) const {
  if (known_.nodes.names(care_of)) return true;
  const BindingEntry* const entry = known_.cache.home_registration(care_of);
  return entry != nullptr && entry->valid;
}

// Through the networks of mobile routers that we serve as well, to one behind this very node; or
// through more of them than we follow.
bool RegistrationRules::leads_back(const Address& home_address, const Address& care_of) const {
  Address at = care_of;
  for (int depth = 0; depth < kMostNested; ++depth) {
    if (at == home_address) return true;
    const Address* const router = known_.nodes.router_of(at);
    if (router == nullptr) return false;
    if (*router == home_address) return true;
    const BindingEntry* const entry = known_.cache.home_registration(*router);
    if (entry == nullptr || !entry->valid) return false;
    at = entry->care_of;
  }
  return true;
}

}  // namespace sallyport::mip6
