#include "gateway/packet_question.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/icmp.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::uint16_t kFirstDynamicPort = 49152;  // RFC 6335 6
constexpr std::uint64_t kMostDscp = 63;
constexpr std::uint64_t kMostType = 255;
constexpr std::uint64_t kMostPort = 65535;

std::unexpected<Error> refuse_question(std::string what, std::string remedy) {
  return fail(Error::Code::Invalid, std::move(what), std::move(remedy));
}

Expected<Address> read_address(const RequestArguments& arguments, const char* name) {
  auto address = Address::parse(arguments.text(name));
  if (!address) address.error().where = name;
  return address;
}

std::uint8_t icmp_of(Family family) {
  return family == Family::V4 ? kProtocolIcmp : kProtocolIcmpv6;
}

// Without a word about it the protocol is what the other arguments belong to.
Expected<std::uint8_t> read_protocol(const Gateway& gateway, const RequestArguments& arguments,
                                     Family family) {
  const auto text = arguments.optional_text("protocol");
  if (!text && arguments.has("mh_type")) return kProtocolMobility;
  if (!text && (arguments.has("port") || arguments.has("source_port")))
    return refuse_question("ports are of a protocol", "protocol tcp, udp, sctp, dccp or udplite");
  if (!text) return icmp_of(family);
  auto protocol = parse_protocol(*text);
  if (!protocol) protocol.error().where = "protocol";
  const auto& skipped = gateway.configuration().dataplane.skipped_headers;
  if (protocol && family == Family::V6 && std::ranges::find(skipped, *protocol) != skipped.end())
    return refuse_question(fmt::format("policies look behind the IPv6 extension header {}", *text),
                           "the protocol behind it");
  return protocol;
}

Expected<void> refuse_unfit(const RequestArguments& arguments, std::uint8_t protocol) {
  struct Fitting {
    const char* name;
    PortMeaning meaning;
  };
  constexpr Fitting kFitting[] = {{"port", PortMeaning::Ports},
                                  {"source_port", PortMeaning::Ports},
                                  {"icmp", PortMeaning::Icmp},
                                  {"mh_type", PortMeaning::Mobility}};
  for (const Fitting& fitting : kFitting)
    if (arguments.has(fitting.name) && port_meaning(protocol) != fitting.meaning)
      return refuse_question(
          fmt::format("{} has no meaning for protocol {}", fitting.name, protocol_name(protocol)),
          "leave it out, or name the protocol that has it");
  return {};
}

// "8" is type 8, code 0.
Expected<std::uint16_t> read_type_and_code(const RequestArguments& arguments,
                                           std::uint8_t protocol) {
  const std::uint8_t echo = protocol == kProtocolIcmp ? icmp4::kEcho : icmp6::kEcho;
  std::string text = arguments.optional_text("icmp").value_or(std::to_string(echo));
  if (text.find('/') == std::string::npos) text += "/0";
  const auto range = PortRange::parse(text, PortNotation::Icmp);
  if (!range || range->first != range->last)
    return refuse_question(fmt::format("icmp: \"{}\" is no type and code", text), "as in 8 or 3/1");
  return range->first;
}

Expected<void> read_ports(const RequestArguments& arguments, PacketFields& fields) {
  const auto number = [&](const char* name, std::uint64_t most) {
    return static_cast<std::uint16_t>(arguments.optional_number(name, most).value_or(0));
  };
  switch (port_meaning(fields.protocol)) {
    case PortMeaning::Ports:
      if (!arguments.has("port"))
        return refuse_question(
            fmt::format("a packet of {} has a port", protocol_name(fields.protocol)),
            "the destination port as \"port\"");
      fields.destination_port = number("port", kMostPort);
      fields.source_port =
          arguments.has("source_port") ? number("source_port", kMostPort) : kFirstDynamicPort;
      return {};
    case PortMeaning::Icmp: {
      const auto type = read_type_and_code(arguments, fields.protocol);
      if (!type) return std::unexpected(type.error());
      fields.source_port = *type;
      return {};
    }
    case PortMeaning::Mobility:
      if (!arguments.has("mh_type"))
        return refuse_question("a mobility header has a type", "0 to 255 as \"mh_type\"");
      fields.source_port = static_cast<std::uint16_t>(number("mh_type", kMostType) << 8);
      return {};
    case PortMeaning::None:
      break;
  }
  return {};
}

Expected<PacketFields> read_fields(const Gateway& gateway, const RequestArguments& arguments) {
  PacketFields fields;
  const auto from = read_address(arguments, "from");
  if (!from) return std::unexpected(from.error());
  const auto to = read_address(arguments, "to");
  if (!to) return std::unexpected(to.error());
  if (from->family != to->family)
    return refuse_question("the addresses are of different families", "two of one family");
  fields.from = *from;
  fields.to = *to;
  const auto protocol = read_protocol(gateway, arguments, from->family);
  if (!protocol) return std::unexpected(protocol.error());
  fields.protocol = *protocol;
  if (auto fits = refuse_unfit(arguments, *protocol); !fits) return std::unexpected(fits.error());
  if (auto read = read_ports(arguments, fields); !read) return std::unexpected(read.error());
  fields.dscp = static_cast<std::uint8_t>(arguments.optional_number("dscp", kMostDscp).value_or(0));
  return fields;
}

Expected<PortId> port_named(const Gateway& gateway, const std::string& name) {
  const auto& ports = gateway.configuration().ports;
  const auto port = std::ranges::find(ports, name, &PortConfig::name);
  if (port == ports.end())
    return fail(Error::Code::NotFound, fmt::format("there is no port \"{}\"", name),
                "name one of sallyportctl show ports");
  return PortId{static_cast<std::uint16_t>(port - ports.begin())};
}

Side side_of(const Gateway& gateway, PortId port) {
  return gateway.configuration().ports[port.value].side;
}

// Where the route to the source leads, if that is on this side; else the side's first port.
PortId likely_ingress(Gateway& gateway, const Address& from, Side side) {
  const NextHop& back = gateway.dataplane().next_hop(from);
  if (back.leads_on() && side_of(gateway, back.port) == side) return back.port;
  if (back.kind == NextHop::Kind::Ours && side == Side::Protected) return kNoPort;
  const auto& ports = gateway.configuration().ports;
  const auto first = std::ranges::find(ports, side, &PortConfig::side);
  return first == ports.end() ? kNoPort : PortId{static_cast<std::uint16_t>(first - ports.begin())};
}

Expected<PortId> read_ingress(Gateway& gateway, const RequestArguments& arguments,
                              const Address& from) {
  const bool inbound = arguments.flag("inbound");
  if (const auto name = arguments.optional_text("in")) {
    const auto port = port_named(gateway, *name);
    if (port && inbound && side_of(gateway, *port) == Side::Protected)
      return refuse_question(fmt::format("port \"{}\" is on the protected side", *name),
                             "a port of the unprotected side, or leave out that it is inbound");
    return port;
  }
  const PortId port = likely_ingress(gateway, from, inbound ? Side::Unprotected : Side::Protected);
  if (inbound && port == kNoPort)
    return refuse_question("no port is on the unprotected side", "leave out that it is inbound");
  return port;
}

}  // namespace

Expected<PacketQuestion> read_question(Gateway& gateway, const RequestArguments& arguments) {
  const auto fields = read_fields(gateway, arguments);
  if (!fields) return std::unexpected(fields.error());
  const auto ingress = read_ingress(gateway, arguments, fields->from);
  if (!ingress) return std::unexpected(ingress.error());
  return PacketQuestion{*fields, *ingress};
}

}  // namespace sallyport
