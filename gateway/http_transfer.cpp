#include "gateway/http_transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <optional>

#include "gateway/fetch_targets.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostHeaderOctets = 16'384;
constexpr long kOk = 200;

// `at` is a sockaddr of the family, whole.
std::optional<Address> address_of(int family, const void* at) {
  if (family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, at, sizeof v4);
    return Address::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, at, sizeof v6);
  return Address::v6(std::span<const std::uint8_t, 16>(v6.sin6_addr.s6_addr));
}

}  // namespace

HttpTransfer::HttpTransfer(FetchOrder order, FetchTerms terms)
    : order_(std::move(order)), terms_(std::move(terms)), handle_(curl_easy_init()) {
  if (handle_ == nullptr) return;
  set_options();
  set_callbacks();
  if (!order_.body.empty()) set_body();
}

HttpTransfer::~HttpTransfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
}

// A proxy would resolve and connect where nobody checks; a connection that is used again has been
// checked for another URL.
void HttpTransfer::set_options() {
  curl_easy_setopt(handle_, CURLOPT_URL, order_.url.c_str());
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle_, CURLOPT_PROXY, "");
  curl_easy_setopt(handle_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(handle_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle_, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(handle_, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle_, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_QUICK_EXIT, 1L);  // waits for no name server when time is up
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(terms_.timeout.count()));
  curl_easy_setopt(handle_, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(terms_.most_bytes));
}

void HttpTransfer::set_callbacks() {
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &HttpTransfer::take_body);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &HttpTransfer::take_header);
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
  // libcurl's own types in the place of theirs, which this header's readers need not know.
  curl_easy_setopt(
      handle_, CURLOPT_OPENSOCKETFUNCTION,
      +[](void* self, curlsocktype purpose, curl_sockaddr* address) -> curl_socket_t {
        return open_socket(self, purpose, address);
      });
  curl_easy_setopt(handle_, CURLOPT_OPENSOCKETDATA, this);
}

// RFC 6960 A.1. Without "Expect" the request goes at once.
void HttpTransfer::set_body() {
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/ocsp-request");
  headers_ = headers;
  if (curl_slist* more = curl_slist_append(headers, "Expect:"); more != nullptr) headers_ = more;
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, static_cast<curl_slist*>(headers_));
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(order_.body.size()));
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, reinterpret_cast<const char*>(order_.body.data()));
}

std::size_t HttpTransfer::take_body(char* data, std::size_t one, std::size_t octets, void* self) {
  HttpTransfer& transfer = *static_cast<HttpTransfer*>(self);
  const std::size_t more = one * octets;
  if (more > transfer.terms_.most_bytes - transfer.content_.size()) {
    transfer.too_long_ = true;
    return 0;
  }
  transfer.content_.insert(transfer.content_.end(), data, data + more);
  return more;
}

// They are not looked at, but somebody might send them for ever.
std::size_t HttpTransfer::take_header(char*, std::size_t one, std::size_t octets, void* self) {
  HttpTransfer& transfer = *static_cast<HttpTransfer*>(self);
  transfer.header_octets_ += one * octets;
  transfer.too_long_ = transfer.too_long_ || transfer.header_octets_ > kMostHeaderOctets;
  return transfer.too_long_ ? 0 : one * octets;
}

// After names have been resolved, with the very address that is connected to: no name server can
// change its mind in between.
int HttpTransfer::open_socket(void* self, int purpose, void* target) {
  HttpTransfer& transfer = *static_cast<HttpTransfer*>(self);
  const curl_sockaddr& to = *static_cast<const curl_sockaddr*>(target);
  // libcurl has room behind `addr` for the longer ones.
  const auto address =
      address_of(to.family, static_cast<const char*>(target) + offsetof(curl_sockaddr, addr));
  if (purpose != CURLSOCKTYPE_IPCXN || !address ||
      !may_be_fetched_from(*address, transfer.terms_.allowed)) {
    transfer.forbidden_host_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to.family, to.socktype | SOCK_CLOEXEC, to.protocol);
}

Expected<std::vector<std::uint8_t>> HttpTransfer::outcome(int curl_code) {
  const auto result = static_cast<CURLcode>(curl_code);
  const auto refuse = [&](std::string why, std::string remedy = {}) {
    return fail(Error::Code::Io, std::move(why), std::move(remedy), order_.url);
  };
  if (too_long_ || result == CURLE_FILESIZE_EXCEEDED)
    return refuse(fmt::format("it is longer than {} octets", terms_.most_bytes),
                  "a larger max_size of `fetch` in [ike]");
  if (result != CURLE_OK && forbidden_host_)
    return refuse("its host is none that may be asked", "`allow` of `fetch` in [ike]");
  if (result != CURLE_OK) return refuse(curl_easy_strerror(result));
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  if (status != kOk) return refuse(fmt::format("the server answers with status {}", status));
  if (content_.empty()) return refuse("it is empty");
  return std::move(content_);
}

}  // namespace sallyport
