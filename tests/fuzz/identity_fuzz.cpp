// Fuzzes identities from the wire (the first octet is the type) and the text of identities and
// patterns: what is accepted is printed in printable ASCII, and what is printed is read back as the
// same party and as the pattern of it alone (IKE-90, PAD-02..05).
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pad/identity_pattern.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

// An error says what is wrong and what would be right.
template <class T>
bool parsed(const Expected<T>& result) {
  if (!result) require(!result.error().what.empty() && !result.error().remedy.empty());
  return result.has_value();
}

void check(const Identity& identity) {
  const std::string text = to_string(identity);
  require(std::ranges::all_of(text, [](char one) { return one >= ' ' && one <= '~'; }));
  const auto again = Identity::parse(text);
  require(again && again->is_same_as(identity) && to_string(*again) == text);
  require(identity.type == IdType::DistinguishedName || *again == identity);
  const auto pattern = IdentityPattern::parse(text);
  require(pattern && pattern->matches(identity));
  const auto exact = pattern->exact();
  require(exact && exact->is_same_as(identity));
}

void from_wire(ByteView input) {
  if (input.empty()) return;
  const auto identity = Identity::from_wire(input.front(), input.subspan(1));
  if (parsed(identity)) check(*identity);
}

void from_text(std::string_view text) {
  if (const auto identity = Identity::parse(text); parsed(identity)) check(*identity);
  const auto pattern = IdentityPattern::parse(text);
  if (!parsed(pattern)) return;
  require(pattern->text() == text);
  if (const auto exact = pattern->exact()) {
    require(pattern->matches(*exact) && !pattern->is_any());
    check(*exact);
  }
  require(pattern->matches(Identity{}) == (pattern->is_any() || pattern->exact() == Identity{}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  from_wire({data, size});
  from_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
