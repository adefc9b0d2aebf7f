#include "gateway/config/proposals.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/transforms.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {

Expected<std::vector<Transform>> read_proposals(const Value& value, IpsecProtocol protocol) {
  const auto of_protocol = [protocol](const Value& one) { return read_transforms(one, protocol); };
  const auto groups = list_of(of_protocol)(value);
  if (!groups) return std::unexpected(groups.error());
  std::vector<Transform> proposals;
  for (const auto& group : *groups) {
    for (const Transform& transform : group) {
      if (std::ranges::find(proposals, transform) == proposals.end())
        proposals.push_back(transform);
    }
  }
  return proposals;
}

void check_proposals(const OfferedProposals& offered, TableReader& reader,
                     const CryptoConfig& crypto) {
  const std::string_view key = offered.key;
  for (const Transform& transform : offered.proposals) {
    if (icv_bytes(transform) == 0)
      reader.error(key, fmt::format("{}: {} has no integrity", key, to_string(transform)),
                   "add an integrity algorithm or take a combined one", Error::Code::Refused);
    if (auto consent = check_consent(transform, offered.protocol, crypto); !consent)
      reader.error(key, fmt::format("{}: {}", key, consent.error().what), consent.error().remedy,
                   consent.error().code);
  }
}

void write_proposals(const OfferedProposals& offered, TomlFields& fields) {
  std::vector<std::string> texts;
  for (const Transform& transform : offered.proposals)
    texts.push_back(to_string(transform, offered.protocol));
  if (!texts.empty()) fields.add(offered.key, texts);
}

}  // namespace sallyport
