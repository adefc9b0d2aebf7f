#include "crypto/suites.h"

#include <algorithm>
#include <array>

namespace sallyport {
namespace {

constexpr std::array kVpnA{Transform{Cipher::TripleDesCbc, Integrity::HmacSha1_96}};
constexpr std::array kVpnB{Transform{Cipher::AesCbc128, Integrity::AesXcbc_96}};
constexpr std::array kGcm128{Transform{Cipher::AesGcm16_128, Integrity::None}};
constexpr std::array kGcm256{Transform{Cipher::AesGcm16_256, Integrity::None}};
constexpr std::array kGmac128{Transform{Cipher::AesGmac128, Integrity::None}};
constexpr std::array kGmac256{Transform{Cipher::AesGmac256, Integrity::None}};

constexpr std::array kSuites{
    Suite{"VPN-A", kVpnA},                // RFC 4308 2.1: 3DES
    Suite{"VPN-B", kVpnB},                // RFC 4308 2.2
    Suite{"Suite-B-GCM-128", kGcm128},    // RFC 6379 3.1
    Suite{"Suite-B-GCM-256", kGcm256},    // RFC 6379 3.2
    Suite{"Suite-B-GMAC-128", kGmac128},  // RFC 6379 3.3
    Suite{"Suite-B-GMAC-256", kGmac256},  // RFC 6379 3.4
};

}  // namespace

std::span<const Suite> all_suites() noexcept { return kSuites; }

std::optional<Suite> suite_by_name(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kSuites, name, &Suite::name);
  if (found == kSuites.end()) return std::nullopt;
  return *found;
}

}  // namespace sallyport
