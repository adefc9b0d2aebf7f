#include "ike/datagram_size.h"

namespace sallyport::ike {
namespace {

constexpr std::size_t kUsualOfIpv4 = 576;
// Also the least that every link of IPv6 carries.
constexpr std::size_t kUsualOfIpv6 = 1280;

constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;
constexpr std::size_t kUdpHeaderBytes = 8;
constexpr std::size_t kMarkerBytes = 4;

}  // namespace

std::size_t usual_datagram_bytes(Family family) noexcept {
  return family == Family::V4 ? kUsualOfIpv4 : kUsualOfIpv6;
}

std::optional<std::size_t> smaller_datagram_bytes(Family family, std::size_t bytes) noexcept {
  if (bytes > kUsualOfIpv6) return kUsualOfIpv6;
  if (family == Family::V4 && bytes > kUsualOfIpv4) return kUsualOfIpv4;
  return std::nullopt;
}

std::size_t bytes_around_message(const Path& path) noexcept {
  const std::size_t ip =
      path.remote.address.family == Family::V4 ? kIpv4HeaderBytes : kIpv6HeaderBytes;
  return ip + kUdpHeaderBytes + (path.local.port == kIkeNatPort ? kMarkerBytes : 0);
}

}  // namespace sallyport::ike
