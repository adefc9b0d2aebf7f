#include "ctl/command.h"

#include <boost/program_options.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "ctl/table.h"

namespace sallyport {
namespace {

namespace options = boost::program_options;
using Words = std::vector<std::string>;

options::options_description description() {
  options::options_description all("options");
  all.add_options()("socket", options::value<std::string>(), "control socket of the gateway");
  all.add_options()("instance", options::value<std::string>()->default_value("sallyport"),
                    "its name, where the socket is the default one");
  all.add_options()("json", "print answers as they came");
  all.add_options()("all", "show drops: reasons that never occurred, too");
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
  if (words.size() != 2 || columns_of(words[1]).empty())
    return no_command("show what? " + topics_parted_by(", "));
  command.topic = words[1];
  command.request = "show." + words[1];
  return {};
}

// sa add POLICY FILE: the file holds one [[sa]] table; "-" is standard input.
Expected<void> read_sa_add(const Words& words, Command& command) {
  if (words.size() != 4) return no_command("sa add POLICY FILE");
  std::ifstream file(words[3] == "-" ? "/dev/stdin" : words[3]);
  if (!file) return fail(Error::Code::NotFound, "cannot read the file", {}, words[3]);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  command.request = "sa.add";
  command.arguments = {{"policy", words[2]}, {"toml", text}};
  return {};
}

Expected<void> read_words(const Words& words, Command& command) {
  if (words.empty()) return no_command("no command given");
  if (words[0] == "show") return read_show(words, command);
  if (words[0] == "sa" && words.size() > 1 && words[1] == "add") return read_sa_add(words, command);
  if (words[0] == "sa" && words.size() == 3 && words[1] == "remove") {
    command.request = "sa.remove";
    command.arguments = {{"name", words[2]}};
    return {};
  }
  if (words.size() == 1 && words[0] == "monitor") {
    command.request = "show.audit";
    command.follow = true;
    return {};
  }
  if (words.size() == 1 && (words[0] == "reload" || words[0] == "stop")) {
    command.request = words[0];
    return {};
  }
  return no_command("\"" + words[0] + "\" is no command");
}

}  // namespace

std::string usage() {
  std::ostringstream text;
  text << "sallyportctl [options] show " << topics_parted_by("|")
       << "\n                       sa add POLICY FILE | sa remove NAME | monitor | reload | stop\n"
       << description() << "exit status: 0 done, 1 refused, 2 wrong usage, 3 no gateway reached\n";
  return text.str();
}

Expected<Command> read_command(const Words& words) {
  Command command;
  try {
    options::options_description all = description();
    all.add_options()("words", options::value<Words>()->default_value({}, ""), "");
    options::positional_options_description positions;
    positions.add("words", -1);
    options::variables_map given;
    options::store(options::command_line_parser(words).options(all).positional(positions).run(),
                   given);
    command.help = given.contains("help");
    command.json = given.contains("json");
    if (given.contains("all")) command.all = true;
    command.socket =
        given.contains("socket")
            ? given["socket"].as<std::string>()
            : "/run/sallyport/" + given["instance"].as<std::string>() + "/control.sock";
    if (command.help) return command;
    if (auto read = read_words(given["words"].as<Words>(), command); !read)
      return std::unexpected(read.error());
  } catch (const options::error& error) {
    return no_command(error.what());
  }
  return command;
}

}  // namespace sallyport
