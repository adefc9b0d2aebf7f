#include "gateway/control_commands.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "gateway/control_views.h"
#include "gateway/explain_command.h"
#include "gateway/ike_views.h"
#include "gateway/mip6_views.h"
#include "gateway/request_arguments.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

Json error_json(const Error& error) {
  return {{"code", to_string(error.code)},
          {"what", error.where.empty() ? error.what : error.where + ": " + error.what},
          {"remedy", error.remedy}};
}

using View = void (*)(Gateway&, PageOfRows&);
const std::map<std::string_view, View> kViews{{"show.ports", show_ports},
                                              {"show.routes", show_routes},
                                              {"show.sas", show_sas},
                                              {"show.neighbours", show_neighbours},
                                              {"show.policies", show_policies},
                                              {"show.workers", show_workers},
                                              {"show.account", show_account},
                                              {"show.icmp", show_icmp},
                                              {"show.ike-sas", show_ike_sas},
                                              {"show.child-sas", show_child_sas},
                                              {"show.peers", show_peers},
                                              {"show.pools", show_pools},
                                              {"show.bindings", show_bindings},
                                              {"show.home-agents", show_home_agents},
                                              {"show.mobile-node", show_mobile_node}};

// The place that one of these arguments names: "before", "at", and "last" where it may be said.
PolicyPlace place_of(const RequestArguments& arguments, std::initializer_list<const char*> names) {
  const std::string given = arguments.only_one_of(names);
  if (given == "before") return {.before = arguments.text("before")};
  if (given == "at") return {.at = arguments.optional_number("at")};
  if (!arguments.flag("last"))
    throw std::invalid_argument("the argument \"last\" says nothing where it is false");
  return {};
}

}  // namespace

// One request, once it is known to be an object with a command.
class ControlRequest {
 public:
  struct Surroundings {
    Gateway& gateway;
    const ControlCommands::Hooks& hooks;
    PolicyLinting& linting;
  };
  ControlRequest(const Surroundings& surroundings, const Json& request)
      : gateway_(surroundings.gateway),
        hooks_(surroundings.hooks),
        linting_(surroundings.linting),
        values_(request.value("args", Json::object())),
        arguments_(values_) {}
  ControlRequest(const ControlRequest&) = delete;
  ControlRequest& operator=(const ControlRequest&) = delete;

  [[nodiscard]] Expected<Json> carry_out(const std::string& command) {
    if (command.starts_with("show.")) return show(command);
    if (command.starts_with("policy.")) return edit_policies(command);
    if (command == "explain") return explain_packet(gateway_, arguments_);
    if (command == "lint.policies")
      return linting_.page(gateway_, arguments_.optional_number("cursor").value_or(0));
    if (command == "sa.remove") return done(gateway_.remove_sa(arguments_.text("name")));
    if (command == "sa.add")
      return done(gateway_.add_sa_text(arguments_.text("toml"), arguments_.text("policy")));
    if (command == "initiate")
      return done(gateway_.ike().daemon().initiate(arguments_.text("policy")));
    if (command == "terminate" || command == "rekey") return command_ike(command);
    if (command == "link-moved") return done(move_link());
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

  Expected<Json> edit_policies(const std::string& command) {
    if (command == "policy.add") return done(gateway_.insert_policy(arguments_.text("toml"), {}));
    if (command == "policy.insert") {
      const PolicyPlace place = place_of(arguments_, {"before", "at"});
      return done(gateway_.insert_policy(arguments_.text("toml"), place));
    }
    if (command == "policy.move") {
      const PolicyPlace place = place_of(arguments_, {"before", "at", "last"});
      return done(gateway_.move_policy(arguments_.text("name"), place));
    }
    if (command == "policy.remove") return done(gateway_.remove_policy(arguments_.text("name")));
    return no_command(command);
  }

  // Of our mobile node, by the name of its port.
  Expected<void> move_link() {
    Mip6Links* const links = gateway_.mobility_roles().links();
    if (links == nullptr)
      return fail(Error::Code::NotFound, "there is no mobile node here", "[mobile_node]");
    const std::string name = arguments_.text("port");
    const auto& ports = gateway_.configuration().ports;
    const auto port = std::ranges::find(ports, name, &PortConfig::name);
    if (port == ports.end())
      return fail(Error::Code::NotFound, "there is no port \"" + name + "\"",
                  "name one of sallyportctl show ports");
    return links->link_moved(PortId{static_cast<std::uint16_t>(port - ports.begin())});
  }

  // Of a child by its name, or of an IKE SA by its number.
  Expected<Json> command_ike(const std::string& command) {
    ike::Daemon& ike = gateway_.ike().daemon();
    const bool terminate = command == "terminate";
    if (arguments_.only_one_of({"child", "ike"}) == "child") {
      const std::string child = arguments_.text("child");
      return done(terminate ? ike.terminate_child(child) : ike.rekey_child(child));
    }
    const std::uint64_t number = arguments_.optional_number("ike").value_or(0);
    return done(terminate ? ike.terminate(number) : ike.rekey(number));
  }

  Expected<Json> show(const std::string& command) {
    PageOfRows page(arguments_.optional_number("cursor").value_or(0));
    if (command == "show.drops") {
      show_drops(gateway_, arguments_.flag("all") ? DropRows::All : DropRows::Occurred, page);
      return std::move(page).take();
    }
    if (command == "show.audit") {
      show_audit(gateway_, arguments_.optional_number("after").value_or(0), page);
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
  PolicyLinting& linting_;
  Json values_;
  RequestArguments arguments_;  // of values_
};

std::string ControlCommands::answer(std::string_view request) {
  Json answer = Json::object();
  try {
    const Json asked = Json::parse(request);
    answer["id"] = asked.value("id", Json(nullptr));
    if (asked.value("v", 0) != 1)
      throw std::invalid_argument("the protocol's version must be 1: {\"v\":1,...}");
    ControlRequest command({gateway_, hooks_, linting_}, asked);
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
