#include "bench/generator/command_line.h"

#include <fmt/format.h>

#include "bench/generator/frames.h"
#include "bench/option_lists.h"
#include "bench/program.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;

constexpr unsigned kMostBurst = 64;

options::options_description description() {
  const auto text = [](const char* standard) {
    return options::value<std::string>()->default_value(standard);
  };
  const auto share = [](double standard) {
    return options::value<double>()->default_value(standard);
  };
  const auto number = [](unsigned standard) {
    return options::value<unsigned>()->default_value(standard);
  };
  options::options_description all("sallyport-generator");
  all.add_options()("send", text(""), "device to send by: a PCI address or a vdev string")(
      "receive", text(""), "device to receive by; it may be the same")(
      "mac", text("02:00:00:00:00:01"), "link address to send from")(
      "sink-mac", text("02:00:00:00:00:02"), "link address to receive at")(
      "gateway-mac", text(""), "link address to send to")("from", text("10.1.0.2"), "source")(
      "to", text("10.2.0.2"), "first destination")(
      "destinations", number(1), "addresses from there on, over which the flows are spread")(
      "flows", number(1024), "pairs of addresses and ports, one after the other")(
      "size", text("64,512,1400"), "octets of the IP packets")(
      "rate", share(0), "packets a second; 0: search for the most that passes")(
      "seconds", share(2), "of a trial")("loss", share(0),
                                         "share of packets whose loss a trial may show")(
      "resolution", share(0.02), "of the throughput, as a share of it")(
      "attempts", number(1), "trials of which one must pass")("burst", number(32),
                                                              "packets sent at once, at most")(
      "loads", text("10,50,90"), "per cent of the throughput to take latencies at")(
      "core", options::value<int>()->default_value(-1), "where to run; -1: the last core")(
      "json", text(""), "file to write the figures to")("no-hugepages", "run without them")(
      "help", "this text");
  return all;
}

Expected<GeneratorLine> check(GeneratorLine line) {
  if (line.send.empty() || line.receive.empty())
    return fail(Error::Code::Invalid, "no --send or no --receive",
                "two devices, such as net_memif0,role=client,socket=/run/lan.sock");
  if (!(line.time.count() > 0) || !(line.resolution > 0) || line.resolution >= 1)
    return fail(Error::Code::Invalid, "no such --seconds or --resolution",
                "seconds above 0, a resolution between 0 and 1");
  if (line.tolerated < 0 || line.tolerated >= 1)
    return fail(Error::Code::Invalid, "no such --loss", "0 or more, and less than 1");
  if (line.burst == 0 || line.burst > kMostBurst)
    return fail(Error::Code::Invalid, "no such --burst", fmt::format("1 to {}", kMostBurst));
  if (line.attempts == 0) return fail(Error::Code::Invalid, "no --attempts", "1 or more");
  return line;
}

Expected<GeneratorLine> read(const options::variables_map& given) {
  const auto text = [&](const char* name) { return given[name].as<std::string>(); };
  GeneratorLine line;
  line.help = given.contains("help");
  if (line.help) return line;
  std::optional<Error> error;
  keep(MacAddress::parse(text("mac")), line.source, error);
  keep(MacAddress::parse(text("sink-mac")), line.sink, error);
  keep(MacAddress::parse(text("gateway-mac")), line.gateway, error);
  keep(Address::parse(text("from")), line.from, error);
  keep(Address::parse(text("to")), line.to, error);
  keep(numbers<std::uint16_t>(text("size"), 1, Frames::kMostOctets), line.sizes, error);
  keep(numbers<unsigned>(text("loads"), 1, 100), line.loads, error);
  if (error) return std::unexpected(*error);
  line.send = text("send");
  line.receive = text("receive");
  line.destinations = given["destinations"].as<unsigned>();
  line.flows = given["flows"].as<unsigned>();
  if (const double rate = given["rate"].as<double>(); rate > 0) line.rate = rate;
  line.time = Seconds(given["seconds"].as<double>());
  line.tolerated = given["loss"].as<double>();
  line.resolution = given["resolution"].as<double>();
  line.attempts = given["attempts"].as<unsigned>();
  line.burst = given["burst"].as<unsigned>();
  line.core = given["core"].as<int>();
  line.json = text("json");
  line.no_hugepages = given.contains("no-hugepages");
  return check(std::move(line));
}

}  // namespace

std::string generator_usage() { return text_of(description()); }

Expected<GeneratorLine> read_generator_line(int argc, char** argv) {
  const auto given = parse_options(argc, argv, description());
  if (!given) return std::unexpected(given.error());
  return read(*given);
}

}  // namespace sallyport::bench
