// Traffic selectors in a configuration: the same keys in a policy and in `selectors`.
#pragma once

#include <vector>

#include "gateway/config/table_reader.h"
#include "gateway/config/toml_writer.h"
#include "net/selector.h"

namespace sallyport {

// `selectors = {...}` or `selectors = [{...}, ...]`; nothing where there is no such key.
[[nodiscard]] std::vector<Selector> read_selector_list(TableReader& reader);
// The same, or one set from the table's own keys; never both. A table with none of the keys is one
// set that matches everything.
[[nodiscard]] std::vector<Selector> read_selectors(TableReader& reader);

[[nodiscard]] std::vector<TomlFields> selector_fields(const std::vector<Selector>& selectors);

}  // namespace sallyport
