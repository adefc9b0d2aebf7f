#include "gateway/policy_linting.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "spd/policy_names.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kWorkOfPage = 1u << 18;   // some 13 ms, and the last policy's on top
constexpr std::size_t kReadingOfPage = 20'000;  // policies; some 8 ms
constexpr std::size_t kRowsOfPage = 500;

std::string_view name_of(PolicyFinding::Kind kind) {
  switch (kind) {
    case PolicyFinding::Kind::Shadowed:
      return "shadowed";
    case PolicyFinding::Kind::Unreachable:
      return "unreachable";
    case PolicyFinding::Kind::Conflicting:
      return "conflicting";
    case PolicyFinding::Kind::Redundant:
      return "redundant";
  }
  return "shadowed";
}

Json row_of(const PolicyFinding& finding, std::span<const Policy* const> ordered) {
  Json by = Json::array();
  for (const std::size_t other : finding.others) by.push_back(ordered[other]->name);
  return {{"finding", name_of(finding.kind)},
          {"by", std::move(by)},
          {"meaning", to_string(finding, ordered)}};
}

Json row_of_unexamined(const Policy& policy) {
  return {
      {"finding", "not examined"},
      {"by", Json::array()},
      {"meaning", fmt::format("policy {} overlaps more policies than are looked at", policy.name)}};
}

}  // namespace

void PolicyLinting::begin(const Gateway& gateway) {
  databases_.clear();
  for (std::size_t i = 0; i < gateway.configuration().spds.size(); ++i) {
    const auto order = gateway.spd().ordered(SpdId{static_cast<std::uint16_t>(i)});
    const std::string& name = gateway.configuration().spds[i].name;
    const bool alike = std::ranges::all_of(order, [](const Policy* policy) {
      return is_met(*policy, Direction::Outbound) == is_met(*policy, Direction::Inbound);
    });
    add(alike ? name : name + " outbound", order, Direction::Outbound);
    if (!alike) add(name + " inbound", order, Direction::Inbound);
  }
}

void PolicyLinting::add(std::string name, std::span<const Policy* const> order,
                        Direction direction) {
  Database& database = databases_.emplace_back();
  database.name = std::move(name);
  for (std::size_t position = 0; position < order.size(); ++position) {
    if (!is_met(*order[position], direction)) continue;
    database.ordered.push_back(order[position]);
    database.positions.push_back(position);
  }
  database.decorrelation = std::make_unique<Decorrelation>(database.ordered);
}

void PolicyLinting::examine(const Database& database, std::size_t index, Json& rows) {
  const auto report = PolicyLint(*database.decorrelation).examine(index);
  const auto add = [&](Json row) {
    row["spd"] = database.name;
    row["policy"] = database.ordered[index]->name;
    row["position"] = database.positions[index];
    rows.push_back(std::move(row));
  };
  for (const PolicyFinding& finding : report.findings) add(row_of(finding, database.ordered));
  if (!report.whole) add(row_of_unexamined(*database.ordered[index]));
}

Json PolicyLinting::page(Gateway& gateway, std::size_t first) {
  const std::uint32_t version = gateway.dataplane().policies().version;
  if (version_ != version) begin(gateway);
  version_ = version;
  Json rows = Json::array();
  std::size_t work = 0;
  std::size_t passed = 0;  // policies of the SPDs before
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    Decorrelation& decorrelation = *databases_[i].decorrelation;
    const std::size_t end = passed + decorrelation.ordered().size();
    if (first < end && !decorrelation.read(kReadingOfPage)) work = kWorkOfPage;
    const std::size_t before = decorrelation.work_done();
    const auto spent = [&] { return work + decorrelation.work_done() - before; };
    for (; first < end && spent() < kWorkOfPage && rows.size() < kRowsOfPage; ++first)
      examine(databases_[i], first - passed, rows);
    work = spent();
    passed = end;
  }
  Json page = {{"rows", std::move(rows)}};
  if (first < passed)
    page["next"] = first;
  else
    *this = PolicyLinting();
  return page;
}

}  // namespace sallyport
