// Fetches what certificates and peers point to, on a thread of its own: whoever is slow is waited
// for by nobody else (CERT-03, CERT-05; docs/decisions/0011).
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/http_transfer.h"
#include "ike/ports.h"

namespace sallyport {

// Control thread, but for what its own thread does.
class CertificateFetcher final : public ike::Fetches {
 public:
  // Objects that are waited for at a time; further ones fail at once.
  static constexpr std::size_t kMostWaiting = 256;
  // Of them so many are under way.
  static constexpr std::size_t kMostAtOnce = 32;

  CertificateFetcher();
  // What is under way ends; nobody is told any more.
  ~CertificateFetcher() override;
  CertificateFetcher(const CertificateFetcher&) = delete;
  CertificateFetcher& operator=(const CertificateFetcher&) = delete;

  // For what is asked for from now on.
  void set(FetchTerms terms) { terms_ = std::move(terms); }
  // Who asks for what is under way already waits for that. `done` runs in poll(). The thread begins
  // with the first question.
  void fetch(const std::string& url, std::vector<std::uint8_t> body, Done done) override;
  // Tells who has waited; never blocks.
  void poll();
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  using Answer = Expected<std::vector<std::uint8_t>>;
  // A URL and what is sent there.
  using Key = std::pair<std::string, std::vector<std::uint8_t>>;
  using Transfers = std::map<void*, std::unique_ptr<HttpTransfer>>;  // by libcurl's handle

  // The thread's.
  void work();
  void begin_ordered(Transfers& under_way);
  void end_finished(Transfers& under_way);

  FetchTerms terms_;
  std::map<Key, std::vector<Done>> waiting_;
  std::deque<std::pair<Key, Answer>> refused_;  // at once

  std::mutex mutex_;
  std::deque<std::unique_ptr<HttpTransfer>> ordered_;  // these two: under the mutex
  std::deque<std::pair<Key, Answer>> ended_;
  std::atomic<bool> stopping_{};
  void* multi_;  // libcurl's; the thread's, but for waking it
  std::thread thread_;
};

}  // namespace sallyport
