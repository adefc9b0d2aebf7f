// The patterns by which the PAD knows the identities of peers (RFC 4301 4.4.3.1; PAD-03..05). Any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "net/selector.h"
#include "pad/identity.h"

namespace sallyport {

// One pattern of a PAD entry.
class IdentityPattern {
 public:
  // What Identity::parse reads, whole; and sub-trees: ".example.com" (names below it, not the name
  // itself), "@example.com", "C=US, O=Example, *" (DNs that begin so), "CN=*" (any value of that
  // RDN); addresses also as prefix and range; "any".
  [[nodiscard]] static Expected<IdentityPattern> parse(std::string_view text);

  [[nodiscard]] bool matches(const Identity& identity) const;
  [[nodiscard]] bool matches(const ComparableIdentity& identity) const;
  // The whole identity that it stands for; nullopt where it stands for several.
  [[nodiscard]] std::optional<Identity> exact() const;
  [[nodiscard]] bool is_any() const noexcept { return std::holds_alternative<Any>(form_); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  friend bool operator==(const IdentityPattern& left, const IdentityPattern& right) {
    return left.text_ == right.text_;
  }

 private:
  struct Any {};
  struct Whole {
    Identity identity;
    ComparableIdentity comparable;
  };
  struct SubTree {  // of FQDNs or of mail domains
    IdType type;
    std::string tail;  // with the '.' or '@' in front, lower case
  };
  struct Rdn {
    ComparableRdn rdn;
    bool any_value{};  // the type alone counts
  };
  struct DnPattern {
    std::vector<Rdn> rdns;
    bool prefix{};  // more may follow
  };
  using Form = std::variant<Any, Whole, SubTree, DnPattern, AddressRange>;
  IdentityPattern(std::string_view text, Form form) : text_(text), form_(std::move(form)) {}

  [[nodiscard]] static Expected<Form> form_of(std::string_view text);
  [[nodiscard]] static Expected<Form> sub_tree(IdType type, std::string_view tail);
  [[nodiscard]] static Expected<Form> dn_pattern(std::string_view text);
  [[nodiscard]] static Expected<Rdn> rdn_pattern(std::string_view text);
  [[nodiscard]] static bool holds(const Rdn& pattern, const ComparableRdn& rdn);
  [[nodiscard]] static bool holds(const Any&, const ComparableIdentity&) { return true; }
  [[nodiscard]] static bool holds(const Whole& form, const ComparableIdentity& identity);
  [[nodiscard]] static bool holds(const SubTree& form, const ComparableIdentity& identity);
  [[nodiscard]] static bool holds(const DnPattern& form, const ComparableIdentity& identity);
  [[nodiscard]] static bool holds(const AddressRange& form, const ComparableIdentity& identity);

  std::string text_;
  Form form_;
};

}  // namespace sallyport
