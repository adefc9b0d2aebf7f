#include "gateway/control_commands.h"

#include <map>
#include <nlohmann/json.hpp>

#include "gateway/control_views.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

Json error_json(const Error& error) {
  return {{"code", to_string(error.code)},
          {"what", error.where.empty() ? error.what : error.where + ": " + error.what},
          {"remedy", error.remedy}};
}

using View = void (*)(Gateway&, PageOfRows&);
const std::map<std::string_view, View> kViews{
    {"show.ports", show_ports},       {"show.routes", show_routes},
    {"show.sas", show_sas},           {"show.neighbours", show_neighbours},
    {"show.policies", show_policies}, {"show.workers", show_workers},
    {"show.account", show_account},   {"show.icmp", show_icmp}};

// All three throw where it is not what it must be.
Json arguments_of(const Json& request) {
  Json arguments = request.value("args", Json::object());
  if (!arguments.is_object()) throw std::invalid_argument("the arguments must be an object");
  return arguments;
}

std::string text_argument(const Json& arguments, const char* name) {
  if (!arguments.contains(name) || !arguments[name].is_string())
    throw std::invalid_argument(std::string("the argument \"") + name + "\" must be a text");
  return arguments[name].get<std::string>();
}

// 0 where it is not given.
std::uint64_t number_argument(const Json& arguments, const char* name) {
  if (!arguments.contains(name)) return 0;
  if (!arguments[name].is_number_unsigned())
    throw std::invalid_argument(std::string("the argument \"") + name + "\" must be a number");
  return arguments[name].get<std::uint64_t>();
}

}  // namespace

// One request, once it is known to be an object with a command.
class ControlRequest {
 public:
  ControlRequest(Gateway& gateway, const ControlCommands::Hooks& hooks, const Json& request)
      : gateway_(gateway), hooks_(hooks), arguments_(arguments_of(request)) {}

  [[nodiscard]] Expected<Json> carry_out(const std::string& command) {
    if (command.starts_with("show.")) return show(command);
    if (command == "sa.remove") return done(gateway_.remove_sa(text_argument(arguments_, "name")));
    if (command == "sa.add")
      return done(gateway_.add_sa_text(text_argument(arguments_, "toml"),
                                       text_argument(arguments_, "policy")));
    if (command == "reload") return done(hooks_.reload());
    if (command == "stop") {
      hooks_.stop();
      return Json::object();
    }
    return no_command(command);
  }

 private:
  static std::unexpected<Error> no_command(const std::string& command) {
    return fail(Error::Code::Unsupported, "there is no command \"" + command + "\"",
                "see docs/control-protocol.md");
  }

  Expected<Json> show(const std::string& command) {
    PageOfRows page(number_argument(arguments_, "cursor"));
    if (command == "show.drops") {
      show_drops(gateway_, arguments_.value("all", false) ? DropRows::All : DropRows::Occurred,
                 page);
      return std::move(page).take();
    }
    if (command == "show.audit") {
      show_audit(gateway_, number_argument(arguments_, "after"), page);
      Json answer = std::move(page).take();
      answer["counters"] = audit_counters(gateway_);
      return answer;
    }
    const auto view = kViews.find(command);
    if (view == kViews.end()) return no_command(command);
    view->second(gateway_, page);
    return std::move(page).take();
  }

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
