#include "gateway/lifetime_report.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace sallyport {

void LifetimeReport::soft_lifetime(const Sa& sa, LifeLimit limit) {
  spdlog::info("SA {} has reached its soft lifetime in {}", sa.name, to_string(limit));
  record("sa_soft_lifetime", sa, limit);
  if (next_ != nullptr) next_->soft_lifetime(sa, limit);
}

void LifetimeReport::hard_lifetime(const Sa& sa, LifeLimit limit) {
  spdlog::warn("SA {} has reached its hard lifetime in {} and is removed", sa.name,
               to_string(limit));
  record("sa_hard_lifetime", sa, limit);
  if (next_ != nullptr) next_->hard_lifetime(sa, limit);
}

void LifetimeReport::removed(const std::string& sa) {
  if (!audit_.config().lifetimes) return;
  AuditRecord entry = audit_.begin("sa_removed");
  entry["sa"] = sa;
  audit_.record(std::move(entry));
}

void LifetimeReport::record(std::string_view event, const Sa& sa, LifeLimit limit) {
  if (!audit_.config().lifetimes) return;
  AuditRecord entry = audit_.begin(event);
  entry["limit"] = to_string(limit);
  entry["ipsec"] = to_string(sa.protocol);
  entry["spi"] = fmt::format("0x{:08x}", sa.spi.value);
  entry["source"] =
      to_string(sa.direction == Direction::Outbound ? sa.endpoints.local : sa.endpoints.remote);
  entry["destination"] =
      to_string(sa.direction == Direction::Outbound ? sa.endpoints.remote : sa.endpoints.local);
  entry["sa"] = sa.name;
  audit_.record(std::move(entry));
}

}  // namespace sallyport
