// The command `lint.policies`: all policies examined, a page of bounded work at a time.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "spd/policy_lint.h"

namespace sallyport {

// Control thread. Keeps what it has read of the policies from page to page, until they change.
class PolicyLinting {
 public:
  // What is found of the policies from number `first` on; of entries for names nothing is said.
  // {"rows": [...]}, and where policies are left "next": the number of the first of them.
  [[nodiscard]] nlohmann::json page(Gateway& gateway, std::size_t first);

 private:
  // The policies that the same packets meet, in order, and what is known of how they overlap: those
  // of an SPD, or of its SPD-S and SPD-O and of its SPD-I where they are not the same.
  struct Database {
    std::string name;
    std::vector<const Policy*> ordered;
    std::vector<std::size_t> positions;  // of each in its SPD
    std::unique_ptr<Decorrelation> decorrelation;
  };
  void begin(const Gateway& gateway);
  // Rows of what is found of one policy.
  static void examine(const Database& database, std::size_t index, nlohmann::json& rows);
  void add(std::string name, std::span<const Policy* const> order, Direction direction);

  std::uint32_t version_{};  // of the policies; 0: nothing is kept
  std::vector<Database> databases_;
};

}  // namespace sallyport
