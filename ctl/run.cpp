#include "ctl/run.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "ctl/client.h"
#include "ctl/explanation.h"
#include "ctl/table.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

Json arguments_of(const Command& command) {
  Json arguments = Json::object();
  for (const auto& [name, value] : command.texts) arguments[name] = value;
  for (const auto& [name, value] : command.numbers) arguments[name] = value;
  for (const std::string& name : command.flags) arguments[name] = true;
  return arguments;
}

// Follows the pages of a long list; the answer holds all rows, or the error.
Expected<Json> ask_all(ControlClient& client, const Command& command) {
  Json arguments = arguments_of(command);
  Json all;
  for (;;) {
    auto answer = client.ask(command.request, arguments);
    if (!answer || answer->contains("error") || !(*answer)["ok"].contains("rows")) return answer;
    if (all.is_null())
      all = *answer;
    else
      for (Json& row : (*answer)["ok"]["rows"]) all["ok"]["rows"].push_back(std::move(row));
    if (!(*answer)["ok"].contains("next")) break;
    arguments["cursor"] = (*answer)["ok"]["next"];
  }
  all["ok"].erase("next");
  return all;
}

void print_refusal(const Json& error, std::ostream& err) {
  err << error.value("what", "refused");
  if (const auto remedy = error.value("remedy", std::string{}); !remedy.empty())
    err << " (" << remedy << ")";
  err << '\n';
}

// The gateway was not asked, or gave no answer.
ExitStatus print_failure(const Error& error, std::ostream& err) {
  err << to_string(error) << '\n';
  return error.code == Error::Code::Invalid ? ExitStatus::Usage : ExitStatus::NotReachable;
}

void print_answer(const Command& command, const Json& answer, std::ostream& out) {
  if (!command.topic.empty())
    out << format_table(columns_of(command.topic), answer["rows"]);
  else if (command.request == "explain")
    out << format_explanation(answer);
}

// Asks for what is new, a line of JSON each, until the gateway or the reader is gone.
ExitStatus follow(ControlClient& client, std::ostream& out, std::ostream& err) {
  constexpr auto kPeriod = std::chrono::milliseconds(300);
  std::uint64_t last = 0;
  while (out) {
    const auto answer = client.ask("show.audit", {{"after", last}});
    if (!answer) return print_failure(answer.error(), err);
    if (answer->contains("error")) {
      print_refusal((*answer)["error"], err);
      return ExitStatus::Refused;
    }
    const Json& rows = (*answer)["ok"]["rows"];
    for (const Json& row : rows) {
      out << row.dump() << '\n';
      last = row["number"];
    }
    out.flush();
    if (rows.empty()) std::this_thread::sleep_for(kPeriod);
  }
  return ExitStatus::Done;
}

}  // namespace

ExitStatus run_command(const Command& command, std::ostream& out, std::ostream& err) {
  auto client = ControlClient::connect(command.socket);
  if (!client) return print_failure(client.error(), err);
  if (command.follow) return follow(*client, out, err);
  const auto answer = ask_all(*client, command);
  if (!answer) return print_failure(answer.error(), err);
  if (command.json) out << answer->dump() << '\n';
  if (answer->contains("error")) {
    if (!command.json) print_refusal((*answer)["error"], err);
    return ExitStatus::Refused;
  }
  if (!command.json) print_answer(command, (*answer)["ok"], out);
  return ExitStatus::Done;
}

}  // namespace sallyport
