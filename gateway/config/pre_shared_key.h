// Pre-shared keys of peers: from files, or inline where the operator insists (AUTH-07).
#pragma once

#include <memory>

#include "base/secret.h"
#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"

namespace sallyport {

struct PreSharedKey {
  std::shared_ptr<const SecretBytes> bytes;
  SecretSource source;
};

// The key under `key`: { file = "...", encoding = "text" }, or { text | hex | base64 = "..." }.
// Nothing where it is missing, which is no error, or wrong, which is reported without the key.
[[nodiscard]] std::optional<PreSharedKey> read_pre_shared_key(TableReader& reader,
                                                              std::string_view key,
                                                              Loading& loading);

// The reference to its file. Refuses one that stood inline; `owner` is whose it is ("peer branch").
[[nodiscard]] Expected<TomlFields> pre_shared_key_fields(const SecretSource& source,
                                                         const std::string& owner);

}  // namespace sallyport
