#include "sad/sa.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace sallyport {
namespace {

Expected<void> refuse(std::string what, std::string remedy) {
  return fail(Error::Code::Invalid, std::move(what), std::move(remedy));
}

Expected<void> validate_key(std::string_view part, std::size_t given, std::size_t wanted) {
  if (given == wanted) return {};
  return refuse(fmt::format("the {} has {} octets, the algorithm takes {}", part, given, wanted),
                fmt::format("give {} octets", wanted));
}

// ESP-06: what there is of integrity, and that it is there once.
Expected<void> validate_esp_transform(const Sa& sa) {
  const CipherFacts& cipher = facts(sa.transform.cipher);
  const IntegrityFacts& algorithm = facts(sa.transform.integrity);
  const bool integrity = algorithm.id != Integrity::None;
  if (algorithm.ah_only())
    return refuse(fmt::format("{} beside a cipher is for AH only", algorithm.name),
                  "take it in the cipher's place");
  if (cipher.combined() && integrity)
    return refuse(fmt::format("{} brings its own integrity", cipher.name),
                  "leave the integrity algorithm out");
  const bool encrypts = cipher.kind != CipherKind::Null;
  if (!cipher.combined() && !integrity && !(sa.unauthenticated_allowed && encrypts))
    return refuse(fmt::format("{} without integrity protects nothing", cipher.name),
                  "choose an integrity algorithm or a combined mode such as aes128gcm16");
  return {};
}

Expected<void> validate_transform(const Sa& sa) {
  return sa.protocol == IpsecProtocol::Ah ? validate(sa.transform, sa.protocol)
                                          : validate_esp_transform(sa);
}

// What makes the length of AH known beforehand (AH-02, AH-03).
Expected<void> validate_ah(const Sa& sa) {
  if (sa.protocol != IpsecProtocol::Ah) return {};
  if (sa.ah_alignment != 4 && sa.ah_alignment != 8)
    return refuse(fmt::format("AH cannot be aligned to {} octets", sa.ah_alignment),
                  "choose 4, or 8 for Linux");
  if (!outer_family(sa))
    return refuse("nothing says whether AH goes over IPv4 or IPv6", "name the two endpoints");
  return {};
}

Expected<void> validate_keys(const Sa& sa) {
  const CipherFacts& cipher = facts(sa.transform.cipher);
  const IntegrityFacts& integrity = facts(sa.transform.integrity);
  if (auto ok = validate_key("cipher key", sa.cipher_key.size(), cipher.key_bytes); !ok) return ok;
  if (auto ok = validate_key("salt", sa.salt.size(), salt_bytes(sa.transform)); !ok) return ok;
  return validate_key("integrity key", sa.integrity_key.size(), integrity.key_bytes);
}

Expected<void> validate_numbers(const Sa& sa) {
  if (sa.spi < kFirstUsableSpi)
    return refuse(fmt::format("SPI {} is reserved", sa.spi.value), "choose one from 256 up");
  if (sa.replay_window != 0 && (sa.replay_window < 32 || sa.replay_window > 65536))
    return refuse(fmt::format("a replay window of {} packets is not offered", sa.replay_window),
                  "choose 0 for none, or 32 to 65536");
  if (sa.replay_window != 0 && icv_bytes(sa.transform) == 0)
    return refuse("a replay window without integrity believes what anyone writes",
                  "set replay_window = 0, or choose an integrity algorithm");
  if (sa.direction == Direction::Inbound && sa.esn && sa.replay_window == 0 && !sa.static_key)
    return refuse("extended sequence numbers need a replay window at the receiver",
                  "set a window or turn ESN off");
  if (sa.last_sequence > last_sendable(sa))
    return refuse(
        fmt::format("sequence number {} is past the end without ESN", sa.last_sequence.value),
        "start below 2^32");
  return {};
}

Expected<void> validate_addresses(const Sa& sa) {
  const auto& [local, remote] = sa.endpoints;
  if (local.family != remote.family)
    return refuse("the two outer addresses are of different families", "give two of one family");
  const bool needs_both = sa.mode == IpsecMode::Tunnel && sa.direction == Direction::Outbound;
  if (needs_both && (local.is_unspecified() || remote.is_unspecified()))
    return refuse("an outbound tunnel needs both endpoints", "give a local and a remote address");
  if (needs_both && local.is_multicast())
    return refuse("a multicast address cannot be the source of a tunnel", "give a unicast address");
  if (sa.direction == Direction::Inbound && sa.lookup != SaLookup::Spi && local.is_unspecified())
    return refuse("a look-up by destination needs the local address", "give it");
  if (sa.direction == Direction::Inbound && sa.lookup == SaLookup::SpiDestinationSource &&
      remote.is_unspecified())
    return refuse("a look-up by source needs the remote address", "give it");
  // RFC 8750 2: the nonce follows from the number, so that there may be one sender only.
  if (facts(sa.transform.cipher).implicit_iv() && (local.is_multicast() || remote.is_multicast()))
    return refuse("an implicit IV is for one sender, and a multicast SA may have more",
                  "choose the cipher with an explicit IV");
  if (!sa.encapsulation) return {};
  if (sa.protocol == IpsecProtocol::Ah)
    return refuse("AH cannot be encapsulated in UDP", "use ESP (RFC 3948)");
  if (sa.encapsulation->local_port == 0 || sa.encapsulation->remote_port == 0)
    return refuse("port 0 cannot carry ESP in UDP", "use 4500");
  return {};
}

bool is_dscp(std::uint8_t value) { return value < 64; }

Expected<void> validate_header(const Sa& sa) {
  const TunnelHeaderRules& rules = sa.header;
  if (rules.hop_limit == 0)
    return refuse("an outer hop limit of 0 goes nowhere", "choose 1 to 255");
  if (rules.flow_label > 0xfffff)
    return refuse(fmt::format("flow label {:#x} has more than 20 bits", rules.flow_label),
                  "choose 0 to 0xfffff");
  const bool map_good = rules.dscp.map.size() == 64 && std::ranges::all_of(rules.dscp.map, is_dscp);
  if (rules.dscp.kind == DscpRule::Kind::Map && !map_good)
    return refuse("a DSCP map has 64 entries of 0 to 63", "give the outer DSCP of each inner one");
  if (!is_dscp(rules.dscp.fixed) || !std::ranges::all_of(sa.dscp, is_dscp))
    return refuse("a DSCP has six bits", "choose 0 to 63");
  return {};
}

template <class T>
bool later(const std::optional<T>& soft, const std::optional<T>& hard) {
  return soft && hard && *soft > *hard;
}

Expected<void> validate_lifetimes(const Sa& sa) {
  if (later(sa.soft.bytes, sa.hard.bytes) || later(sa.soft.packets, sa.hard.packets) ||
      later(sa.soft.time, sa.hard.time))
    return refuse("a soft lifetime ends after the hard one", "let the soft one end first");
  return {};
}

// RFC 4303 2.6, 2.7.
Expected<void> validate_traffic_flow(const Sa& sa) {
  const bool pads = sa.tfc_bytes != 0 || sa.tfc_multiple != 0;
  const bool sends_esp = sa.direction == Direction::Outbound && sa.protocol == IpsecProtocol::Esp;
  if (pads && (!sends_esp || sa.mode != IpsecMode::Tunnel))
    return refuse("traffic flow padding is for outbound ESP in tunnel mode, where lengths show it",
                  "leave tfc out");
  if (sa.tfc_multiple != 0 && !std::has_single_bit(sa.tfc_multiple))
    return refuse(fmt::format("padding to a multiple of {} is not offered", sa.tfc_multiple),
                  "choose a power of two");
  if (sa.dummies.per_second == 0) return {};
  if (!sends_esp) return refuse("dummy packets are for outbound ESP", "leave dummies out");
  if (sa.dummies.per_second > DummyRule::kMostPerSecond || sa.dummies.bytes == 0)
    return refuse("dummy packets need a size, and a rate that control can keep up",
                  fmt::format("choose up to {} a second", DummyRule::kMostPerSecond));
  return {};
}

Expected<void> validate_selectors(const Sa& sa) {
  if (sa.selectors.empty())
    return refuse("an SA without selectors carries nothing", "give at least one");
  for (const Selector& selector : sa.selectors)
    if (auto ok = validate(selector); !ok) return ok;
  return {};
}

template <std::size_t Capacity>
bool same_key(const Secret<Capacity>& left, const Secret<Capacity>& right) {
  return !left.empty() && equal_in_constant_time(left.view(), right.view());
}

}  // namespace

