// Named sets of algorithms (RFC 4308, RFC 6379), for ESP and for IKE.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "crypto/algorithms.h"
#include "crypto/ike_transforms.h"

namespace sallyport {

// What a suite protects IKE with: one of each kind.
struct SuiteIke {
  Cipher cipher;
  Integrity integrity;
  Prf prf;
  Group group;
};

struct Suite {
  std::string_view name;           // the RFC's UI name, to the letter
  std::span<const Transform> esp;  // in falling preference
  SuiteIke ike;
};

[[nodiscard]] std::span<const Suite> all_suites() noexcept;
[[nodiscard]] std::optional<Suite> suite_by_name(std::string_view name) noexcept;
[[nodiscard]] IkeProposal ike_proposal(const Suite& suite);

}  // namespace sallyport
