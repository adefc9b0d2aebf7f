#include "ike/wire/append.h"

namespace sallyport::ike {

void append(std::vector<std::uint8_t>& to, ByteView bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace sallyport::ike
