#include <fmt/format.h>

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kMostHalfOpen = 1u << 20;
constexpr std::chrono::seconds kLongestFetch{20};
constexpr std::uint64_t kMostFetched = 64u << 20;

void read_retransmission(TableReader& ike, RetransmissionConfig& retransmit) {
  const Value* value = ike.find("retransmit");
  if (value == nullptr) return;
  TableReader reader(*value, "retransmit", ike.diagnostics());
  reader.read("initial", retransmit.initial, read_duration);
  reader.read("cap", retransmit.cap, read_duration);
  reader.read("give_up", retransmit.give_up, read_duration);
  if (retransmit.initial > retransmit.cap)
    reader.error("initial", "initial: the first wait is longer than cap, the longest",
                 "at most " + duration_text(retransmit.cap));
  if (retransmit.cap > retransmit.give_up)
    reader.error("cap", "cap: nothing is sent again before give_up",
                 "at most " + duration_text(retransmit.give_up));
}

void read_fetching(TableReader& ike, FetchConfig& fetch) {
  const Value* value = ike.find("fetch");
  if (value == nullptr) return;
  TableReader reader(*value, "fetch", ike.diagnostics());
  reader.read("timeout", fetch.timeout, read_duration);
  reader.read("max_size", fetch.max_size, read_size);
  reader.read("allow", fetch.allow, list_of(read_prefix));
  if (fetch.timeout > kLongestFetch)
    reader.error("timeout", "timeout: the peer waits as long, and gives up before",
                 "at most " + duration_text(kLongestFetch));
  if (fetch.max_size > kMostFetched)
    reader.error("max_size", "max_size: more than fits in memory many times over",
                 "at most " + size_text(kMostFetched));
}

TomlFields fetch_fields(const FetchConfig& fetch) {
  std::vector<std::string> allow;
  for (const Prefix& prefix : fetch.allow) allow.push_back(to_string(prefix));
  TomlFields fields;
  fields.add("timeout", duration_text(fetch.timeout));
  fields.add("max_size", size_text(fetch.max_size));
  if (!allow.empty()) fields.add("allow", allow);
  return fields;
}

void check_defences(const IkeConfig& ike, TableReader& reader) {
  if (ike.cookie_threshold > ike.half_open_limit)
    reader.error("cookie_threshold", "cookie_threshold: half_open_limit is reached before",
                 fmt::format("0 to {}", ike.half_open_limit));
  if (ike.half_open_per_source > ike.half_open_limit)
    reader.error("half_open_per_source", "half_open_per_source: half_open_limit is reached before",
                 fmt::format("1 to {}", ike.half_open_limit));
}

}  // namespace

void read_ike(TableReader& root, Loading& loading) {
  const Value* section = root.find("ike");
  if (section == nullptr) return;
  IkeConfig& ike = loading.configuration.ike;
  TableReader reader(*section, "[ike]", loading.diagnostics);
  reader.read("half_open_limit", ike.half_open_limit, number(1u, kMostHalfOpen));
  reader.read("cookie_threshold", ike.cookie_threshold, number(0u, kMostHalfOpen));
  reader.read("half_open_per_source", ike.half_open_per_source, number(1u, kMostHalfOpen));
  read_retransmission(reader, ike.retransmit);
  reader.read("hash_and_url", ike.hash_and_url, read_flag);
  read_fetching(reader, ike.fetch);
  reader.read("key_log_directory", ike.key_log_directory, read_path);
  check_defences(ike, reader);
  if (!ike.key_log_directory.empty())
    loading.diagnostics.warn(
        reader.at("key_log_directory"),
        fmt::format("key_log_directory: WHOEVER READS {} READS ALL TRAFFIC: it gets the secrets "
                    "of every IKE SA and its children",
                    ike.key_log_directory.native()),
        "leave it out, but in a laboratory");
}

void write_ike(const Configuration& configuration, std::string& out) {
  const IkeConfig& ike = configuration.ike;
  TomlFields retransmit;
  retransmit.add("initial", duration_text(ike.retransmit.initial));
  retransmit.add("cap", duration_text(ike.retransmit.cap));
  retransmit.add("give_up", duration_text(ike.retransmit.give_up));
  TomlFields fields;
  fields.add("half_open_limit", ike.half_open_limit);
  fields.add("cookie_threshold", ike.cookie_threshold);
  fields.add("half_open_per_source", ike.half_open_per_source);
  fields.add("retransmit", retransmit);
  fields.add("hash_and_url", ike.hash_and_url);
  fields.add("fetch", fetch_fields(ike.fetch));
  if (!ike.key_log_directory.empty()) fields.add("key_log_directory", ike.key_log_directory);
  out += fields.block("[ike]");
}

}  // namespace sallyport
