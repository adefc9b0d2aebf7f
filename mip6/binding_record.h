// A binding as a versioned record, so that it can be carried to another node or past a restart
// (docs/architecture.md 2). Nothing in it is secret.
#pragma once

#include "mip6/binding_cache.h"

namespace sallyport::mip6 {

// An entry, with what is left of its lifetime instead of its end.
struct CarriedBinding {
  BindingEntry entry;  // `ends` is without meaning
  Duration left{};     // in whole milliseconds, three days at most
};

[[nodiscard]] CarriedBinding carried(const BindingEntry& entry, Instant now);
[[nodiscard]] Octets write_record(const CarriedBinding& binding);
// Untrusted bytes: a version that we do not know, truncation, and what no binding may be is an
// error. Whether this home agent serves it, adopt() decides.
[[nodiscard]] Expected<CarriedBinding> read_record(ByteView record);

}  // namespace sallyport::mip6
