// The machine that a bench runs on.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::bench {

[[nodiscard]] std::string processor_name();
[[nodiscard]] int last_core();
// -1: the last core. Says so where it cannot be; `program` is whose name the message bears.
void stay_on(int core, std::string_view program);
// Ticks of the TSC in a second, and cycles of this core for each: it may run faster or slower.
[[nodiscard]] double tsc_hz();
[[nodiscard]] double core_cycles_per_tick();

}  // namespace sallyport::bench
