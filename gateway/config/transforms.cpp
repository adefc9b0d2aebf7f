#include "gateway/config/transforms.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/suites.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {

Expected<std::vector<Transform>> read_transforms(const Value& value, IpsecProtocol protocol) {
  auto text = read_text(value);
  if (!text) return std::unexpected(std::move(text).error());
  if (const auto suite = suite_by_name(*text); suite && protocol == IpsecProtocol::Esp) {
    return std::vector<Transform>(suite->esp.begin(), suite->esp.end());
  }
  const auto transform = placed(value, parse_transform(*text, protocol));
  if (!transform) return std::unexpected(transform.error());
  return std::vector{*transform};
}

Expected<Transform> read_transform(const Value& value, IpsecProtocol protocol) {
  const auto transforms = read_transforms(value, protocol);
  if (!transforms) return std::unexpected(transforms.error());
  if (transforms->size() == 1) return transforms->front();
  return wrong(value, shown(value) + " stands for several transforms", "one of them");
}

Expected<void> check_consent(Transform transform, IpsecProtocol protocol,
                             const CryptoConfig& crypto) {
  const auto check = [&crypto](const auto& row) -> Expected<void> {
    if (!row.needs_consent || std::ranges::find(crypto.allow, row.name) != crypto.allow.end())
      return {};
    return fail(Error::Code::Refused,
                fmt::format("{} is weak or unusual and not allowed", row.name),
                fmt::format("another algorithm, or [crypto] allow = [\"{}\"]", row.name));
  };
  if (protocol == IpsecProtocol::Ah) return check(facts(transform.integrity));
  if (auto consent = check(facts(transform.cipher)); !consent) return consent;
  return check(facts(transform.integrity));
}

}  // namespace sallyport
