// Key material of a configured SA: from files, or inline where the operator insists.
#pragma once

#include "gateway/config/loading.h"

namespace sallyport {

// Reads key, salt and integrity_key of an [[sa]] into `sa`, whose transform is known, and notes the
// files they came from. A key file may hold the salt behind the key, as KEYMAT does (RFC 4106 8.1).
void read_keys(TableReader& reader, Sa& sa, Loading& loading);

}  // namespace sallyport
