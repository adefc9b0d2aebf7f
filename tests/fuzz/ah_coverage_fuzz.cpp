// Fuzzes cover_by_ah(): no octet outside the headers is touched, and what is covered is covered as
// itself.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "net/ah_coverage.h"

namespace {

using namespace sallyport;
using Octets = std::vector<std::uint8_t>;

void require(bool condition) {
  if (!condition) std::abort();
}

std::optional<Octets> covered(ByteView headers) {
  const auto exact = std::make_unique<std::uint8_t[]>(headers.size());
  std::ranges::copy(headers, exact.get());
  const auto gone = cover_by_ah({exact.get(), headers.size()});
  if (!gone) return std::nullopt;
  require(*gone % 8 == 0 && *gone < headers.size());
  return Octets(exact.get() + *gone, exact.get() + headers.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto once = covered({data, size});
  if (!once) return 0;
  require(once->size() >= 20 && (*once)[0] >> 4 == data[0] >> 4);
  require(covered(*once) == once);
  return 0;
}
