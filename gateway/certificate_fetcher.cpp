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

std::size_t CertificateFetcher::waiting() const noexcept {
  std::size_t waiting = 0;
  for (const auto& of_kind : waiting_) waiting += of_kind.size();
  return waiting;
}

void CertificateFetcher::fetch(Asker asker, const std::string& url, std::vector<std::uint8_t> body,
                               Done done) {
  const Key key{url, body};
  auto& waiting = waiting_[std::to_underlying(asker)];
  if (const auto same = waiting.find(key); same != waiting.end()) {
    same->second.push_back(std::move(done));
    return;
  }
  const bool full = waiting.size() >= kMostWaiting || multi_ == nullptr;
  waiting[key].push_back(std::move(done));
  if (full || !is_http_url(url)) {
    refused_.push_back({asker, key,
                        full ? fail(Error::Code::Exhausted, "too much is being fetched")
                             : fail(Error::Code::Invalid, "it is nothing to fetch")});
    return;
  }
  auto transfer = std::make_unique<HttpTransfer>(FetchOrder{url, std::move(body)}, terms_);
  {
    const std::lock_guard lock(mutex_);
    ordered_[std::to_underlying(asker)].push_back(std::move(transfer));
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  curl_multi_wakeup(multi_);
}

void CertificateFetcher::poll() {
  if (waiting() == 0) return;
  std::deque<Ended> ended = std::exchange(refused_, {});
  {
    const std::lock_guard lock(mutex_);
    std::ranges::move(std::exchange(ended_, {}), std::back_inserter(ended));
  }
  for (Ended& one : ended) tell(one);
}

// Strangers can have as many lines in the log as they like.
void CertificateFetcher::tell(Ended& ended) {
  if (!ended.answer && is_http_url(ended.key.first))
    spdlog::log(ended.asker == Asker::Signer ? spdlog::level::info : spdlog::level::debug,
                "fetching {}: {}", ended.key.first, to_string(ended.answer.error()));
  const auto dones = waiting_[std::to_underlying(ended.asker)].extract(ended.key);
  if (dones.empty()) return;
  const auto answer = std::make_shared<const Answer>(std::move(ended.answer));
  for (const Done& done : dones.mapped()) done(answer);
}

void CertificateFetcher::work() {
  constexpr int kLongestWait = 1000;  // milliseconds
  Transfers under_way;
  while (!stopping_) {
    begin_ordered(under_way);
    int running = 0;
    curl_multi_perform(multi_, &running);
    if (end_finished(under_way)) continue;  // there is room for others
    curl_multi_poll(multi_, nullptr, 0, kLongestWait, nullptr);
  }
  for (const auto& [handle, one] : under_way) curl_multi_remove_handle(multi_, handle);
}

void CertificateFetcher::begin_ordered(Transfers& under_way) {
  for (const Asker asker : {Asker::Signer, Asker::Stranger}) {
    const auto of_this_kind = [asker](const auto& one) { return one.second.asker == asker; };
    auto busy = static_cast<std::size_t>(std::ranges::count_if(under_way, of_this_kind));
    while (busy < kMostAtOnce && begin_next(asker, under_way)) ++busy;
  }
}

bool CertificateFetcher::begin_next(Asker asker, Transfers& under_way) {
  std::unique_ptr<HttpTransfer> next;
  {
    const std::lock_guard lock(mutex_);
    auto& ordered = ordered_[std::to_underlying(asker)];
    if (ordered.empty()) return false;
    next = std::move(ordered.front());
    ordered.pop_front();
  }
  void* const handle = next->handle();
  if (handle != nullptr && curl_multi_add_handle(multi_, handle) == CURLM_OK) {
    under_way.emplace(handle, UnderWay{asker, std::move(next)});
    return true;
  }
  const std::lock_guard lock(mutex_);
  ended_.push_back({asker,
                    {next->order().url, next->order().body},
                    fail(Error::Code::Exhausted, "no memory to fetch it")});
  return true;
}

bool CertificateFetcher::end_finished(Transfers& under_way) {
  bool any = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;
    void* const handle = message->easy_handle;
    const auto ended = under_way.extract(handle);
    curl_multi_remove_handle(multi_, handle);
    if (ended.empty()) continue;
    any = true;
    HttpTransfer& transfer = *ended.mapped().transfer;
    Answer answer = transfer.outcome(result);
    const std::lock_guard lock(mutex_);
    ended_.push_back(
        {ended.mapped().asker, {transfer.order().url, transfer.order().body}, std::move(answer)});
  }
  return any;
}

}  // namespace sallyport
