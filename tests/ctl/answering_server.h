// A gateway's end of the control socket that says what a test wants it to say.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::test {

// Takes one client. For each request line it sends the next answer, in pieces of `piece` octets;
// when there are no more, it closes the connection.
class AnsweringServer {
 public:
  explicit AnsweringServer(std::vector<std::string> answers, std::size_t piece = 65536)
      : answers_(std::move(answers)), piece_(piece) {
    std::filesystem::remove(path_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.native().copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_, 1) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~AnsweringServer() {
    static_cast<void>(requests());
    close(listener_);
    std::filesystem::remove(path_);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  // What was asked, once all answers are given or the client has gone.
  [[nodiscard]] const std::vector<std::string>& requests() {
    shutdown(listener_, SHUT_RDWR);  // for tests whose client never came
    if (thread_.joinable()) thread_.join();
    return requests_;
  }

 private:
  void serve() {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    for (const std::string& answer : answers_) {
      std::string line;
      for (char byte = 0; recv(client, &byte, 1, 0) == 1 && byte != '\n';) line += byte;
      if (line.empty()) break;
      requests_.push_back(line);
      send_in_pieces(client, answer);
    }
    close(client);
  }
  void send_in_pieces(int client, std::string_view rest) const {
    while (!rest.empty()) {
      const ssize_t sent = send(client, rest.data(), std::min(piece_, rest.size()), MSG_NOSIGNAL);
      if (sent < 0) return;
      rest.remove_prefix(static_cast<std::size_t>(sent));
      if (!rest.empty() && piece_ < 64) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::vector<std::string> answers_;
  std::size_t piece_;
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("sallyport-ctl-" + std::to_string(getpid()));
  int listener_{};
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace sallyport::test
