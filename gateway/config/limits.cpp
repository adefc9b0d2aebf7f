#include <bit>

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

struct Limit {
  std::string_view key;
  std::uint32_t LimitsConfig::* field;
  std::uint32_t least;
  std::uint32_t most;
};
constexpr Limit kLimits[] = {
    {"sas", &LimitsConfig::sas, 1, 1u << 20},
    {"ike_sas", &LimitsConfig::ike_sas, 1, 1u << 20},
    {"policies", &LimitsConfig::policies, 1, 1u << 20},
    {"flows", &LimitsConfig::flows, 64, 1u << 26},
    {"routes", &LimitsConfig::routes, 16, 1u << 22},
    {"neighbours", &LimitsConfig::neighbours, 16, 1u << 20},
    {"neighbour_hold", &LimitsConfig::neighbour_hold, 1, 64},
    {"sa_hold", &LimitsConfig::sa_hold, 1, 64},
    {"mbufs", &LimitsConfig::mbufs, 1024, 1u << 23},
    {"large_buffers", &LimitsConfig::large_buffers, 16, 1u << 20},
    {"reassembly_datagrams", &LimitsConfig::reassembly_datagrams, 0, 1u << 16},
    {"fragment_flows", &LimitsConfig::fragment_flows, 16, 1u << 20},
    {"punt_ring", &LimitsConfig::punt_ring, 64, 1u << 16},
    {"punt_rate", &LimitsConfig::punt_rate, 1, 10'000'000},
    {"event_ring", &LimitsConfig::event_ring, 64, 1u << 16},
    {"audit_rate", &LimitsConfig::audit_rate, 1, 1'000'000},
};

// RFC 1122 3.3.2 and RFC 8200 4.5 name 60 seconds and more; what a flood can hold grows with it.
constexpr std::chrono::seconds kLeastReassembly{1};
constexpr std::chrono::seconds kMostReassembly{120};

}  // namespace

void read_limits(TableReader& root, Loading& loading) {
  const Value* section = root.find("limits");
  if (section == nullptr) return;
  LimitsConfig& limits = loading.configuration.limits;
  TableReader reader(*section, "[limits]", loading.diagnostics);
  for (const Limit& limit : kLimits) {
    reader.read(limit.key, limits.*limit.field, number(limit.least, limit.most));
  }
  reader.read("reassembly_time", limits.reassembly_time, read_duration);
  if (limits.reassembly_time < kLeastReassembly || limits.reassembly_time > kMostReassembly)
    reader.error("reassembly_time", "reassembly_time: not from 1s to 120s", "30s or so");
  if (!std::has_single_bit(limits.punt_ring)) {
    reader.error("punt_ring",
                 "punt_ring: " + std::to_string(limits.punt_ring) + " is no power of two",
                 std::to_string(std::bit_ceil(limits.punt_ring)));
  }
}

void write_limits(const Configuration& configuration, std::string& out) {
  TomlFields fields;
  for (const Limit& limit : kLimits) fields.add(limit.key, configuration.limits.*limit.field);
  fields.add("reassembly_time", duration_text(configuration.limits.reassembly_time));
  out += fields.block("[limits]");
}

}  // namespace sallyport
