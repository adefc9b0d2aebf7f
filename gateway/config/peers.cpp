#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/loading.h"
#include "gateway/config/peer_authentication.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/transforms.h"
#include "gateway/config/value_parsers.h"
#include "gateway/texts.h"

namespace sallyport {
namespace {

using std::chrono::seconds;

constexpr Words<ChildSearch, 2> kSearches{
    {{"selectors", ChildSearch::TrafficSelectors}, {"identity", ChildSearch::Identity}}};
constexpr Words<NatTraversal, 3> kNatTraversals{
    {{"detect", NatTraversal::Detect}, {"force", NatTraversal::Force}, {"off", NatTraversal::Off}}};
constexpr Words<PeerMobility, 3> kMobilities{{{"none", PeerMobility::None},
                                              {"mobike", PeerMobility::Mobike},
                                              {"mobile-ipv6", PeerMobility::MobileIpv6}}};
constexpr Words<Family, 2> kFamilies{{{"v4", Family::V4}, {"v6", Family::V6}}};
constexpr std::uint16_t kLeastFragment = 576;
constexpr std::uint16_t kMostFragment = 16384;
constexpr std::uint32_t kMostWindow = 64;
constexpr unsigned kMostSas = 1u << 20;
constexpr seconds kLeastLifetime{10};
constexpr std::string_view kProtocol = "ikev2";

struct Flag {
  std::string_view key;
  Offer Peer::* offer;
};
constexpr Flag kOffers[] = {{"fragmentation", &Peer::fragmentation},
                            {"childless", &Peer::childless}};

// PAD-06.
Expected<std::string_view> read_protocol(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  if (*text == kProtocol) return kProtocol;
  return wrong(value, shown(value) + " is not a protocol that is spoken here", "\"ikev2\"",
               Error::Code::Unsupported);
}

Expected<IdentityPattern> read_pattern(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  return placed(value, IdentityPattern::parse(*text));
}

Expected<Identity> read_identity(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  return placed(value, Identity::parse(*text));
}

Expected<Address> read_gateway_address(const Value& value) {
  auto address = read_address(value);
  if (address && (address->is_unspecified() || address->is_multicast() || address->is_loopback()))
    return wrong(value, shown(value) + " is no address of a gateway", "a unicast address");
  return address;
}

Expected<AddressRange> read_claim(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  return placed(value, AddressRange::parse(*text));
}

Expected<Offer> read_offer(const Value& value) {
  const auto flag = read_flag(value);
  if (!flag) return std::unexpected(flag.error());
  return *flag ? Offer::Yes : Offer::No;
}

// "0s" is never.
Expected<seconds> read_interval(const Value& value) {
  if (value.text() != nullptr && *value.text() == "0s") return seconds{};
  return read_duration(value);
}

std::string interval_text(seconds interval) {
  return interval == seconds{} ? "0s" : duration_text(interval);
}

void read_locator(TableReader& reader, PeerLocator& locator) {
  reader.read("remote", locator.remote, read_gateway_address);
  reader.read("local", locator.local, read_gateway_address);
  reader.read("remote_port", locator.remote_port, number<std::uint16_t>(1));
  if (reader.has("remote_port") && !reader.has("remote"))
    reader.error("remote_port", "remote_port: without a remote it says nothing",
                 "remote = \"...\", or leave it out");
  if (!locator.remote || !locator.local) return;
  if (locator.remote->family != locator.local->family)
    reader.error("local", "local: of another family than remote", "two of one family");
  else if (locator.remote == locator.local)
    reader.error("local", "local: the peer's own address", "an address of ours");
}

// Without names, addresses are the identities.
void read_identities(TableReader& reader, Peer& peer) {
  const PeerLocator& locator = peer.locator;
  if (reader.find("identities") != nullptr || !locator.remote) {
    reader.require("identities", peer.identities, list_of(read_pattern),
                   "who it may say that it is, as in \"branch.example.org\"; or remote");
  } else if (auto pattern = IdentityPattern::parse(to_string(*locator.remote))) {
    peer.identities.push_back(std::move(*pattern));
  }
  if (reader.find("local_id") != nullptr || !locator.local) {
    reader.require("local_id", peer.local_identity, read_identity,
                   "who we say that we are, as in \"gateway.example.org\"; or local");
  } else {
    peer.local_identity = Identity::of(*locator.local);
  }
  reader.read("further_local_ids", peer.further_local_identities, list_of(read_identity));
}

void read_proposals(TableReader& reader, Peer& peer, const CryptoConfig& crypto) {
  peer.proposals = default_ike_proposals();
  reader.read("proposals", peer.proposals, read_ike_proposals);
  for (const IkeProposal& proposal : peer.proposals) {
    if (auto consent = check_consent(proposal, crypto); !consent)
      reader.error("proposals", "proposals: " + consent.error().what, consent.error().remedy,
                   consent.error().code);
  }
}

// What its child SAs may be (PAD-09).
void read_authorization(TableReader& reader, Peer& peer, const Configuration& configuration) {
  reader.read("search", peer.search, one_of(kSearches));
  reader.read("may_claim", peer.may_claim, list_of(read_claim));
  reader.read("policies", peer.policies, list_of(name_in(configuration.policies, "[[policy]]")));
  check_repeats(reader, "policies", peer.policies);
  reader.read("pools", peer.pools, list_of(name_in(configuration.pools, "[[pool]]")));
  check_repeats(reader, "pools", peer.pools);
  reader.read("request_addresses", peer.request_addresses, list_of(one_of(kFamilies)));
  if (peer.request_addresses.size() == 2 && peer.request_addresses[0] == peer.request_addresses[1])
    reader.error("request_addresses", "request_addresses: one family twice", {},
                 Error::Code::Exists);
  if (!peer.request_addresses.empty() && !peer.locator.remote)
    reader.error("request_addresses", "request_addresses: who comes to us is not asked",
                 "remote = \"...\", or leave it out");
}

void read_lifetimes(TableReader& reader, PeerTimers& timers) {
  reader.read("lifetime", timers.ike_lifetime, read_duration);
  if (timers.ike_lifetime < kLeastLifetime)
    reader.error("lifetime", "lifetime: too short to be of use", "10s or more, 24h or so");
  timers.rekey_margin = std::min(timers.rekey_margin, timers.ike_lifetime / 4);
  reader.read("rekey_margin", timers.rekey_margin, read_duration);
  if (reader.has("rekey_margin") && timers.rekey_margin >= timers.ike_lifetime)
    reader.error("rekey_margin", "rekey_margin: not shorter than the lifetime",
                 "less than " + duration_text(timers.ike_lifetime));
  reader.read("liveness", timers.liveness, read_interval);
  reader.read("nat_keepalive", timers.nat_keepalive, read_interval);
}

void read_protocol_options(TableReader& reader, Peer& peer) {
  for (const auto& [key, offer] : kOffers) reader.read(key, peer.*offer, read_offer);
  reader.read("mobility", peer.mobility, one_of(kMobilities));
  reader.read("return_routability", peer.return_routability, read_flag);
  reader.read("nat_traversal", peer.nat_traversal, one_of(kNatTraversals));
  reader.read("initial_contact", peer.initial_contact, read_flag);
  reader.read("replace_older", peer.replace_older, read_flag);
  reader.read("fragment_bytes", peer.fragment_bytes, number(kLeastFragment, kMostFragment));
  reader.read("window", peer.window, number(1u, kMostWindow));
  read_lifetimes(reader, peer.timers);
  reader.read("max_ike_sas", peer.limits.ike_sas, number(1u, kMostSas));
  reader.read("max_children", peer.limits.children, number(1u, kMostSas));
}

PeerConfig read_peer(TableReader& reader, Loading& loading) {
  PeerConfig config;
  Peer& peer = config.peer;
  std::string_view protocol;
  reader.require("name", peer.name, read_name, "what policies and commands call it");
  reader.read("protocol", protocol, read_protocol);
  read_locator(reader, peer.locator);
  read_identities(reader, peer);
  read_authentication(reader, config, loading);
  read_proposals(reader, peer, loading.configuration.crypto);
  read_authorization(reader, peer, loading.configuration);
  read_protocol_options(reader, peer);
  return config;
}

void write_locator(const PeerLocator& locator, TomlFields& fields) {
  if (locator.local) fields.add("local", to_string(*locator.local));
  if (!locator.remote) return;
  fields.add("remote", to_string(*locator.remote));
  fields.add("remote_port", locator.remote_port);
}

void write_authorization(const Peer& peer, TomlFields& fields) {
  fields.add("search", word_for(kSearches, peer.search));
  if (!peer.may_claim.empty()) fields.add("may_claim", texts(peer.may_claim));
  if (!peer.policies.empty()) fields.add("policies", peer.policies);
  if (!peer.pools.empty()) fields.add("pools", peer.pools);
  // Of who is not known yet a mobile node asks by itself.
  std::vector<std::string> families;
  if (peer.locator.remote)
    for (const Family family : peer.request_addresses)
      families.emplace_back(word_for(kFamilies, family));
  if (!families.empty()) fields.add("request_addresses", families);
}

void write_protocol_options(const Peer& peer, TomlFields& fields) {
  for (const auto& [key, offer] : kOffers) fields.add(key, peer.*offer == Offer::Yes);
  fields.add("mobility", word_for(kMobilities, peer.mobility));
  fields.add("return_routability", peer.return_routability);
  fields.add("nat_traversal", word_for(kNatTraversals, peer.nat_traversal));
  fields.add("initial_contact", peer.initial_contact);
  fields.add("replace_older", peer.replace_older);
  if (peer.fragment_bytes) fields.add("fragment_bytes", *peer.fragment_bytes);
  fields.add("window", peer.window);
  fields.add("lifetime", duration_text(peer.timers.ike_lifetime));
  fields.add("rekey_margin", duration_text(peer.timers.rekey_margin));
  fields.add("liveness", interval_text(peer.timers.liveness));
  fields.add("nat_keepalive", interval_text(peer.timers.nat_keepalive));
  fields.add("max_ike_sas", peer.limits.ike_sas);
  fields.add("max_children", peer.limits.children);
}

Expected<TomlFields> peer_fields(const PeerConfig& config) {
  const Peer& peer = config.peer;
  std::vector<std::string> identities;
  for (const IdentityPattern& pattern : peer.identities) identities.push_back(pattern.text());
  TomlFields fields;
  fields.add("name", peer.name);
  fields.add("protocol", kProtocol);
  write_locator(peer.locator, fields);
  fields.add("identities", identities);
  fields.add("local_id", to_string(peer.local_identity));
  if (!peer.further_local_identities.empty())
    fields.add("further_local_ids", texts(peer.further_local_identities));
  if (auto written = write_authentication(config, fields); !written)
    return std::unexpected(std::move(written).error());
  fields.add("proposals", texts(peer.proposals));
  write_authorization(peer, fields);
  write_protocol_options(peer, fields);
  return fields;
}

}  // namespace

void read_peers(Loading& loading) {
  UniqueNames names;
  for (const Value* element : loading.elements("peer")) {
    TableReader reader(*element, "[[peer]]", loading.diagnostics);
    PeerConfig config = read_peer(reader, loading);
    names.claim(config.peer.name, reader);
    loading.configuration.peers.push_back(std::move(config));
  }
}

Expected<void> write_peers(const Configuration& configuration, std::string& out) {
  for (const PeerConfig& config : configuration.peers) {
    const auto fields = peer_fields(config);
    if (!fields) return std::unexpected(fields.error());
    out += fields->block("[[peer]]");
  }
  return {};
}

}  // namespace sallyport
