#include "bench/udp_datagrams.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sallyport::bench {
namespace {

// Between UDP and IKE on port 4500, where ESP has its SPI (RFC 3948 2.2).
constexpr std::array<std::uint8_t, 4> kNonEspMarker{};
constexpr std::array<std::uint8_t, 1> kKeepalive{0xff};
constexpr std::size_t kBatch = 32;
constexpr std::size_t kMostBytes = 65'535;
// Datagrams begin in different sets of the cache: this is an odd number of lines.
constexpr std::size_t kStride = 65'600;
// What a burst of thousands of peers takes while this process has no processor.
constexpr int kSocketBytes = 32 << 20;

socklen_t to_kernel(const ike::Endpoint& endpoint, sockaddr_storage& storage) {
  storage = {};
  const ByteView octets = endpoint.address.wire();
  if (endpoint.address.family == Family::V4) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(endpoint.port);
    std::memcpy(&name.sin_addr, octets.data(), octets.size());
    std::memcpy(&storage, &name, sizeof name);
    return sizeof name;
  }
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(endpoint.port);
  std::memcpy(&name.sin6_addr, octets.data(), octets.size());
  std::memcpy(&storage, &name, sizeof name);
  return sizeof name;
}

ike::Endpoint from_kernel(const sockaddr_storage& storage) {
  ike::Endpoint endpoint;
  if (storage.ss_family == AF_INET) {
    sockaddr_in name{};
    std::memcpy(&name, &storage, sizeof name);
    endpoint.port = ntohs(name.sin_port);
    endpoint.address = Address::v4(ntohl(name.sin_addr.s_addr));
  } else {
    sockaddr_in6 name{};
    std::memcpy(&name, &storage, sizeof name);
    endpoint.port = ntohs(name.sin6_port);
    endpoint.address = Address::v6(std::span<const std::uint8_t, 16>(name.sin6_addr.s6_addr));
  }
  return endpoint;
}

// Without the privilege the kernel gives as much as anybody may have.
void widen(int descriptor) {
  for (const auto& [forced, plain] :
       {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}})
    if (setsockopt(descriptor, SOL_SOCKET, forced, &kSocketBytes, sizeof kSocketBytes) != 0)
      static_cast<void>(
          setsockopt(descriptor, SOL_SOCKET, plain, &kSocketBytes, sizeof kSocketBytes));
}

}  // namespace

// Room for one batch of datagrams.
class UdpDatagrams::Inbox {
 public:
  Inbox() : octets_(kBatch * kStride) {}

  std::span<const mmsghdr> fill(int descriptor) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces_[i] = {octets_.data() + i * kStride, kMostBytes};
      headers_[i] = {};
      headers_[i].msg_hdr.msg_name = &names_[i];
      headers_[i].msg_hdr.msg_namelen = sizeof names_[i];
      headers_[i].msg_hdr.msg_iov = &pieces_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = recvmmsg(descriptor, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
    return std::span(headers_).first(static_cast<std::size_t>(std::max(count, 0)));
  }
  [[nodiscard]] const sockaddr_storage& sender(std::size_t i) const { return names_[i]; }
  [[nodiscard]] ByteView octets(std::size_t i) const {
    return ByteView(octets_).subspan(i * kStride, headers_[i].msg_len);
  }

 private:
  std::vector<std::uint8_t> octets_;
  std::array<sockaddr_storage, kBatch> names_{};
  std::array<iovec, kBatch> pieces_{};
  std::array<mmsghdr, kBatch> headers_{};
};

UdpDatagrams::UdpDatagrams(const Address& local)
    : local_(local), inbox_(std::make_unique<Inbox>()) {}

UdpDatagrams::~UdpDatagrams() {
  for (const Port& port : ports_)
    if (port.descriptor != kNone) close(port.descriptor);
}

Expected<std::unique_ptr<UdpDatagrams>> UdpDatagrams::open(const Address& local, Ports ports) {
  std::unique_ptr<UdpDatagrams> opened(new UdpDatagrams(local));
  for (const auto& [number, real, place] :
       {std::tuple{kIkePort, ports.ike, 0u}, std::tuple{kIkeNatPort, ports.nat, 1u}})
    if (auto bound = opened->bind(opened->ports_[place], number, real); !bound)
      return std::unexpected(bound.error());
  return opened;
}

