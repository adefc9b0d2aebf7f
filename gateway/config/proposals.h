// Transforms that SAs may be negotiated with.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/config/configuration.h"
#include "gateway/config/table_reader.h"
#include "gateway/config/toml_writer.h"

namespace sallyport {

// Suites are spread out, and what stands twice counts where it stands first.
[[nodiscard]] Expected<std::vector<Transform>> read_proposals(const Value& value,
                                                              IpsecProtocol protocol);
// Reports under `key` what has no integrity, and what needs a consent that nobody has given.
struct OfferedProposals {
  std::string_view key;
  const std::vector<Transform>& proposals;
  IpsecProtocol protocol{IpsecProtocol::Esp};
};
void check_proposals(const OfferedProposals& offered, TableReader& reader,
                     const CryptoConfig& crypto);
// Nothing where there are none.
void write_proposals(const OfferedProposals& offered, TomlFields& fields);

}  // namespace sallyport
