#include <fmt/format.h>
#include <algorithm>

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<IdleRule, 3> kIdleRules{
    {{"spin", IdleRule::Spin}, {"yield", IdleRule::Yield}, {"sleep", IdleRule::Sleep}}};
constexpr Words<HugepageUse, 3> kHugepageUses{
    {{"auto", HugepageUse::Auto}, {"yes", HugepageUse::Yes}, {"no", HugepageUse::No}}};
constexpr std::uint16_t kMostWorkers = 64;
constexpr std::uint16_t kHighestCore = 1023;
constexpr std::uint16_t kLargestBurst = 64;

void check_cores(const DataplaneConfig& dataplane, TableReader& reader) {
  if (dataplane.cores.empty()) return;
  if (dataplane.cores.size() != dataplane.workers) {
    reader.error(
        "cores",
        fmt::format("cores: {} for {} worker(s)", dataplane.cores.size(), dataplane.workers),
        "one core for each worker, or leave it out");
  }
  auto sorted = dataplane.cores;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    reader.error("cores", fmt::format("cores: {} stands twice", *twice),
                 "a core of its own for each");
  }
}

Expected<Duration> read_flow_life(const Value& value) {
  const auto life = read_duration(value);
  if (!life) return std::unexpected(life.error());
  if (*life > kLongestFlowLife) return wrong(value, shown(value) + " is too long", "24h at most");
  return *life;
}

// "0s" is none.
Expected<Duration> read_keep_active(const Value& value) {
  if (value.text() != nullptr && *value.text() == "0s") return Duration{};
  const auto time = read_duration(value);
  if (!time) return std::unexpected(time.error());
  if (*time > kLongestKeepActive) return wrong(value, shown(value) + " is too long", "10m at most");
  return *time;
}

std::string flow_time_text(Duration time) {
  return time == Duration{} ? "0s"
                            : duration_text(std::chrono::duration_cast<std::chrono::seconds>(time));
}

}  // namespace

void read_dataplane(TableReader& root, Loading& loading) {
  const Value* section = root.find("dataplane");
  if (section == nullptr) return;
  DataplaneConfig& dataplane = loading.configuration.dataplane;
  TableReader reader(*section, "[dataplane]", loading.diagnostics);
  reader.read("workers", dataplane.workers, number<std::uint16_t>(1, kMostWorkers));
  reader.read("cores", dataplane.cores, list_of(number<std::uint16_t>(0, kHighestCore)));
  reader.read("burst", dataplane.burst, number<std::uint16_t>(1, kLargestBurst));
  reader.read("idle", dataplane.idle, one_of(kIdleRules));
  reader.read("hugepages", dataplane.hugepages, one_of(kHugepageUses));
  reader.read("flow_life", dataplane.flow_cache.life, read_flow_life);
  reader.read("flow_keep_active", dataplane.flow_cache.keep_active, read_keep_active);
  reader.read("skipped_headers", dataplane.skipped_headers, list_of(number<std::uint8_t>(0)));
  if (const auto skipped = SkippedHeaders::of(dataplane.skipped_headers); !skipped)
    reader.error("skipped_headers", "skipped_headers: " + skipped.error().what,
                 skipped.error().remedy);
  check_cores(dataplane, reader);
}

void write_dataplane(const Configuration& configuration, std::string& out) {
  const DataplaneConfig& dataplane = configuration.dataplane;
  TomlFields fields;
  fields.add("workers", dataplane.workers);
  if (!dataplane.cores.empty()) {
    fields.add_numbers("cores", {dataplane.cores.begin(), dataplane.cores.end()});
  }
  fields.add("burst", dataplane.burst);
  fields.add("idle", word_for(kIdleRules, dataplane.idle));
  fields.add("hugepages", word_for(kHugepageUses, dataplane.hugepages));
  fields.add("flow_life", flow_time_text(dataplane.flow_cache.life));
  fields.add("flow_keep_active", flow_time_text(dataplane.flow_cache.keep_active));
  fields.add_numbers("skipped_headers",
                     {dataplane.skipped_headers.begin(), dataplane.skipped_headers.end()});
  out += fields.block("[dataplane]");
}

}  // namespace sallyport
