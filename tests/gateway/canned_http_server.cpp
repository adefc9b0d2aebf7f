#include "tests/gateway/canned_http_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <utility>

namespace sallyport::test {
namespace {

constexpr int kShort = 20;  // milliseconds

void require(bool condition) {
  if (!condition) std::abort();
}

bool readable(int socket) {
  pollfd one{.fd = socket, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, kShort) == 1;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// The headers, and the body that they announce.
bool is_whole(std::string_view request) {
  const std::size_t end = request.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t at = request.find(kLength);
  if (at == std::string_view::npos || at > end) return true;
  const auto length = std::strtoul(request.data() + at + kLength.size(), nullptr, 10);
  return request.size() >= end + 4 + length;
}

}  // namespace

CannedHttpServer::CannedHttpServer(std::string answer, Afterwards afterwards)
    : answer_(std::move(answer)),
      afterwards_(afterwards),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  require(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
  require(::listen(listener_, 16) == 0);
  require(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

CannedHttpServer::~CannedHttpServer() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

std::string CannedHttpServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/what";
}

std::string CannedHttpServer::last_request() {
  const std::lock_guard lock(mutex_);
  return last_request_;
}

void CannedHttpServer::serve() {
  while (!stopping_) {
    if (!readable(listener_)) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    answer(client);
    ::close(client);
  }
}

void CannedHttpServer::answer(int client) {
  std::string request;
  while (!stopping_ && !is_whole(request)) {
    if (!readable(client)) continue;
    char octets[1024];
    const auto got = ::recv(client, octets, sizeof octets, 0);
    if (got <= 0) return;
    request.append(octets, static_cast<std::size_t>(got));
  }
  {
    const std::lock_guard lock(mutex_);
    last_request_ = request;
  }
  ++requests_;
  bool sent = send_all(client, answer_);
  while (sent && !stopping_ && afterwards_ == Afterwards::Repeat) sent = send_all(client, answer_);
  while (sent && !stopping_ && afterwards_ == Afterwards::Wait && !readable(client)) continue;
}

}  // namespace sallyport::test