Expected<void> UdpDatagrams::bind(Port& port, std::uint16_t number, std::uint16_t real) {
  port.number = number;
  const int family = local_.family == Family::V4 ? AF_INET : AF_INET6;
  port.descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (port.descriptor == kNone)
    return fail(Error::Code::Io, fmt::format("no UDP socket: {}", std::strerror(errno)));
  widen(port.descriptor);
  sockaddr_storage name{};
  socklen_t length = to_kernel({local_, real}, name);
  if (::bind(port.descriptor, reinterpret_cast<const sockaddr*>(&name), length) != 0)
    return fail(Error::Code::Io, fmt::format("UDP {} of {} cannot be had: {}", real,
                                             to_string(local_), std::strerror(errno)));
  length = sizeof name;
  if (getsockname(port.descriptor, reinterpret_cast<sockaddr*>(&name), &length) != 0)
    return fail(Error::Code::Io, fmt::format("a socket without name: {}", std::strerror(errno)));
  port.real = from_kernel(name).port;
  return {};
}

void UdpDatagrams::put(Port& port, const ike::Endpoint& to, ByteView front, ByteView message) {
  Waiting waiting{.begin = port.octets.size(), .length = front.size() + message.size()};
  waiting.to_length = to_kernel(to, waiting.to);
  port.octets.insert(port.octets.end(), front.begin(), front.end());
  port.octets.insert(port.octets.end(), message.begin(), message.end());
  port.waiting.push_back(waiting);
}

void UdpDatagrams::send(const ike::Path& path, ByteView message) {
  if (path.local.port == kIkeNatPort)
    put(ports_[1], path.remote, kNonEspMarker, message);
  else
    put(ports_[0], path.remote, {}, message);
}

void UdpDatagrams::send_keepalive(const ike::Path& path) {
  put(ports_[1], path.remote, {}, kKeepalive);
}

std::optional<Address> UdpDatagrams::source_for(const Address& remote) {
  return remote.family == local_.family ? std::optional(local_) : std::nullopt;
}

void UdpDatagrams::flush() {
  for (Port& port : ports_) flush(port);
}

void UdpDatagrams::flush(Port& port) {
  std::array<iovec, kBatch> pieces{};
  std::array<mmsghdr, kBatch> headers{};
  for (std::size_t begin = 0; begin < port.waiting.size();) {
    const std::size_t count = std::min(kBatch, port.waiting.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      Waiting& one = port.waiting[begin + i];
      pieces[i] = {port.octets.data() + one.begin, one.length};
      headers[i] = {};
      headers[i].msg_hdr.msg_name = &one.to;
      headers[i].msg_hdr.msg_namelen = one.to_length;
      headers[i].msg_hdr.msg_iov = &pieces[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent =
        sendmmsg(port.descriptor, headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
    // The first of those that are left is the one that could not be sent.
    begin += sent > 0 ? static_cast<std::size_t>(sent) : 1;
  }
  port.waiting.clear();
  port.octets.clear();
}

std::size_t UdpDatagrams::receive(const Take& take) {
  return receive(ports_[0], take) + receive(ports_[1], take);
}

std::size_t UdpDatagrams::receive(const Port& port, const Take& take) {
  const std::span<const mmsghdr> come = inbox_->fill(port.descriptor);
  for (std::size_t i = 0; i < come.size(); ++i) {
    ByteView message = inbox_->octets(i);
    if (port.number == kIkeNatPort) {
      const std::size_t front = std::min(message.size(), kNonEspMarker.size());
      if (!std::ranges::equal(message.first(front), kNonEspMarker)) continue;  // ESP, a keepalive
      message = message.subspan(front);
    }
    take({{local_, port.number}, from_kernel(inbox_->sender(i))}, message);
  }
  return come.size();
}

bool UdpDatagrams::wait(Duration timeout, int other) const {
  std::array<pollfd, 3> watched{pollfd{ports_[0].descriptor, POLLIN, 0},
                                pollfd{ports_[1].descriptor, POLLIN, 0}, pollfd{other, POLLIN, 0}};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timespec limit{seconds.count(), (timeout - seconds).count()};
  return ppoll(watched.data(), watched.size(), &limit, nullptr) > 0 && watched[2].revents != 0;
}

}  // namespace sallyport::bench
