// Traffic selectors in a configuration: the same keys in a policy, in an SA and in `selectors`.
#pragma once

#include <vector>

#include "gateway/config/table_reader.h"
#include "gateway/config/toml_writer.h"
#include "net/selector.h"

namespace sallyport {

// True where the table has any of the keys of a selector.
[[nodiscard]] bool has_selectors(const TableReader& reader) noexcept;
// One set from the table's own keys, or several from `selectors = [{...}, ...]`; never both. A
// table with none of the keys is one set that matches everything.
[[nodiscard]] std::vector<Selector> read_selectors(TableReader& reader);

[[nodiscard]] std::vector<TomlFields> selector_fields(const std::vector<Selector>& selectors);

}  // namespace sallyport
