// What may be fetched at all: plain http, and nothing that hides where it leads (RFC 7296 3.6).
#pragma once

#include <string_view>

namespace sallyport {

// "http://host[:port][/path]" of at most 1024 printable octets of ASCII, without user or password.
// URLs come from certificates and from peers that have proved nothing: what is no such URL is never
// asked for, and never printed.
[[nodiscard]] bool is_http_url(std::string_view text) noexcept;

}  // namespace sallyport
