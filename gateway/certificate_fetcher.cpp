#include "gateway/certificate_fetcher.h"

#include <curl/curl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/http_url.h"

namespace sallyport {
namespace {

// libcurl is readied once, before any thread of ours uses it.
void* new_multi() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  return kReady == CURLE_OK ? curl_multi_init() : nullptr;
}

}  // namespace

CertificateFetcher::CertificateFetcher() : multi_(new_multi()) {}

CertificateFetcher::~CertificateFetcher() {
  stopping_ = true;
  if (thread_.joinable()) {
    curl_multi_wakeup(multi_);
    thread_.join();
  }
  curl_multi_cleanup(multi_);
}

void CertificateFetcher::fetch(const std::string& url, std::vector<std::uint8_t> body, Done done) {
  const Key key{url, body};
  if (const auto same = waiting_.find(key); same != waiting_.end()) {
    same->second.push_back(std::move(done));
    return;
  }
  const bool full = waiting_.size() >= kMostWaiting;
  waiting_[key].push_back(std::move(done));
  if (full || multi_ == nullptr || !is_http_url(url)) {
    refused_.emplace_back(key, fail(Error::Code::Exhausted,
                                    full ? "too much is being fetched" : "it is nothing to fetch"));
    return;
  }
  auto transfer = std::make_unique<HttpTransfer>(FetchOrder{url, std::move(body)}, terms_);
  {
    const std::lock_guard lock(mutex_);
    ordered_.push_back(std::move(transfer));
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  curl_multi_wakeup(multi_);
}

void CertificateFetcher::poll() {
  if (waiting_.empty()) return;
  std::deque<std::pair<Key, Answer>> ended = std::exchange(refused_, {});
  {
    const std::lock_guard lock(mutex_);
    std::ranges::move(std::exchange(ended_, {}), std::back_inserter(ended));
  }
  for (auto& [key, answer] : ended) {
    if (!answer) spdlog::info("fetching {}: {}", key.first, to_string(answer.error()));
    const auto dones = waiting_.extract(key);
    if (dones.empty()) continue;
    for (const Done& done : dones.mapped()) done(answer);
  }
}

void CertificateFetcher::work() {
  constexpr int kLongestWait = 1000;  // milliseconds
  Transfers under_way;
  while (!stopping_) {
    begin_ordered(under_way);
    int running = 0;
    curl_multi_perform(multi_, &running);
    end_finished(under_way);
    curl_multi_poll(multi_, nullptr, 0, kLongestWait, nullptr);
  }
  for (const auto& [handle, transfer] : under_way) curl_multi_remove_handle(multi_, handle);
}

void CertificateFetcher::begin_ordered(Transfers& under_way) {
  while (under_way.size() < kMostAtOnce) {
    std::unique_ptr<HttpTransfer> next;
    {
      const std::lock_guard lock(mutex_);
      if (ordered_.empty()) return;
      next = std::move(ordered_.front());
      ordered_.pop_front();
    }
    void* const handle = next->handle();
    if (handle != nullptr && curl_multi_add_handle(multi_, handle) == CURLM_OK) {
      under_way.emplace(handle, std::move(next));
      continue;
    }
    const std::lock_guard lock(mutex_);
    ended_.emplace_back(Key{next->order().url, next->order().body},
                        next->outcome(CURLE_OUT_OF_MEMORY));
  }
}

void CertificateFetcher::end_finished(Transfers& under_way) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;
    void* const handle = message->easy_handle;
    const auto ended = under_way.extract(handle);
    curl_multi_remove_handle(multi_, handle);
    if (ended.empty()) continue;
    HttpTransfer& transfer = *ended.mapped();
    Answer answer = transfer.outcome(result);
    const std::lock_guard lock(mutex_);
    ended_.emplace_back(Key{transfer.order().url, transfer.order().body}, std::move(answer));
  }
}

}  // namespace sallyport
