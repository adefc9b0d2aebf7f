// Puts ESP around packets (RFC 4303 3.3). Inline, since it is done for every packet.
#pragma once

#include "dataplane/enter.h"
#include "dataplane/esp_encapsulate.h"
#include "net/esp.h"

namespace sallyport {

// The header template is stored as a whole line, the trailer as 32 octets: room for both, and for
// the high half of the sequence number where the ICV will be (RFC 4303 2.2.1) or, of AH, behind
// all.
inline constexpr std::uint32_t kFrontRoom = 64 + RTE_ETHER_HDR_LEN + 4;
inline constexpr std::uint32_t kBackRoom = 16 + sizeof(EspTrailer) + 32;

// By the length of the padding: 1, 2, 3, ... and that length (RFC 4303 2.4, 2.5); then zeros.
using Trailer = std::array<std::uint8_t, 32>;
inline constexpr std::uint32_t kMostPadding = 15;
inline constexpr auto kTrailers = [] {
  std::array<Trailer, kMostPadding + 1> trailers{};
  for (std::uint8_t padding = 0; padding <= kMostPadding; ++padding) {
    for (std::uint8_t i = 0; i < padding; ++i)
      trailers[padding][i] = static_cast<std::uint8_t>(i + 1);
    trailers[padding][padding] = padding;
  }
  return trailers;
}();
static_assert(sizeof(Trailer) <= kBackRoom);

// Padding, pad length and next header behind the payload (RFC 4303 2.4 to 2.6), which ends at
// `end`; the text's size. The packet's own size stays for the caller to set.
inline std::uint32_t write_trailer(std::uint8_t* end, std::uint32_t payload_bytes,
                                   std::uint8_t next_header, std::uint32_t padding_mask) noexcept {
  constexpr std::uint32_t kTrailerBytes = sizeof(EspTrailer);
  const std::uint32_t padding = (0u - (payload_bytes + kTrailerBytes)) & padding_mask;
  Octets32::load(kTrailers[padding].data()).store(end);
  end[padding + 1] = next_header;
  return payload_bytes + padding + kTrailerBytes;
}

// A packet between its headers and its trailer.
struct Wrapped {
  std::uint8_t* iv;  // where it begins
  std::uint32_t text_bytes;
};

template <class Leave>
[[gnu::always_inline]] inline Wrapped wrap_in_tunnel(Packet& packet, const OutboundSa& sa,
                                                     WorkerContext& my,
                                                     const Leave& leave) noexcept {
  if (sa.tfc_bytes != 0) [[unlikely]]
    pad_traffic_flow(packet, sa);
  std::uint8_t next_header = packet.summary.family == Family::V4 ? kProtocolIpv4 : kProtocolIpv6;
  if (packet.dummy) [[unlikely]]
    next_header = kProtocolNone;
  std::uint8_t* const inner = packet.data();
  const std::uint32_t payload_bytes = packet.size();
  const std::uint32_t text_bytes =
      write_trailer(inner + payload_bytes, payload_bytes, next_header, sa.padding_mask);
  return {enter_tunnel(packet, {inner, text_bytes + sa.icv_bytes}, sa, my, leave), text_bytes};
}

// The same for transport mode.
[[nodiscard]] Wrapped wrap_in_transport(Packet& packet, const OutboundSa& sa) noexcept;

// Puts headers, padding and trailer around each packet of a run of `sa`, and says what is to be
// encrypted: how many octets. There is a job for each packet. Room has been checked by choose_sas.
// What a tunnel has made goes to `leave`.
template <class Leave>
[[gnu::always_inline]] inline std::uint64_t encapsulate_esp(const SaRun& run, CryptoJob* job,
                                                            const OutboundSa& sa, WorkerContext& my,
                                                            const Leave& leave) noexcept {
  const CommonJob of_all(my.keys.at(sa.key), sa);
  const bool counter = sa.iv_rule == IvRule::Counter;
  std::uint64_t number = run.first_number;
  std::uint64_t bytes = 0;
  for (Packet* const packet : run.packets) {
    const Wrapped wrapped = sa.mode == IpsecMode::Tunnel ? wrap_in_tunnel(*packet, sa, my, leave)
                                                         : wrap_in_transport(*packet, sa);
    std::uint8_t* const esp = wrapped.iv - sizeof(EspHeader);
    reinterpret_cast<EspHeader*>(esp)->sequence.set(static_cast<std::uint32_t>(number));
    if (counter) [[likely]]
      store_be<std::uint64_t>(wrapped.iv, number);
    of_all.store(*job);
    job->esp = esp;
    job->sequence = number++;
    job->text_bytes = wrapped.text_bytes;
    ++job;
    bytes += wrapped.text_bytes;
  }
  return bytes;
}

}  // namespace sallyport
