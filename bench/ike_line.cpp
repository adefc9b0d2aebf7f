#include "bench/ike_line.h"

#include "bench/option_lists.h"
#include "bench/program.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;

options::options_description description() {
  options::options_description all(
      "sallyport-bench-ike: what IKE SAs with one child cost.\n"
      "Without --respond and --initiate both sides are in this process. scripts/bench-ike runs all "
      "of it");
  const auto word = [] { return options::value<std::string>()->default_value(""); };
  const auto number = [](unsigned usual) {
    return options::value<unsigned>()->default_value(usual);
  };
  all.add_options()("kind",
                    options::value<std::string>()->default_value(
                        "psk-curve25519,psk-modp2048,ecdsa-p256,rsa-2048"),
                    "of these; one with --respond and --initiate")(
      "count", number(1000), "IKE SAs of each kind that are measured")(
      "hold", number(100'000),
      "in one process: IKE SAs by pre-shared key that are up at once; 0: not tried")(
      "certificates", number(1000),
      "that are made, each for a peer; more peers than that have them in turn")(
      "json", word(), "file to write the figures to")(
      "make-identities", word(), "writes keys and certificates to this folder, and ends")(
      "identities", word(), "folder from which certificates are taken")(
      "respond", word(), "answers at this address, until standard input ends")(
      "capacity", number(110'000), "IKE SAs that --respond has room for")(
      "initiate", word(), "begins IKE SAs with the responder at this address")(
      "from", word(), "address of ours that --initiate uses")(
      "warm-up", number(1000), "IKE SAs that --initiate makes before it measures")(
      "in-flight", number(64), "IKE SAs that --initiate has under way at a time")(
      "responder-pid", options::value<int>()->default_value(0),
      "process of the responder, whose time and memory --initiate tells")("help", "this text");
  return all;
}

std::optional<Error> read_kinds(const std::string& list, std::vector<IkeKind>& kinds) {
  const auto names = words(list);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto kind = ike_kind(name);
    if (!kind) return kind.error();
    kinds.push_back(*kind);
  }
  return std::nullopt;
}

std::optional<Error> read_address(const std::string& text, std::optional<Address>& place) {
  if (text.empty()) return std::nullopt;
  const auto address = Address::parse(text);
  if (!address) return address.error();
  place = *address;
  return std::nullopt;
}

std::optional<Error> contradiction(const IkeLine& line) {
  const auto invalid = [](const char* what, const char* remedy) {
    return Error{Error::Code::Invalid, {}, what, remedy};
  };
  const int tasks = int{!line.make_identities.empty()} + int{line.respond.has_value()} +
                    int{line.initiate.has_value()};
  const bool sockets = line.respond || line.initiate;
  if (tasks > 1)
    return invalid("--make-identities, --respond and --initiate are three runs", "one");
  if (line.count == 0 || line.certificates == 0 || line.in_flight == 0 || line.capacity == 0)
    return invalid("a number that cannot be 0 is", "1 and up");
  if (sockets && line.kinds.size() != 1)
    return invalid("both sides need one --kind", "one of them");
  if (sockets && line.kinds.front().method != IkeMethod::Psk && line.identities.empty())
    return invalid("no --identities for certificates", "the folder of --make-identities");
  if (line.initiate && !line.from) return invalid("no --from for --initiate", "an address of ours");
  return std::nullopt;
}

}  // namespace

std::string ike_usage() { return text_of(description()); }

Expected<IkeLine> read_ike_line(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv, description());
  if (!parsed) return std::unexpected(parsed.error());
  const auto text = [&](const char* name) { return (*parsed)[name].as<std::string>(); };
  const auto number = [&](const char* name) { return (*parsed)[name].as<unsigned>(); };
  IkeLine line;
  line.count = number("count");
  line.hold = number("hold");
  line.certificates = number("certificates");
  line.json = text("json");
  line.make_identities = text("make-identities");
  line.identities = text("identities");
  line.warm_up = number("warm-up");
  line.in_flight = number("in-flight");
  line.capacity = number("capacity");
  line.responder_process = (*parsed)["responder-pid"].as<int>();
  line.help = parsed->contains("help");
  for (const auto& wrong :
       {read_kinds(text("kind"), line.kinds), read_address(text("respond"), line.respond),
        read_address(text("initiate"), line.initiate), read_address(text("from"), line.from),
        contradiction(line)})
    if (wrong) return std::unexpected(*wrong);
  return line;
}

}  // namespace sallyport::bench
