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

constexpr SuiteIke kIkeA{Cipher::TripleDesCbc, Integrity::HmacSha1_96, Prf::HmacSha1,
                         Group::Modp1024};
constexpr SuiteIke kIkeB{Cipher::AesCbc128, Integrity::AesXcbc_96, Prf::AesXcbc, Group::Modp2048};
constexpr SuiteIke kIke128{Cipher::AesCbc128, Integrity::HmacSha256_128, Prf::HmacSha256,
                           Group::Ecp256};
constexpr SuiteIke kIke256{Cipher::AesCbc256, Integrity::HmacSha384_192, Prf::HmacSha384,
                           Group::Ecp384};

constexpr std::array kSuites{
    Suite{"VPN-A", kVpnA, kIkeA},                  // RFC 4308 2.1: 3DES, a group of 1024 bits
    Suite{"VPN-B", kVpnB, kIkeB},                  // RFC 4308 2.2
    Suite{"Suite-B-GCM-128", kGcm128, kIke128},    // RFC 6379 3.1
    Suite{"Suite-B-GCM-256", kGcm256, kIke256},    // RFC 6379 3.2
    Suite{"Suite-B-GMAC-128", kGmac128, kIke128},  // RFC 6379 3.3
    Suite{"Suite-B-GMAC-256", kGmac256, kIke256},  // RFC 6379 3.4
};

}  // namespace

std::span<const Suite> all_suites() noexcept { return kSuites; }

std::optional<Suite> suite_by_name(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kSuites, name, &Suite::name);
  if (found == kSuites.end()) return std::nullopt;
  return *found;
}

IkeProposal ike_proposal(const Suite& suite) {
  return {{suite.ike.cipher}, {suite.ike.integrity}, {suite.ike.prf}, {suite.ike.group}};
}

}  // namespace sallyport
