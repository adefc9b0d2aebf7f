#include "gateway/config/transforms.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/suites.h"
#include "gateway/config/loading.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

template <class Facts>
Expected<void> check_row(const Facts& row, const CryptoConfig& crypto) {
  if (!row.needs_consent || std::ranges::find(crypto.allow, row.name) != crypto.allow.end())
    return {};
  return fail(Error::Code::Refused, fmt::format("{} is weak or unusual and not allowed", row.name),
              fmt::format("another algorithm, or [crypto] allow = [\"{}\"]", row.name));
}

// Of one kind of algorithm: the first that may not be used.
template <class Ids>
Expected<void> check_rows(const Ids& ids, const CryptoConfig& crypto) {
  for (const auto id : ids)
    if (auto consent = check_row(facts(id), crypto); !consent) return consent;
  return {};
}

Expected<IkeProposal> read_ike_proposal(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  if (const auto suite = suite_by_name(*text)) return ike_proposal(*suite);
  return placed(value, parse_ike_proposal(*text));
}

Expected<Group> read_group(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  if (const auto group = group_by_name(*text)) return *group;
  return wrong(value, shown(value) + " is no group for key exchange",
               suggestion(*text, element_names(all_groups())));
}

// What stands twice counts where it stands first.
template <class T>
Expected<std::vector<T>> without_repeats(Expected<std::vector<T>> read) {
  if (!read) return read;
  std::vector<T> unique;
  for (T& element : *read) {
    if (std::ranges::find(unique, element) == unique.end()) unique.push_back(std::move(element));
  }
  return unique;
}

}  // namespace

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

Expected<std::vector<IkeProposal>> read_ike_proposals(const Value& value) {
  return without_repeats(list_of(read_ike_proposal)(value));
}

Expected<std::vector<Group>> read_groups(const Value& value) {
  if (value.list() != nullptr && value.list()->empty()) return std::vector<Group>{};
  return without_repeats(list_of(read_group)(value));
}

bool encrypts(Transform transform) noexcept {
  const CipherKind kind = facts(transform.cipher).kind;
  return kind != CipherKind::Null && kind != CipherKind::Gmac;
}

std::vector<std::string> group_names(const std::vector<Group>& groups) {
  std::vector<std::string> names;
  for (const Group group : groups) names.emplace_back(facts(group).name);
  return names;
}

Expected<void> check_consent(Transform transform, IpsecProtocol protocol,
                             const CryptoConfig& crypto) {
  if (protocol == IpsecProtocol::Ah) return check_row(facts(transform.integrity), crypto);
  if (auto consent = check_row(facts(transform.cipher), crypto); !consent) return consent;
  return check_row(facts(transform.integrity), crypto);
}

Expected<void> check_consent(const IkeProposal& proposal, const CryptoConfig& crypto) {
  if (auto consent = check_rows(proposal.ciphers, crypto); !consent) return consent;
  if (auto consent = check_rows(proposal.integrities, crypto); !consent) return consent;
  if (auto consent = check_rows(proposal.prfs, crypto); !consent) return consent;
  return check_rows(proposal.groups, crypto);
}

Expected<void> check_consent(Group group, const CryptoConfig& crypto) {
  return check_row(facts(group), crypto);
}

}  // namespace sallyport
