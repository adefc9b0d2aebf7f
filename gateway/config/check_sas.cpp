#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gateway/config/loading.h"
#include "gateway/policy_plan.h"

namespace sallyport {
namespace {

void check_lookup_keys(Loading& loading, const std::vector<const Value*>& elements) {
  std::map<LookupKey, std::size_t> taken;
  const auto& sas = loading.configuration.sas;
  for (std::size_t i = 0; i < sas.size(); ++i) {
    if (sas[i].direction == Direction::Outbound) continue;
    const auto [first, fresh] = taken.try_emplace(lookup_key(sas[i]), i);
    if (fresh) continue;
    loading.diagnostics.error(
        place(*elements[i], "spi"),
        fmt::format("spi: inbound SA \"{}\" has the look-up key of \"{}\" at {}", sas[i].name,
                    sas[first->second].name, to_string(place(*elements[first->second], "spi"))),
        "another SPI, or a lookup by other addresses", Error::Code::Exists);
  }
}

struct KeyOrder {
  bool operator()(ByteView left, ByteView right) const {
    return std::ranges::lexicographical_compare(left, right);
  }
};

// One key under two senders: where numbers are nonces, these meet at once (MAN-02).
void check_shared_keys(Loading& loading, const std::vector<const Value*>& elements) {
  std::map<ByteView, const Sa*, KeyOrder> senders;
  const auto& sas = loading.configuration.sas;
  for (std::size_t i = 0; i < sas.size(); ++i) {
    const ByteView key = nonce_key(sas[i]).empty() ? sas[i].cipher_key.view() : nonce_key(sas[i]);
    if (sas[i].direction == Direction::Inbound || key.empty()) continue;
    const auto [first, fresh] = senders.try_emplace(key, &sas[i]);
    if (fresh) continue;
    const std::string what = fmt::format("outbound SAs \"{}\" and \"{}\" have the same key",
                                         first->second->name, sas[i].name);
    const Position& at = place(*elements[i], "key");
    if (shares_nonces(*first->second, sas[i]))
      loading.diagnostics.error(at, what + " and send the same nonces", "a key of its own for each",
                                Error::Code::Refused);
    else
      loading.diagnostics.warn(at, what, "a key of its own for each");
  }
}

// Where the number is the IV (RFC 8750), two senders under one key use the same nonces from their
// first packet on; the peer of an inbound SA is a sender, too.
void check_implicit_ivs(Loading& loading, const std::vector<const Value*>& elements) {
  std::map<ByteView, const Sa*, KeyOrder> senders;
  const auto& sas = loading.configuration.sas;
  for (std::size_t i = 0; i < sas.size(); ++i) {
    const CipherFacts& cipher = facts(sas[i].transform.cipher);
    if (!cipher.implicit_iv() || sas[i].cipher_key.empty()) continue;
    const auto [first, fresh] = senders.try_emplace(sas[i].cipher_key.view(), &sas[i]);
    if (fresh) continue;
    loading.diagnostics.error(
        place(*elements[i], "key"),
        fmt::format("SAs \"{}\" and \"{}\" have the same key, of which {} makes the same nonces "
                    "(RFC 8750 7)",
                    first->second->name, sas[i].name, cipher.name),
        "a key of its own for each", Error::Code::Refused);
  }
}

std::set<std::string_view> named_sas(const Configuration& configuration) {
  std::set<std::string_view> names;
  for (const Policy& policy : configuration.policies) {
    if (policy.protect) names.insert(policy.protect->sas.begin(), policy.protect->sas.end());
  }
  return names;
}

void check_endpoints(const Sa& sa, const Value& element, Loading& loading) {
  const Address& local = sa.endpoints.local;
  if (local.is_unspecified() || is_own_address(loading.configuration, local)) return;
  loading.diagnostics.error(
      place(element, "endpoints"),
      fmt::format("endpoints: {}, the local one of SA \"{}\", is no address of a port",
                  to_string(local), sa.name),
      "an address of ours; the peer's is `remote`");
}

}  // namespace

void check_sas(Loading& loading) {
  const auto elements = loading.elements("sa");
  const auto named = named_sas(loading.configuration);
  const auto& sas = loading.configuration.sas;
  for (std::size_t i = 0; i < sas.size(); ++i) {
    const Sa& sa = sas[i];
    check_endpoints(sa, *elements[i], loading);
    if (auto valid = validate(sa); !valid) {
      loading.diagnostics.error(elements[i]->at,
                                fmt::format("SA \"{}\": {}", sa.name, valid.error().what),
                                valid.error().remedy, valid.error().code);
    }
    if (!named.contains(sa.name)) {
      loading.diagnostics.warn(place(*elements[i], "name"),
                               fmt::format("no policy names SA \"{}\"", sa.name),
                               "protect = { sas = [...] } of a [[policy]]");
    }
    for (std::string& warning : warnings(sa)) loading.diagnostics.warn(elements[i]->at, warning);
  }
  check_lookup_keys(loading, elements);
  check_shared_keys(loading, elements);
  check_implicit_ivs(loading, elements);
}

void check_capacities(Loading& loading) {
  const Configuration& configuration = loading.configuration;
  const auto check = [&](std::string_view limit, std::size_t wanted, std::size_t capacity) {
    if (wanted <= capacity) return;
    const Value* limits = loading.root.find("limits");
    loading.diagnostics.error(
        limits == nullptr ? loading.root.at : place(*limits, limit),
        fmt::format("{}: {} are configured, the limit is {}", limit, wanted, capacity),
        fmt::format("[limits] {} = {} or more", limit, wanted), Error::Code::Exhausted);
  };
  const auto outbound = static_cast<std::size_t>(
      std::ranges::count(configuration.sas, Direction::Outbound, &Sa::direction));
  check("sas", std::max(outbound, configuration.sas.size() - outbound), configuration.limits.sas);
  check("policies", plan_policies(configuration).size(), configuration.limits.policies);
  check("routes", configuration.routes.size(), configuration.limits.routes);
  check("neighbours", configuration.neighbours.size(), configuration.limits.neighbours);
}

}  // namespace sallyport
