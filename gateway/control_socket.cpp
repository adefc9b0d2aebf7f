#include "gateway/control_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sallyport {
namespace {

Expected<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    return fail(Error::Code::Invalid,
                fmt::format("the socket path \"{}\" is too long", path.native()),
                fmt::format("at most {} characters", sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

std::unexpected<Error> socket_error(const std::filesystem::path& path, const char* doing) {
  return fail(Error::Code::Io, fmt::format("cannot {}: {}", doing, std::strerror(errno)),
              "check the path and its permissions", path.native());
}

// A socket file that nobody listens on is what a killed instance left behind.
Expected<void> remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  std::error_code error;
  if (!std::filesystem::is_socket(path, error)) return {};  // or bind() says what is wrong
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool answered =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  if (answered)
    return fail(Error::Code::Exists, "another instance answers on the control socket",
                "stop it, or give this one another [instance] name", path.native());
  if (!std::filesystem::remove(path, error) && error)
    return fail(Error::Code::Io, "cannot remove the stale socket: " + error.message(),
                "check the directory's permissions", path.native());
  return {};
}

Expected<int> listen_on(const std::filesystem::path& path, const sockaddr_un& address) {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return socket_error(path, "make a socket");
  const mode_t mask = umask(0177);
  const int bound = bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(mask);
  if (bound == 0 && listen(listener, static_cast<int>(ControlSocket::kMaxClients)) == 0)
    return listener;
  auto error = socket_error(path, "listen");
  close(listener);
  return error;
}

}  // namespace

Expected<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::filesystem::path& path,
                                                             EventLoop& loop,
                                                             ControlHandler& handler) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  std::error_code made;
  std::filesystem::create_directories(path.parent_path(), made);
  if (auto removed = remove_stale(path, *address); !removed)
    return std::unexpected(removed.error());
  const auto listener = listen_on(path, *address);
  if (!listener) return std::unexpected(listener.error());
  std::unique_ptr<ControlSocket> opened(new ControlSocket(path, *listener, loop, handler));
  auto watched = loop.watch(*listener, [self = opened.get()] { self->accept_client(); });
  if (!watched) return std::unexpected(watched.error());
  return opened;
}

ControlSocket::~ControlSocket() {
  while (!clients_.empty()) close_client(clients_.begin()->first);
  loop_.forget(listener_);
  close(listener_);
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void ControlSocket::accept_client() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  if (clients_.size() == kMaxClients ||
      !loop_.watch(client, [this, client] { read_from(client); })) {
    close(client);
    return;
  }
  clients_.try_emplace(client);
}

void ControlSocket::read_from(int descriptor) {
  Client& client = clients_.at(descriptor);
  std::array<char, 4096> chunk;
  const ssize_t got = read(descriptor, chunk.data(), chunk.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == 0 && !client.ended && !client.unsent.empty()) {
    client.ended = true;
    loop_.watch_writable_only(descriptor, [this, descriptor] { send_more(descriptor); });
    return;
  }
  if (got <= 0) return close_client(descriptor);
  client.received.append(chunk.data(), static_cast<std::size_t>(got));
  if (!answer_lines(client) || !send_to(descriptor, client)) close_client(descriptor);
}

bool ControlSocket::answer_lines(Client& client) {
  std::size_t start = 0;
  for (std::size_t end; (end = client.received.find('\n', start)) != std::string::npos;
       start = end + 1)
    client.unsent +=
        handler_.answer(std::string_view(client.received).substr(start, end - start)) + '\n';
  client.received.erase(0, start);
  return client.received.size() <= kMaxRequest && client.unsent.size() <= kMaxUnread;
}

bool ControlSocket::send_to(int descriptor, Client& client) {
  while (!client.unsent.empty()) {
    const ssize_t sent = send(descriptor, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) break;
    client.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  if (client.ended) return !client.unsent.empty();
  loop_.watch_writable_too(
      descriptor,
      client.unsent.empty() ? EventLoop::Ready{} : [this, descriptor] { send_more(descriptor); });
  return true;
}

void ControlSocket::send_more(int descriptor) {
  const auto found = clients_.find(descriptor);
  if (found != clients_.end() && !send_to(descriptor, found->second)) close_client(descriptor);
}

void ControlSocket::close_client(int descriptor) {
  loop_.forget(descriptor);
  clients_.erase(descriptor);
  close(descriptor);
}

}  // namespace sallyport
