// How packets are protected: the keys that `protect` of a policy and an [[sa]] have in common.
#pragma once

#include "gateway/config/table_reader.h"
#include "gateway/config/toml_writer.h"
#include "spd/policy.h"

namespace sallyport {

// What the table says goes over what `protection` holds: protocol, mode, endpoints, esn,
// replay_window, fragments, fragmentation, df, dscp, ecn, hop_limit, flow_label, dscp_from_outer,
// soft, hard.
void read_protection(TableReader& reader, Protection& protection);

void write_protection(const Protection& protection, TomlFields& fields);

}  // namespace sallyport
