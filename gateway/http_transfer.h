// One object on its way by http: bounded in time and size, from hosts that may be asked alone, and
// without anything that leads elsewhere (CERT-03). For gateway/certificate_fetcher; its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "net/address.h"

namespace sallyport {

// What an operator lets fetches cost, and where they may go beyond the public Internet.
struct FetchTerms {
  std::chrono::milliseconds timeout{5000};  // from the first step to the last octet
  std::size_t most_bytes{1u << 20};
  std::vector<Prefix> allowed{};
};
struct FetchOrder {
  std::string url;
  std::vector<std::uint8_t> body{};  // of an OCSP request; empty: GET
};

class HttpTransfer {
 public:
  HttpTransfer(FetchOrder order, FetchTerms terms);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // libcurl's easy handle; null without memory.
  [[nodiscard]] void* handle() const noexcept { return handle_; }
  [[nodiscard]] const FetchOrder& order() const noexcept { return order_; }
  // Once it has ended, with what libcurl says of it.
  [[nodiscard]] Expected<std::vector<std::uint8_t>> outcome(int curl_code);

 private:
  // libcurl's callbacks. Each yields what libcurl takes for "go on" or "stop".
  static std::size_t take_body(char* data, std::size_t one, std::size_t octets, void* self);
  static std::size_t take_header(char* data, std::size_t one, std::size_t octets, void* self);
  static int open_socket(void* self, int purpose, void* target);

  void set_options();
  void set_body();
  void set_callbacks();

  FetchOrder order_;
  FetchTerms terms_;
  void* handle_;
  void* headers_{};  // of a POST
  std::vector<std::uint8_t> content_;
  std::size_t header_octets_{};
  bool too_long_{};
  bool forbidden_host_{};
};

}  // namespace sallyport
