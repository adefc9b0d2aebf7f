#include "tests/spd/policy_list.h"

#include <algorithm>
#include <array>

#include "net/protocol.h"

namespace sallyport::test {

PolicyList::PolicyList(RandomPolicies& random, std::size_t count, std::size_t selectors) {
  constexpr std::array kActions{PolicyAction::Bypass, PolicyAction::Discard, PolicyAction::Protect};
  for (std::size_t i = 0; i < count; ++i)
    add(kActions[random.below(3)], random.selectors(selectors));
}

Policy& PolicyList::add(PolicyAction action, std::vector<Selector> selectors) {
  Policy& policy = *policies_.emplace_back(std::make_unique<Policy>());
  ordered_.push_back(&policy);
  policy.name = "p" + std::to_string(policies_.size() - 1);
  policy.action = action;
  policy.selectors = std::move(selectors);
  if (action == PolicyAction::Protect) policy.protect.emplace().mode = IpsecMode::Transport;
  return policy;
}

Policy& PolicyList::add(PolicyAction action, std::string_view local, std::string_view remote,
                        std::optional<unsigned> port) {
  Selector selector;
  if (local != "any") selector.local = {AddressRange::parse(local).value()};
  if (remote != "any") selector.remote = {AddressRange::parse(remote).value()};
  if (port) {
    const auto number = static_cast<std::uint16_t>(*port);
    selector.protocol = kProtocolTcp;
    selector.remote_port = PortSet::of({{number, number}}).value();
  }
  return add(action, {selector});
}

std::vector<Selector> PolicyList::selectors() const {
  std::vector<Selector> all;
  for (const Policy* policy : ordered_)
    all.insert(all.end(), policy->selectors.begin(), policy->selectors.end());
  return all;
}

std::optional<std::size_t> PolicyList::decides(const SelectorFields& fields,
                                               std::optional<std::size_t> without) const {
  for (std::size_t i = 0; i < ordered_.size(); ++i)
    if (i != without && std::ranges::any_of(ordered_[i]->selectors, [&](const Selector& selector) {
          return matches(selector, fields);
        }))
      return i;
  return std::nullopt;
}

SelectorFields real_packet(RandomPolicies& random, std::span<const Selector> selectors) {
  SelectorFields fields = random.real_packet(selectors);
  if (fields.protocol == kProtocolMobility)
    for (PortValue* const value : {&fields.local_port, &fields.remote_port})
      if (*value < kUnavailable) *value &= 0xff00;
  return fields;
}

}  // namespace sallyport::test
