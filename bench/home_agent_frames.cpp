#include "bench/home_agent_frames.h"

#include <openssl/evp.h>
#include <rte_ether.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "mip6/build_message.h"
#include "net/datagram.h"
#include "net/ipv6.h"
#include "net/mobility_extensions.h"
#include "net/protocol.h"

namespace sallyport::bench {
namespace {

constexpr std::size_t kEspBytes = 8;
constexpr std::size_t kIvBytes = 8;
constexpr std::size_t kIcvBytes = 16;
constexpr std::size_t kTrailerBytes = 2;
constexpr std::size_t kExtensionBytes = 24;
constexpr std::uint16_t kPort = 9;
constexpr std::uint8_t kRouting = 43;
constexpr mip6::BindingLifetime kLifetime{600};
constexpr MacAddress kFrameSource{{2, 0, 0, 0, 1, 3}};

std::uint8_t* begin_frame(rte_mbuf& mbuf, const MacAddress& to, std::size_t octets) {
  rte_pktmbuf_reset(&mbuf);
  auto* const data = reinterpret_cast<std::uint8_t*>(
      rte_pktmbuf_append(&mbuf, static_cast<std::uint16_t>(RTE_ETHER_HDR_LEN + octets)));
  auto& ether = *reinterpret_cast<rte_ether_hdr*>(data);
  std::memcpy(ether.dst_addr.addr_bytes, to.bytes.data(), to.bytes.size());
  std::memcpy(ether.src_addr.addr_bytes, kFrameSource.bytes.data(), kFrameSource.bytes.size());
  ether.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
  return data + RTE_ETHER_HDR_LEN;
}

struct Ends {
  const Address& source;
  const Address& destination;
};

void write_ipv6(std::uint8_t* at, const Ends& ends, std::uint8_t next, std::size_t payload) {
  Ipv6Header header{};
  header.version_class_flow.set(6u << 28);
  header.payload_length.set(static_cast<std::uint16_t>(payload));
  header.next_header = next;
  header.hop_limit = kDefaultHopLimit;
  std::memcpy(header.source, ends.source.bytes.data(), sizeof header.source);
  std::memcpy(header.destination, ends.destination.bytes.data(), sizeof header.destination);
  std::memcpy(at, &header, sizeof header);
}

// UDP without a checksum worth the name: nobody here reads it.
void write_datagram(std::uint8_t* at, const Ends& ends, std::uint16_t octets) {
  const std::size_t payload = octets - sizeof(Ipv6Header);
  write_ipv6(at, ends, kProtocolUdp, payload);
  std::uint8_t* const udp = at + sizeof(Ipv6Header);
  std::memset(udp, 0, payload);
  store_be<std::uint16_t>(udp, kPort);
  store_be<std::uint16_t>(udp + 2, kPort);
  store_be<std::uint16_t>(udp + 4, static_cast<std::uint16_t>(payload));
  store_be<std::uint16_t>(udp + 6, 1);
}

std::size_t padding_of(std::size_t plain) noexcept { return (4 - (plain + kTrailerBytes) % 4) % 4; }

Address address_at(const std::uint8_t* at) {
  return Address::v6(std::span<const std::uint8_t, 16>(at, 16));
}

}  // namespace

EspSealer::EspSealer(Transform transform) : transform_(transform), context_(EVP_CIPHER_CTX_new()) {}
EspSealer::~EspSealer() { EVP_CIPHER_CTX_free(context_); }

std::size_t EspSealer::sealed_bytes(std::size_t plain) noexcept {
  return kEspBytes + kIvBytes + plain + padding_of(plain) + kTrailerBytes + kIcvBytes;
}

// RFC 4106: the nonce is salt and IV, and the header is authenticated besides.
void EspSealer::seal(const Sealing& sealing, MutableBytes out) {
  const GcmKey key = key_of(sealing.sa);
  store_be<std::uint32_t>(out.data(), spi_of(sealing.sa.kind, sealing.sa.node).value);
  store_be<std::uint32_t>(&out[4], sealing.sequence);
  store_be<std::uint64_t>(&out[kEspBytes], sealing.sequence);
  const auto text = out.subspan(kEspBytes + kIvBytes);
  std::memcpy(text.data(), sealing.plain.data(), sealing.plain.size());
  const std::size_t padding = padding_of(sealing.plain.size());
  std::size_t end = sealing.plain.size();
  for (std::size_t i = 1; i <= padding; ++i) text[end++] = static_cast<std::uint8_t>(i);
  text[end++] = static_cast<std::uint8_t>(padding);
  text[end++] = sealing.next_header;

  std::array<std::uint8_t, 12> nonce;
  std::ranges::copy(key.salt, nonce.begin());
  std::ranges::copy(out.subspan(kEspBytes, kIvBytes), nonce.begin() + 4);
  constexpr std::size_t kShortKey = 16;
  const bool is_short = facts(transform_.cipher).key_bytes == kShortKey;
  int done = 0;
  EVP_EncryptInit_ex(context_, is_short ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), nullptr,
                     key.key.data(), nonce.data());
  EVP_EncryptUpdate(context_, nullptr, &done, out.data(), kEspBytes);
  EVP_EncryptUpdate(context_, text.data(), &done, text.data(), static_cast<int>(end));
  EVP_EncryptFinal_ex(context_, &text[end], &done);
  EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_GCM_GET_TAG, kIcvBytes, &text[end]);
}

