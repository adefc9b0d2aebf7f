// A live SA as a versioned record, so that it can be carried to another node: keys, selectors,
// counters and all. Secret: whoever stores a record guards it as he guards keys.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "sad/sa.h"
#include "sad/sa_table.h"

namespace sallyport {

// The SA with its present counters. Control thread; reads the worker's counters as they stand.
[[nodiscard]] std::vector<std::uint8_t> export_record(const Sa& sa, const SaTable& table,
                                                      SaSlot slot);
// What Sad::add takes. An outbound SA's last_sequence is `jump` above the exported one, so that
// numbers and IVs that the old node may have used since are never used again (ALG-20, RPL-08).
// Untrusted bytes: a version we do not know, truncation or an invalid SA is an error.
[[nodiscard]] Expected<Sa> import_record(ByteView record, std::uint64_t jump);

}  // namespace sallyport