Sa Sa::duplicate() const {
  return {.name = name,
          .direction = direction,
          .spi = spi,
          .protocol = protocol,
          .mode = mode,
          .endpoints = endpoints,
          .lookup = lookup,
          .transform = transform,
          .cipher_key = cipher_key.duplicate(),
          .salt = salt.duplicate(),
          .integrity_key = integrity_key.duplicate(),
          .esn = esn,
          .replay_window = replay_window,
          .last_sequence = last_sequence,
          .encapsulation = encapsulation,
          .header = header,
          .fragments = fragments,
          .fragmentation = fragmentation,
          .destination_options = destination_options,
          .ah_alignment = ah_alignment,
          .dscp = dscp,
          .spread = spread,
          .selectors = selectors,
          .soft = soft,
          .hard = hard,
          .tfc_bytes = tfc_bytes,
          .tfc_multiple = tfc_multiple,
          .dummies = dummies,
          .loop_back = loop_back,
          .follows_peer = follows_peer,
          .unauthenticated_allowed = unauthenticated_allowed,
          .static_key = static_key,
          .used = used};
}

LookupKey lookup_key(const Sa& sa) {
  const Address none;
  return {sa.spi, sa.lookup, sa.lookup == SaLookup::Spi ? none : sa.endpoints.local,
          sa.lookup == SaLookup::SpiDestinationSource ? sa.endpoints.remote : none};
}

