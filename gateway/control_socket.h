// Unix stream socket of the control protocol: one JSON object a line, requests and answers.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "gateway/control_handler.h"
#include "gateway/event_loop.h"

namespace sallyport {

// Control thread. Mode 0600; what a client sends or fails to read costs bounded memory.
class ControlSocket {
 public:
  static constexpr std::size_t kMaxClients = 64;
  static constexpr std::size_t kMaxRequest = 64 * 1024;       // octets of one line
  static constexpr std::size_t kMaxUnread = 4 * 1024 * 1024;  // octets that wait for one client

  // Makes the directory; refuses a path on which another instance answers. `loop` and `handler`
  // outlive it.
  [[nodiscard]] static Expected<std::unique_ptr<ControlSocket>> open(
      const std::filesystem::path& path, EventLoop& loop, ControlHandler& handler);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  struct Client {
    std::string received;
    std::string unsent;
    bool ended{};  // sends nothing any more, and goes when it has its answers
  };
  ControlSocket(std::filesystem::path path, int listener, EventLoop& loop, ControlHandler& handler)
      : path_(std::move(path)), listener_(listener), loop_(loop), handler_(handler) {}
  void accept_client();
  void read_from(int descriptor);
  // False where the client has to go.
  [[nodiscard]] bool answer_lines(Client& client);
  [[nodiscard]] bool send_to(int descriptor, Client& client);
  void send_more(int descriptor);
  void close_client(int descriptor);

  std::filesystem::path path_;
  int listener_;
  EventLoop& loop_;
  ControlHandler& handler_;
  std::map<int, Client> clients_;
};

}  // namespace sallyport
