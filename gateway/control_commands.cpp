#include "gateway/control_commands.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "gateway/control_views.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kPage = 500;  // rows of one answer: a long list never stalls the loop

Json error_json(const Error& error) {
  return {{"code", to_string(error.code)},
          {"what", error.where.empty() ? error.what : error.where + ": " + error.what},
          {"remedy", error.remedy}};
}

// {"rows": ..., "next": cursor} where more follow.
Json page_of(const Json& rows, const Json& arguments) {
  const std::size_t first = std::min<std::size_t>(arguments.value("cursor", 0u), rows.size());
  const std::size_t last = std::min(first + kPage, rows.size());
  Json page = {{"rows", Json::array()}};
  for (std::size_t i = first; i < last; ++i) page["rows"].push_back(rows[i]);
  if (last < rows.size()) page["next"] = last;
  return page;
}

using View = Json (*)(Gateway&);
const std::map<std::string_view, View> kViews{
    {"show.ports", show_ports},       {"show.routes", show_routes},
    {"show.sas", show_sas},           {"show.neighbours", show_neighbours},
    {"show.policies", show_policies}, {"show.workers", show_workers},
    {"show.account", show_account},   {"show.icmp", show_icmp}};

std::string text_argument(const Json& arguments, const char* name) {
  return arguments.value(name, std::string{});
}

}  // namespace

// One request, once it is known to be an object with a command.
class ControlRequest {
 public:
  ControlRequest(Gateway& gateway, const ControlCommands::Hooks& hooks, const Json& request)
      : gateway_(gateway), hooks_(hooks), arguments_(request.value("args", Json::object())) {}

  [[nodiscard]] Expected<Json> carry_out(const std::string& command) {
    if (const auto view = kViews.find(command); view != kViews.end())
      return page_of(view->second(gateway_), arguments_);
    if (command == "show.drops")
      return page_of(
          show_drops(gateway_, arguments_.value("all", false) ? DropRows::All : DropRows::Occurred),
          arguments_);
    if (command == "show.audit") {
      Json page =
          page_of(show_audit(gateway_, arguments_.value("after", std::uint64_t{0})), arguments_);
      page["counters"] = audit_counters(gateway_);
      return page;
    }
    if (command == "sa.remove") return done(gateway_.remove_sa(text_argument(arguments_, "name")));
    if (command == "sa.add")
      return done(gateway_.add_sa_text(text_argument(arguments_, "toml"),
                                       text_argument(arguments_, "policy")));
    if (command == "reload") return done(hooks_.reload());
    if (command == "stop") {
      hooks_.stop();
      return Json::object();
    }
    return fail(Error::Code::Unsupported, "there is no command \"" + command + "\"",
                "see docs/control-protocol.md");
  }

 private:
  static Expected<Json> done(const Expected<void>& outcome) {
    if (!outcome) return std::unexpected(outcome.error());
    return Json::object();
  }

  Gateway& gateway_;
  const ControlCommands::Hooks& hooks_;
  Json arguments_;
};

std::string ControlCommands::answer(std::string_view request) {
  Json answer = Json::object();
  try {
    const Json asked = Json::parse(request);
    answer["id"] = asked.value("id", Json(nullptr));
    if (asked.value("v", 0) != 1)
      throw std::invalid_argument("the protocol's version must be 1: {\"v\":1,...}");
    ControlRequest command(gateway_, hooks_, asked);
    const auto outcome = command.carry_out(asked.at("do").get<std::string>());
    if (outcome)
      answer["ok"] = *outcome;
    else
      answer["error"] = error_json(outcome.error());
  } catch (const std::exception& error) {
    answer["error"] = {{"code", "invalid"},
                       {"what", error.what()},
                       {"remedy", "{\"v\":1,\"id\":1,\"do\":\"show.sas\",\"args\":{}}"}};
  }
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sallyport
