#include "gateway/mip6_views.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "gateway/texts.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

Json text_or_null(const std::optional<Address>& address) {
  return address ? Json(to_string(*address)) : Json(nullptr);
}

// In the order of addresses, so that pages follow each other.
std::vector<const mip6::BindingEntry*> in_order(const mip6::BindingCache& cache) {
  std::vector<const mip6::BindingEntry*> entries;
  cache.for_each([&](const mip6::BindingEntry& entry) { entries.push_back(&entry); });
  std::ranges::sort(entries, [](const auto* left, const auto* right) {
    return std::tie(left->home_address, left->own) < std::tie(right->home_address, right->own);
  });
  return entries;
}

Json binding_row(const mip6::BindingEntry& entry, Instant now) {
  const auto left = std::max(Duration{}, entry.ends - now);
  return {{"home_address", to_string(entry.home_address)},
          {"care_of", to_string(entry.care_of)},
          {"own", to_string(entry.own)},
          {"kind", entry.use == mip6::BindingUse::HomeAgent ? "home" : "correspondent"},
          {"state", entry.valid ? "valid" : "deleted"},
          {"sequence", entry.sequence},
          {"protected", entry.protection == mip6::Protection::Ipsec},
          {"networks", texts(entry.networks)},
          {"lifetime", std::chrono::duration_cast<std::chrono::seconds>(left).count()}};
}

// Of the policies that follow a node: whether packets meet them now.
bool tunnels_active(const Gateway& gateway, const Address& home_address) {
  return std::ranges::any_of(
      gateway.configuration().mobility_policies, [&](const MobilityPolicyFacts& facts) {
        const Policy* const policy = gateway.spd().find(facts.policy);
        return facts.home_address == home_address && policy != nullptr && policy->active &&
               policy->protect && policy->protect->mode == IpsecMode::Tunnel;
      });
}

}  // namespace

void show_bindings(Gateway& gateway, PageOfRows& page) {
  for (const mip6::BindingEntry* const entry : in_order(gateway.mobility_roles().cache()))
    page.add([&] { return binding_row(*entry, gateway.now()); });
}

void show_home_agents(Gateway& gateway, PageOfRows& page) {
  const Configuration& configuration = gateway.configuration();
  if (const auto& agent = configuration.home_agent)
    page.add([&]() -> Json {
      std::vector<Prefix> prefixes;
      for (const HomePrefixConfig& home : agent->prefixes) prefixes.push_back(home.prefix);
      return {{"address", to_string(agent->address)},
              {"ours", true},
              {"link", configuration.ports[agent->link.value].name},
              {"prefixes", texts(prefixes)},
              {"preference", agent->advertisements.preference},
              {"nodes", agent->nodes.size()},
              {"serving", gateway.mobility_roles().serves()}};
    });
  if (const auto& node = configuration.mobile_node; node && node->home_agent)
    page.add(
        [&]() -> Json { return {{"address", to_string(*node->home_agent)}, {"ours", false}}; });
}

void show_mobile_node(Gateway& gateway, PageOfRows& page) {
  const auto& node = gateway.configuration().mobile_node;
  if (!node) return;
  page.add([&]() -> Json {
    std::optional<Address> place;
    if (node->home_address && node->home_agent)
      place = gateway.mobility().place_of({*node->home_address, *node->home_agent});
    Mip6MobileNode* const running = gateway.mobility_roles().mobile_node();
    std::optional<mip6::Attachment> attachment;
    if (const Mip6Links* const links = gateway.mobility_roles().links())
      attachment = links->attachment();
    const auto& ports = gateway.configuration().ports;
    return {{"home_address", text_or_null(node->home_address)},
            {"home_agent", text_or_null(node->home_agent)},
            {"care_of", text_or_null(place)},
            {"link", attachment ? Json(ports[attachment->link.value].name) : Json(nullptr)},
            {"router", attachment ? Json(to_string(attachment->router)) : Json(nullptr)},
            {"registered", running != nullptr && running->node().registered_care_of().has_value()},
            {"tunnels_active", node->home_address && tunnels_active(gateway, *node->home_address)},
            {"prefixes", texts(node->prefixes)}};
  });
}

}  // namespace sallyport
