#include "ctl/options.h"

#include <algorithm>
#include <array>
#include <boost/program_options/value_semantic.hpp>

namespace sallyport {
namespace {

namespace options = boost::program_options;

enum class Kind { Flag, Number, Text };
using Requests = std::array<std::string_view, 2>;

struct Option {
  const char* name;  // with '_' for '-' the argument's, too
  Kind kind;
  Requests requests;  // that take it
  const char* help;
};

constexpr Requests kExplain{"explain", ""};
constexpr Option kOptions[] = {
    {"all", Kind::Flag, {"show.drops", ""}, "show drops: reasons that never occurred, too"},
    {"before",
     Kind::Text,
     {"policy.insert", "policy.move"},
     "policy: it is to stand before this one"},
    {"at", Kind::Number, {"policy.insert", "policy.move"}, "policy: its place in its SPD, from 0"},
    {"last", Kind::Flag, {"policy.move", ""}, "policy move: behind all others of its SPD"},
    {"from", Kind::Text, kExplain, "explain: the packet's source"},
    {"to", Kind::Text, kExplain, "explain: its destination"},
    {"protocol", Kind::Text, kExplain, "tcp, udp, icmp, ... or a number; echo unless given"},
    {"port", Kind::Number, kExplain, "its destination port"},
    {"source-port", Kind::Number, kExplain, "its source port; 49152 unless given"},
    {"icmp", Kind::Text, kExplain, "its ICMP type or type/code, as in 8 or 3/1"},
    {"mh-type", Kind::Number, kExplain, "its type of mobility header"},
    {"dscp", Kind::Number, kExplain, "its DSCP; 0 unless given"},
    {"in", Kind::Text, kExplain, "the port that it comes in by"},
    {"inbound", Kind::Flag, kExplain, "it comes from the unprotected side, in clear"},
};

std::string argument_of(const Option& option) {
  std::string name = option.name;
  std::ranges::replace(name, '-', '_');
  return name;
}

void take(const Option& option, const options::variable_value& value, Command& command) {
  switch (option.kind) {
    case Kind::Flag:
      command.flags.insert(argument_of(option));
      return;
    case Kind::Number:
      command.numbers[argument_of(option)] = value.as<std::uint64_t>();
      return;
    case Kind::Text:
      command.texts[argument_of(option)] = value.as<std::string>();
      return;
  }
}

}  // namespace

options::options_description command_options() {
  options::options_description all("options of commands");
  for (const Option& option : kOptions) {
    switch (option.kind) {
      case Kind::Flag:
        all.add_options()(option.name, option.help);
        break;
      case Kind::Number:
        all.add_options()(option.name, options::value<std::uint64_t>(), option.help);
        break;
      case Kind::Text:
        all.add_options()(option.name, options::value<std::string>(), option.help);
        break;
    }
  }
  return all;
}

Expected<void> read_options(const options::variables_map& given, Command& command) {
  for (const Option& option : kOptions) {
    if (!given.contains(option.name)) continue;
    if (std::ranges::find(option.requests, command.request) == option.requests.end())
      return fail(Error::Code::Invalid,
                  "--" + std::string(option.name) + " has no meaning for this command",
                  "see sallyportctl --help");
    take(option, given[option.name], command);
  }
  return {};
}

}  // namespace sallyport
