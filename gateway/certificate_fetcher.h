// Fetches what certificates and peers point to, on a thread of its own: whoever is slow is waited
// for by nobody else (CERT-03, CERT-05; docs/decisions/0011).
#pragma once

#include <array>
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
  // Objects that are waited for at a time for either kind of asker; further ones fail at once.
  static constexpr std::size_t kMostWaiting = 256;
  // Of either kind so many are under way.
  static constexpr std::size_t kMostAtOnce = 16;

  CertificateFetcher();
  // What is under way ends; nobody is told any more.
  ~CertificateFetcher() override;
  CertificateFetcher(const CertificateFetcher&) = delete;
  CertificateFetcher& operator=(const CertificateFetcher&) = delete;

  // For what is asked for from now on.
  void set(FetchTerms terms) { terms_ = std::move(terms); }
  // Who asks for what is under way already, for the same kind of asker, waits for that. `done` runs
  // in poll(). The thread begins with the first question.
  void fetch(Asker asker, const std::string& url, std::vector<std::uint8_t> body,
             Done done) override;
  // Tells who has waited; never blocks.
  void poll();
  [[nodiscard]] std::size_t waiting() const noexcept;

 private:
  static constexpr std::size_t kAskers = 2;
  // A URL and what is sent there.
  using Key = std::pair<std::string, std::vector<std::uint8_t>>;
  struct Ended {
    Asker asker;
    Key key;
    Answer answer;
  };
  struct UnderWay {
    Asker asker;
    std::unique_ptr<HttpTransfer> transfer;
  };
  using Transfers = std::map<void*, UnderWay>;  // by libcurl's handle
  template <class T>
  using OfEach = std::array<T, kAskers>;  // by Asker

  void tell(Ended& ended);
  // The thread's.
  void work();
  void begin_ordered(Transfers& under_way);
  // False where nothing is to begin.
  bool begin_next(Asker asker, Transfers& under_way);
  // Whether any has ended.
  bool end_finished(Transfers& under_way);

  FetchTerms terms_;
  OfEach<std::map<Key, std::vector<Done>>> waiting_;
  std::deque<Ended> refused_;  // at once

  std::mutex mutex_;
  OfEach<std::deque<std::unique_ptr<HttpTransfer>>> ordered_;  // these two: under the mutex
  std::deque<Ended> ended_;
  std::atomic<bool> stopping_{};
  void* multi_;  // libcurl's; the thread's, but for waking it
  std::thread thread_;
};

}  // namespace sallyport
