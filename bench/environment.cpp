#include "bench/environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include "bench/machine.h"

namespace sallyport::bench {

Expected<Environment> Environment::start(const Settings& settings) {
  Environment environment;
  environment.hugepages_ =
      std::make_unique<ReservedHugepages>(settings.no_hugepages ? 0 : settings.megabytes);
  auto eal = Eal::start({.file_prefix = fmt::format("{}-{}", settings.program, getpid()),
                         .memory_megabytes = settings.megabytes,
                         .hugepages = settings.no_hugepages ? Hugepages::No : Hugepages::Auto});
  if (!eal) return std::unexpected(eal.error());
  environment.eal_.emplace(std::move(*eal));
  stay_on(settings.core, settings.program);
  return environment;
}

}  // namespace sallyport::bench
