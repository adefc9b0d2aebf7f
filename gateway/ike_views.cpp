#include "gateway/ike_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/texts.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

double seconds_since(Instant then, Instant now) {
  return std::chrono::duration<double>(now - then).count();
}

std::string endpoint_text(const ike::Endpoint& endpoint) {
  return endpoint.address.family == Family::V4
             ? fmt::format("{}:{}", to_string(endpoint.address), endpoint.port)
             : fmt::format("[{}]:{}", to_string(endpoint.address), endpoint.port);
}

Json names_of(const std::vector<ike::PolicySource::Entry>& policies) {
  Json names = Json::array();
  for (const auto& policy : policies) names.push_back(policy->name);
  return names;
}

// By number, so that pages follow each other.
std::vector<const ike::IkeSa*> in_order(Gateway& gateway) {
  std::vector<const ike::IkeSa*> sas;
  gateway.ike().daemon().for_each([&](const ike::IkeSa& sa) { sas.push_back(&sa); });
  std::ranges::sort(sas, {}, &ike::IkeSa::number);
  return sas;
}

Json ike_row(const ike::IkeSa& sa, Instant now) {
  return {{"number", sa.number},
          {"state", to_string(sa.state)},
          {"peer", sa.peer ? sa.peer->name : ""},
          {"role", sa.side == ike::Side::Initiator ? "initiator" : "responder"},
          {"local_id", to_string(sa.local_identity)},
          {"remote_id", to_string(sa.remote_identity)},
          {"local", endpoint_text(sa.path.local)},
          {"remote", endpoint_text(sa.path.remote)},
          {"initiator_spi", fmt::format("{:016x}", sa.initiator_spi.value)},
          {"responder_spi", fmt::format("{:016x}", sa.responder_spi.value)},
          {"suite", sa.keys ? to_string(sa.suite) : ""},
          {"nat", sa.nat.here    ? (sa.nat.there ? "both" : "here")
                  : sa.nat.there ? "there"
                                 : "none"},
          {"mobike", sa.abilities.mobike},
          {"other_addresses", texts(sa.mobility.theirs)},
          {"fragmentation", sa.abilities.fragmentation},
          {"leases", texts(sa.leases)},
          {"assigned", texts(sa.assigned)},
          {"children", sa.children.size()},
          {"age", seconds_since(sa.made, now)}};
}

Json child_row(const ike::IkeSa& sa, const ike::ChildSa& child, Instant now) {
  return {{"name", child.name},
          {"ike", sa.number},
          {"policy", child.policy->name},
          {"linked", names_of(child.linked)},
          {"state", to_string(child.state)},
          {"protocol", to_string(child.protocol())},
          {"mode", to_string(child.mode)},
          {"transform", to_string(child.chosen.transform, child.protocol())},
          {"esn", child.chosen.esn},
          {"pfs", child.chosen.group ? std::string(facts(*child.chosen.group).name) : ""},
          {"inbound_spi", fmt::format("{:08x}", child.inbound.value)},
          {"outbound_spi", fmt::format("{:08x}", child.chosen.peer_spi.value)},
          {"local", to_string(child.selectors.local)},
          {"remote", to_string(child.selectors.remote)},
          {"age", seconds_since(child.made, now)}};
}

}  // namespace

void show_ike_sas(Gateway& gateway, PageOfRows& page) {
  for (const ike::IkeSa* const sa : in_order(gateway))
    page.add([&] { return ike_row(*sa, gateway.now()); });
}

void show_child_sas(Gateway& gateway, PageOfRows& page) {
  for (const ike::IkeSa* const sa : in_order(gateway))
    for (const auto& child : sa->children)
      page.add([&] { return child_row(*sa, *child, gateway.now()); });
}

void show_peers(Gateway& gateway, PageOfRows& page) {
  std::map<std::string, std::size_t> up;
  gateway.ike().daemon().for_each([&](const ike::IkeSa& sa) {
    if (sa.peer && sa.state >= ike::IkeState::Established) ++up[sa.peer->name];
  });
  for (const PeerConfig& config : gateway.configuration().peers) {
    const Peer& peer = config.peer;
    page.add([&]() -> Json {
      std::vector<std::string> identities, methods;
      for (const IdentityPattern& pattern : peer.identities) identities.push_back(pattern.text());
      for (const RemoteAuthentication& by : peer.remote) methods.emplace_back(to_string(by.kind));
      return {{"name", peer.name},
              {"identities", identities},
              {"local_id", to_string(peer.local_identity)},
              {"methods", methods},
              {"remote", peer.locator.remote ? to_string(*peer.locator.remote) : "anywhere"},
              {"may_claim", texts(peer.may_claim)},
              {"ike_sas", up[peer.name]}};
    });
  }
}

void show_pools(Gateway& gateway, PageOfRows& page) {
  for (const auto& usage : gateway.ike().daemon().pools().usage())
    page.add([&]() -> Json {
      return {{"name", usage.pool->name},
              {"addresses", to_string(usage.pool->addresses)},
              {"taken", usage.taken}};
    });
}

}  // namespace sallyport