ByteView nonce_key(const Sa& sa) noexcept {
  if (!counter_based(sa.transform)) return {};
  return sa.cipher_key.empty() ? sa.integrity_key.view() : sa.cipher_key.view();
}

bool shares_nonces(const Sa& left, const Sa& right) noexcept {
  if (left.direction == Direction::Inbound || right.direction == Direction::Inbound) return false;
  const ByteView key = nonce_key(left);
  return !key.empty() && equal_in_constant_time(key, nonce_key(right)) &&
         equal_in_constant_time(left.salt.view(), right.salt.view());
}

std::optional<Family> outer_family(const Sa& sa) noexcept {
  if (sa.endpoints != Endpoints{}) return sa.endpoints.local.family;
  if (sa.mode == IpsecMode::Tunnel || sa.selectors.empty()) return std::nullopt;
  const std::optional<Family> family = sa.selectors.front().family();
  const auto same = [&](const Selector& selector) { return selector.family() == family; };
  return std::ranges::all_of(sa.selectors, same) ? family : std::nullopt;
}

Expected<void> validate(const Sa& sa) {
  if (sa.name.empty()) return refuse("an SA needs a name", "give one");
  for (const auto part :
       {validate_transform, validate_keys, validate_numbers, validate_addresses, validate_header,
        validate_lifetimes, validate_traffic_flow, validate_selectors, validate_ah}) {
    if (auto ok = part(sa); !ok) {
      if (ok.error().where.empty()) ok.error().where = "SA " + sa.name;
      return ok;
    }
  }
  return {};
}

Expected<void> validate_pair(const Sa& outbound, const Sa& inbound) {
  const std::string where = fmt::format("SAs {} and {}", outbound.name, inbound.name);
  if (outbound.direction != Direction::Outbound || inbound.direction != Direction::Inbound)
    return fail(Error::Code::Invalid, "a pair is one outbound and one inbound SA",
                "turn one of them round", where);
  if (outbound.mode != inbound.mode)
    return fail(Error::Code::Invalid,
                fmt::format("a pair of {} and {} mode cannot work", to_string(outbound.mode),
                            to_string(inbound.mode)),
                "give both the same mode", where);
  if (outbound.protocol != inbound.protocol)
    return fail(Error::Code::Invalid,
                fmt::format("a pair of {} and {} cannot work", to_string(outbound.protocol),
                            to_string(inbound.protocol)),
                "give both the same protocol", where);
  return {};
}

std::vector<std::string> warnings(const Sa& sa) {
  std::vector<std::string> said;
  if (!sa.static_key) return said;
  if (sa.esn)
    said.push_back(fmt::format(
        "SA {}: extended sequence numbers are on without negotiation (RFC 4303 2.2.1); the peer "
        "must have them too",
        sa.name));
  if (sa.direction == Direction::Outbound) return said;
  if (sa.replay_window != 0)
    said.push_back(fmt::format(
        "SA {}: the replay window is on under a configured key (RFC 4303 5); a peer that restarts "
        "its counter is not heard",
        sa.name));
  else if (sa.esn)
    said.push_back(fmt::format(
        "SA {}: extended sequence numbers without a replay window (RFC 4303 3.3.3); their high "
        "half is guessed",
        sa.name));
  return said;
}

std::vector<std::string> pair_warnings(const Sa& outbound, const Sa& inbound) {
  if (!same_key(outbound.cipher_key, inbound.cipher_key) &&
      !same_key(outbound.integrity_key, inbound.integrity_key))
    return {};
  return {
      fmt::format("SAs {} and {}: both directions have the same key; what one sends can be "
                  "sent back to it",
                  outbound.name, inbound.name)};
}

std::string_view to_string(Direction direction) noexcept {
  return direction == Direction::Outbound ? "outbound" : "inbound";
}

std::string_view to_string(IpsecMode mode) noexcept {
  return mode == IpsecMode::Tunnel ? "tunnel" : "transport";
}

std::string_view to_string(IpsecProtocol protocol) noexcept {
  return protocol == IpsecProtocol::Esp ? "esp" : "ah";
}

std::string_view to_string(SaLookup lookup) noexcept {
  constexpr std::array<std::string_view, 3> names{"spi", "spi-destination",
                                                  "spi-destination-source"};
  return names[static_cast<std::size_t>(lookup)];
}

std::string_view to_string(DestinationOptions placement) noexcept {
  return placement == DestinationOptions::Inside ? "inside" : "outside";
}

}  // namespace sallyport
