// A server on the loopback address that answers every request with the same bytes, good or bad.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace sallyport::test {

class CannedHttpServer {
 public:
  // What happens behind the bytes.
  enum class Afterwards : std::uint8_t {
    Close,
    Repeat,  // the bytes, until the client has enough of them
    Wait,    // for the client to go
  };

  explicit CannedHttpServer(std::string answer, Afterwards afterwards = Afterwards::Close);
  ~CannedHttpServer();
  CannedHttpServer(const CannedHttpServer&) = delete;
  CannedHttpServer& operator=(const CannedHttpServer&) = delete;

  // "http://127.0.0.1:PORT/what"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] unsigned requests() const noexcept { return requests_; }
  // The latest, headers and all.
  [[nodiscard]] std::string last_request();

 private:
  void serve();
  void answer(int client);

  std::string answer_;
  Afterwards afterwards_;
  int listener_;
  std::uint16_t port_{};
  std::atomic<bool> stopping_{};
  std::atomic<unsigned> requests_{};
  std::mutex mutex_;
  std::string last_request_;  // under the mutex
  std::thread thread_;
};

}  // namespace sallyport::test
