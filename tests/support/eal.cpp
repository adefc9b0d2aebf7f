#include "tests/support/eal.h"

#include <optional>
#include <stdexcept>

#include "dataplane/eal.h"
#include "tests/support/thread_sanitizer.h"

namespace sallyport {

void need_eal() {
  static std::optional<Eal> running;
  if (running) return;
  auto eal = Eal::start({.file_prefix = "test",
                         .memory_megabytes = 768,
                         .hugepages = Hugepages::No,
                         .extra = {"--no-shconf", "--log-level=error"}});
  if (!eal) throw std::runtime_error(to_string(eal.error()));
  running.emplace(std::move(*eal));
  use_visible_pools();
}

}  // namespace sallyport
