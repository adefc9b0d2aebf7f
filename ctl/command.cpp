#include "ctl/command.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include "ctl/options.h"
#include "ctl/table.h"

namespace sallyport {
namespace {

namespace options = boost::program_options;
using Words = std::vector<std::string>;

options::options_description common_options() {
  options::options_description all("options");
  all.add_options()("socket", options::value<std::string>(), "control socket of the gateway");
  all.add_options()("instance", options::value<std::string>()->default_value("sallyport"),
                    "its name, where the socket is the default one");
  all.add_options()("json", "print answers as they came");
  all.add_options()("help", "this text");
  return all;
}

std::unexpected<Error> no_command(const std::string& what) {
  return fail(Error::Code::Invalid, what, "see sallyportctl --help");
}

std::string topics_parted_by(std::string_view mark) {
  std::string text;
  for (const std::string_view topic : topics()) {
    if (!text.empty()) text += mark;
    text += topic;
  }
  return text;
}

Expected<void> read_show(const Words& words, Command& command) {
  const auto known = topics();
  if (words.size() != 2 || std::ranges::find(known, words[1]) == known.end())
    return no_command("show what? " + topics_parted_by(", "));
  command.topic = words[1];
  command.request = "show." + words[1];
  return {};
}

// The file holds one [[sa]] or [[policy]] table; "-" is standard input.
Expected<void> read_table(const std::string& name, Command& command) {
  std::ifstream file(name == "-" ? "/dev/stdin" : name);
  if (!file) return fail(Error::Code::NotFound, "cannot read the file", {}, name);
  command.texts["toml"] = std::string{std::istreambuf_iterator<char>(file), {}};
  return {};
}

Expected<void> read_sa(const Words& words, Command& command) {
  if (words.size() == 4 && words[1] == "add") {
    command.request = "sa.add";
    command.texts["policy"] = words[2];
    return read_table(words[3], command);
  }
  if (words.size() != 3 || words[1] != "remove")
    return no_command("sa add POLICY FILE, or sa remove NAME");
  command.request = "sa.remove";
  command.texts["name"] = words[2];
  return {};
}

Expected<void> read_policy(const Words& words, Command& command) {
  const std::string verb = words.size() == 3 ? words[1] : "";
  command.request = "policy." + verb;
  if (verb == "add" || verb == "insert") return read_table(words[2], command);
  if (verb != "move" && verb != "remove")
    return no_command("policy add FILE, policy insert FILE, policy move NAME, policy remove NAME");
  command.texts["name"] = words[2];
  return {};
}

// A child by its name ("net/3.1"), an IKE SA by its number.
Expected<void> read_ike(const Words& words, Command& command) {
  const bool initiate = words[0] == "initiate";
  if (initiate && words.size() == 2) {
    command.request = words[0];
    command.texts["policy"] = words[1];
    return {};
  }
  const bool named = words.size() == 3 && !initiate;
  if (!named || (words[1] != "child" && words[1] != "ike"))
    return no_command("initiate POLICY, terminate|rekey ike NUMBER, terminate|rekey child NAME");
  command.request = words[0];
  if (words[1] == "child") {
    command.texts["child"] = words[2];
    return {};
  }
  std::uint64_t number{};
  const auto [end, problem] =
      std::from_chars(words[2].data(), words[2].data() + words[2].size(), number);
  if (problem != std::errc{} || end != words[2].data() + words[2].size())
    return no_command("\"" + words[2] + "\" is no number of an IKE SA");
  command.numbers["ike"] = number;
  return {};
}

Expected<void> read_link(const Words& words, Command& command) {
  if (words.size() != 2) return no_command("link-moved PORT");
  command.request = words[0];
  command.texts["port"] = words[1];
  return {};
}

// Those of one word, and what they ask.
const std::map<std::string_view, std::string_view> kSingleWords{{"explain", "explain"},
                                                                {"lint-policies", "lint.policies"},
                                                                {"monitor", "show.audit"},
                                                                {"reload", "reload"},
                                                                {"stop", "stop"}};

Expected<void> read_words(const Words& words, Command& command) {
  if (words.empty()) return no_command("no command given");
  if (words[0] == "show") return read_show(words, command);
  if (words[0] == "sa") return read_sa(words, command);
  if (words[0] == "policy") return read_policy(words, command);
  if (words[0] == "initiate" || words[0] == "terminate" || words[0] == "rekey")
    return read_ike(words, command);
  if (words[0] == "link-moved") return read_link(words, command);
  const auto single = kSingleWords.find(words[0]);
  if (words.size() != 1 || single == kSingleWords.end())
    return no_command("\"" + words[0] + "\" is no command");
  command.request = single->second;
  command.follow = words[0] == "monitor";
  if (words[0] == "lint-policies") command.topic = "findings";
  return {};
}

// What cannot do without some option.
Expected<void> check_options(const Command& command) {
  const auto places =
      command.texts.count("before") + command.numbers.count("at") + command.flags.count("last");
  if (command.request == "policy.insert" && places != 1)
    return no_command("policy insert FILE --before NAME, or --at N");
  if (command.request == "policy.move" && places != 1)
    return no_command("policy move NAME --before NAME, --at N or --last");
  if (command.request == "explain" &&
      (!command.texts.contains("from") || !command.texts.contains("to")))
    return no_command("explain --from ADDRESS --to ADDRESS");
  return {};
}

}  // namespace

std::string usage() {
  std::ostringstream text;
  text << "sallyportctl [options] show " << topics_parted_by("|") << R"(
                       sa add POLICY FILE | sa remove NAME
                       policy add FILE | policy insert FILE --before NAME|--at N
                       policy move NAME --before NAME|--at N|--last | policy remove NAME
                       explain --from ADDRESS --to ADDRESS ... | lint-policies
                       initiate POLICY | terminate|rekey ike NUMBER | terminate|rekey child NAME
                       link-moved PORT | monitor | reload | stop
)" << common_options()
       << command_options()
       << "exit status: 0 done, 1 refused, 2 wrong usage, 3 no gateway reached\n";
  return text.str();
}

Expected<Command> read_command(const Words& words) {
  Command command;
  try {
    options::options_description all = common_options();
    all.add(command_options());
    all.add_options()("words", options::value<Words>()->default_value({}, ""), "");
    options::positional_options_description positions;
    positions.add("words", -1);
    options::variables_map given;
    options::store(options::command_line_parser(words).options(all).positional(positions).run(),
                   given);
    command.help = given.contains("help");
    command.json = given.contains("json");
    command.socket =
        given.contains("socket")
            ? given["socket"].as<std::string>()
            : "/run/sallyport/" + given["instance"].as<std::string>() + "/control.sock";
    if (command.help) return command;
    if (auto read = read_words(given["words"].as<Words>(), command); !read)
      return std::unexpected(read.error());
    if (auto read = read_options(given, command); !read) return std::unexpected(read.error());
    if (auto complete = check_options(command); !complete) return std::unexpected(complete.error());
  } catch (const options::error& error) {
    return no_command(error.what());
  }
  return command;
}

}  // namespace sallyport
