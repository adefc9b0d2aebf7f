#include "gateway/audit_record.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "net/protocol.h"

namespace sallyport {
namespace {

std::string rfc3339(WallTime time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(since - seconds);
  return fmt::format("{:%FT%T}.{:06}Z", fmt::gmtime(static_cast<std::time_t>(seconds.count())),
                     rest.count());
}

std::string_view ipsec_name(std::uint8_t protocol) {
  return protocol == kProtocolAh ? "ah" : "esp";
}

void add_name(AuditRecord& record, const char* field, std::string name) {
  if (!name.empty()) record[field] = std::move(name);
}

void add_selectors(const Event& event, AuditRecord& record) {
  if (!event.has_addresses) return;
  record["source"] = to_string(Address{event.source, event.family});
  record["destination"] = to_string(Address{event.destination, event.family});
  if (event.family == Family::V6) record["flow_label"] = fmt::format("0x{:05x}", event.flow_label);
  record["protocol"] = event.protocol;
  if (!event.ports_visible) return;
  if (port_meaning(event.protocol) == PortMeaning::Ports) {
    record["source_port"] = event.source_port;
    record["destination_port"] = event.destination_port;
    return;
  }
  record["type"] = event.source_port >> 8;
  record["code"] = event.source_port & 0xff;
}

}  // namespace

AuditRecord begin_record(WallTime time, std::string_view event) {
  return {{"time", rfc3339(time)}, {"event", event}};
}

AuditRecord drop_record(const Event& event, WallTime time, const AuditNames& names) {
  AuditRecord record = begin_record(time, "drop");
  record["reason"] = facts(event.reason).name;
  if (event.ipsec_protocol != 0) record["ipsec"] = ipsec_name(event.ipsec_protocol);
  if (event.spi != Spi{}) record["spi"] = fmt::format("0x{:08x}", event.spi.value);
  if (event.has_sequence) record["sequence"] = event.sequence;
  add_selectors(event, record);
  if (event.decapsulated) record["decapsulated"] = true;
  if (event.sa != kNoSa) add_name(record, "sa", names.sa(event.direction, event.sa, event.spi));
  if (event.policy != kNoPolicy) add_name(record, "policy", names.policy(event.policy));
  if (event.ingress != kNoPort) add_name(record, "port", names.port(event.ingress));
  if (event.worker != kControl) record["worker"] = event.worker.value;
  return record;
}

}  // namespace sallyport