void HomeAgentFrames::write_to_node(rte_mbuf& mbuf, const Tunnel& tunnel,
                                    std::uint16_t octets) const {
  write_datagram(begin_frame(mbuf, links_.inside, octets), {correspondent_address(), tunnel.inner},
                 octets);
}

void HomeAgentFrames::write_from_node(rte_mbuf& mbuf, const Tunnel& tunnel, std::uint16_t octets,
                                      std::uint32_t sequence) {
  std::array<std::uint8_t, 2048> inner;
  write_datagram(inner.data(), {tunnel.inner, correspondent_address()}, octets);
  const std::size_t sealed = EspSealer::sealed_bytes(octets);
  std::uint8_t* const outer = begin_frame(mbuf, links_.outside, sizeof(Ipv6Header) + sealed);
  write_ipv6(outer, {tunnel.outer, home_agent_address()}, kProtocolEsp, sealed);
  sealer_.seal({.sa = {SaKind::Payload, Direction::Inbound, tunnel.node},
                .sequence = sequence,
                .next_header = kProtocolIpv6,
                .plain = ByteView(inner).first(octets)},
               {outer + sizeof(Ipv6Header), sealed});
}

// The home address stands in its option, and the checksum is of that (RFC 6275 6.1.1).
void HomeAgentFrames::write_update(rte_mbuf& mbuf, const Update& update) {
  const Address home = home_address(update.node);
  const Address place = care_of(update.node, update.place);
  const mip6::BindingUpdate message{
      .sequence = update.sequence,
      .flags = {mip6::UpdateFlag::Acknowledge, mip6::UpdateFlag::HomeRegistration},
      .lifetime = kLifetime,
      .options = {.alternate_care_of = place}};
  const mip6::Octets plain = mip6::build_message(message, home, home_agent_address()).value();
  const std::size_t sealed = EspSealer::sealed_bytes(plain.size());
  std::uint8_t* const outer =
      begin_frame(mbuf, links_.outside, sizeof(Ipv6Header) + kExtensionBytes + sealed);
  write_ipv6(outer, {place, home_agent_address()}, kProtocolDestination, kExtensionBytes + sealed);
  std::uint8_t* const option = outer + sizeof(Ipv6Header);
  const std::array<std::uint8_t, 8> head{kProtocolEsp,     2, 1, 2, 0, 0, kHomeAddressOption,
                                         sizeof home.bytes};
  std::memcpy(option, head.data(), head.size());
  std::memcpy(option + head.size(), home.bytes.data(), home.bytes.size());
  sealer_.seal({.sa = {SaKind::Binding, Direction::Inbound, update.node},
                .sequence = update.sequence,
                .next_header = kProtocolMobility,
                .plain = plain},
               {option + kExtensionBytes, sealed});
}

Sent read_sent(const rte_mbuf& mbuf) {
  const auto* const frame = rte_pktmbuf_mtod(&mbuf, const std::uint8_t*);
  constexpr std::size_t kNextHeader = 6, kDestination = 24;
  const auto* const ip = frame + RTE_ETHER_HDR_LEN;
  Sent sent{.kind = Sent::Kind::Other, .node = 0, .to = Address::any(Family::V6)};
  if (mbuf.data_len < RTE_ETHER_HDR_LEN + sizeof(Ipv6Header) + kExtensionBytes + kEspBytes)
    return sent;
  sent.to = address_at(ip + kDestination);
  const std::uint8_t* esp = ip + sizeof(Ipv6Header);
  if (ip[kNextHeader] == kRouting && esp[0] == kProtocolEsp) {
    sent.kind = Sent::Kind::Acknowledgement;
    esp += kExtensionBytes;
  } else if (ip[kNextHeader] == kProtocolEsp) {
    sent.kind = Sent::Kind::Payload;
  }
  if (sent.kind != Sent::Kind::Other) sent.node = node_of(Spi{load_be<std::uint32_t>(esp)});
  return sent;
}

}  // namespace sallyport::bench
