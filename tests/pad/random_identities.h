// Identities by chance, among them those whose texts look like something else.
#pragma once

#include "pad/identity.h"
#include "tests/support/fixed_random.h"

namespace sallyport::test {

// What Identity::from_wire accepts, of every type.
[[nodiscard]] Identity random_identity(FixedRandom& random);

}  // namespace sallyport::test
