#include <algorithm>

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<AuditTarget, 4> kTargets{{{"none", AuditTarget::None},
                                          {"file", AuditTarget::File},
                                          {"syslog", AuditTarget::Syslog},
                                          {"journal", AuditTarget::Journal}}};
constexpr Words<SyslogFacility, 13> kFacilities{{{"auth", SyslogFacility::Auth},
                                                 {"authpriv", SyslogFacility::Authpriv},
                                                 {"daemon", SyslogFacility::Daemon},
                                                 {"kern", SyslogFacility::Kern},
                                                 {"user", SyslogFacility::User},
                                                 {"local0", SyslogFacility::Local0},
                                                 {"local1", SyslogFacility::Local1},
                                                 {"local2", SyslogFacility::Local2},
                                                 {"local3", SyslogFacility::Local3},
                                                 {"local4", SyslogFacility::Local4},
                                                 {"local5", SyslogFacility::Local5},
                                                 {"local6", SyslogFacility::Local6},
                                                 {"local7", SyslogFacility::Local7}}};
constexpr std::uint32_t kHighestAuditRate = 1'000'000;
constexpr std::uint32_t kMostRemembered = 100'000;

std::vector<std::string_view> auditable_names() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const DropFacts& about = facts(static_cast<DropReason>(i));
    if (about.audit) names.push_back(about.name);
  }
  return names;
}

Expected<DropReason> read_reason(const Value& value) {
  const std::string_view name = value.text() == nullptr ? "" : std::string_view(*value.text());
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const DropFacts& about = facts(static_cast<DropReason>(i));
    if (about.audit && about.name == name) return about.reason;
  }
  return wrong(value, shown(value) + " is no auditable event", suggestion(name, auditable_names()));
}

}  // namespace

void read_audit(TableReader& root, Loading& loading) {
  AuditConfig& audit = loading.configuration.audit;
  audit.file = loading.configuration.instance.state_directory / "audit.jsonl";
  const Value* section = root.find("audit");
  if (section == nullptr) return;
  TableReader reader(*section, "[audit]", loading.diagnostics);
  reader.read("target", audit.target, one_of(kTargets));
  reader.read("file", audit.file, read_path);
  reader.read("facility", audit.facility, one_of(kFacilities));
  reader.read("rate", audit.rate, number(1u, kHighestAuditRate));
  reader.read("remember", audit.remember, number(0u, kMostRemembered));
  reader.read("esp", audit.esp, read_flag);
  reader.read("ah", audit.ah, read_flag);
  reader.read("lifetimes", audit.lifetimes, read_flag);
  reader.read("without", audit.without, list_of(read_reason));
  std::ranges::sort(audit.without);
  const auto [first, last] = std::ranges::unique(audit.without);
  audit.without.erase(first, last);
}

void write_audit(const Configuration& configuration, std::string& out) {
  const AuditConfig& audit = configuration.audit;
  TomlFields fields;
  fields.add("target", word_for(kTargets, audit.target));
  fields.add("file", audit.file);
  fields.add("facility", word_for(kFacilities, audit.facility));
  fields.add("rate", audit.rate);
  fields.add("remember", audit.remember);
  fields.add("esp", audit.esp);
  fields.add("ah", audit.ah);
  fields.add("lifetimes", audit.lifetimes);
  std::vector<std::string> without;
  for (const DropReason reason : audit.without) without.emplace_back(facts(reason).name);
  if (!without.empty()) fields.add("without", without);
  out += fields.block("[audit]");
}

}  // namespace sallyport
