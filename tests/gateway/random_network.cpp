#include "tests/gateway/random_network.h"

#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "tests/gateway/five_ports.h"
#include "tests/gateway/running_gateway.h"

namespace sallyport::test {
namespace {

template <class T>
const T& any_of(std::span<const T> choices, FixedRandom& random) {
  return choices[random.below(static_cast<std::uint32_t>(choices.size()))];
}

bool one_in(std::uint32_t chances, FixedRandom& random) { return random.below(chances) == 0; }

// Hosts behind every port, our own addresses, and what leads nowhere.
constexpr const char* kHostsV4[] = {
    "10.1.0.5",  "10.1.0.5", "10.1.0.9", "10.2.0.5",    "10.3.0.7",   "10.3.0.7",  "10.3.1.7",
    "10.4.0.7",  "10.4.0.7", "10.6.0.7", "203.0.113.2", "192.0.2.9",  "192.0.2.9", "192.0.2.2",
    "192.0.2.1", "10.1.0.1", "10.5.0.7", "172.16.0.1",  "10.1.0.255", "224.1.1.1", "127.0.0.1"};
constexpr const char* kHostsV6[] = {"2001:db8:1::5",  "2001:db8:1::5", "2001:db8:2::5",
                                    "2001:db8:3::7",  "2001:db8:3::7", "2001:db8:4::7",
                                    "2001:db8:f::9",  "2001:db8:f::2", "2001:db8:1::1",
                                    "2001:db8:99::1", "ff02::1",       "ff0e::1"};
constexpr const char* kNetsV4[] = {
    "10.1.0.0/24",         "10.1.0.5",    "10.0.0.0/8", "10.3.0.0/16",
    "10.3.0.0-10.3.0.255", "10.4.0.0/16", "192.0.2.9",  "0.0.0.0/1"};
constexpr const char* kNetsV6[] = {"2001:db8:1::/64", "2001:db8:3::/48", "2001:db8:3::7",
                                   "2001:db8:4::/48", "2001:db8:f::9",   "2001:db8::/32"};
constexpr const char* kPeersV4[] = {"192.0.2.2", "203.0.113.2", "10.3.0.7", "10.1.0.5",
                                    "10.5.0.1",  "172.16.0.1",  "192.0.2.9"};
constexpr const char* kPeersV6[] = {"2001:db8:f::2", "2001:db8:e::2", "2001:db8:99::1"};

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// Unless it is to be any.
std::string address_line(const char* key, Family family, FixedRandom& random) {
  if (one_in(3, random)) return "";
  const char* net = family == Family::V4 ? any_of<const char*>(kNetsV4, random)
                                         : any_of<const char*>(kNetsV6, random);
  return std::string(key) + " = " + quoted(net) + "\n";
}

std::string protocol_lines(Family family, FixedRandom& random) {
  switch (random.below(16)) {
    case 0:
      return "protocol = \"tcp\"\nremote_port = [22, \"80-443\"]\n";
    case 1:
      return "protocol = \"udp\"\nlocal_port = \"1024-65535\"\n";
    case 2:
      return "protocol = \"tcp\"\n";
    case 3:
      return family == Family::V4 ? "protocol = \"icmp\"\nicmp = [\"8\", \"0\", \"3/1\"]\n"
                                  : "protocol = \"icmpv6\"\nicmp = \"128-129\"\n";
    case 4:
      return family == Family::V4
                 ? "protocol = \"icmp\"\nicmp = { send = \"8\", receive = \"0\" }\n"
                 : "protocol = \"icmpv6\"\nicmp = { send = \"any\", receive = \"opaque\" }\n";
    case 5:
      return "protocol = \"mobility\"\nmh_type = [\"1-4\", 6]\n";
    case 6:
      return "protocol = 47\n";
    default:
      return "";
  }
}

class Configurations {
 public:
  explicit Configurations(FixedRandom& random) : random_(random) {}

  std::string policy() {
    const std::string name = "p" + std::to_string(policies_++);
    const Family family = one_in(3, random_) ? Family::V6 : Family::V4;
    std::string text = "[[policy]]\nname = " + quoted(name) + "\n";
    const std::uint32_t kind = random_.below(10);
    if (kind < 2) return text + transport(name, family);
    if (one_in(3, random_)) text += "spd = \"other\"\n";
    // Of either family, and its SAs of one.
    if (kind == 2)
      return text + protocol_lines(family, random_) +
             tunnel(name, "selectors = [{ local = \"10.0.0.0/8\" }]\n");
    const std::string protocol = protocol_lines(family, random_);
    text += address_line("local", family, random_) + address_line("remote", family, random_) +
            protocol + whom();
    if (kind < 6) return text + populated(protocol) + tunnel(name, "");
    return text + which_way() + (kind < 8 ? "action = \"bypass\"\n" : "action = \"discard\"\n");
  }
  // What goes to 10.3.0.0/16 goes round, and by a second SA: over and over, if that loops back,
  // too.
  std::string nested_policies() {
    const std::string ends = "endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.2\" }";
    const std::string again = one_in(2, random_) ? ", loop_back = true" : "";
    return "[[policy]]\nname = \"back\"\nlocal = \"192.0.2.2\"\nremote = \"192.0.2.1\"\n"
           "action = \"bypass\"\n[[policy]]\nname = \"again\"\nlocal = \"192.0.2.1\"\n"
           "remote = \"192.0.2.2\"\naction = \"protect\"\nprotect = { " +
           ends + again + named_sas("again", "") +
           " }\n[[policy]]\nname = \"round\"\nremote = \"10.3.0.0/16\"\n"
           "action = \"protect\"\nprotect = { loop_back = true, " +
           ends + named_sas("round", "") + " }\n";
  }
  [[nodiscard]] const std::string& sas() const { return sas_; }

 private:
  // Whom an entry is for, unless for everyone.
  std::string whom() {
    if (one_in(5, random_)) return "names = [\"user:alice\"]\n";
    return one_in(12, random_) ? "names = [\"fqdn:peer.example.com\"]\n" : "";
  }
  std::string which_way() {
    if (one_in(6, random_)) return "direction = \"in\"\n";
    return one_in(6, random_) ? "direction = \"out\"\n" : "";
  }
  // Ports where the protocol, if there is one, has them.
  std::string populated(const std::string& protocol) {
    if (one_in(5, random_)) return "pfp = [\"remote\"]\n";
    const bool has_ports = protocol.empty() || protocol.contains("tcp") || protocol.contains("udp");
    if (!has_ports || !one_in(5, random_)) return "";
    return "pfp = [\"local\", \"protocol\", \"remote_port\"]\n";
  }

  std::string named_sas(const std::string& policy, const std::string& limits) {
    std::string names;
    for (unsigned i = one_in(4, random_) ? 0 : 1 + random_.below(2); i > 0; --i) {
      const std::string name = policy + "-" + std::to_string(i);
      names += (names.empty() ? "" : ", ") + quoted(name);
      sas_ += sa_text(name, "out", 0x1000 + spis_++) + limits;
      if (one_in(2, random_)) sas_ += "dscp_classes = [0, 10, 46]\n";
    }
    return names.empty() ? "" : ", sas = [" + names + "]";
  }

  // `limits` are fields of its SAs.
  std::string tunnel(const std::string& name, const std::string& limits) {
    const bool v6 = one_in(4, random_);
    const std::string local = v6 ? "2001:db8:f::1" : "192.0.2.1";
    const std::string remote =
        v6 ? any_of<const char*>(kPeersV6, random_) : any_of<const char*>(kPeersV4, random_);
    const std::string loop = one_in(2, random_) ? ", loop_back = true" : "";
    const std::string dscp = one_in(3, random_) ? ", dscp = 10" : "";
    return "action = \"protect\"\nprotect = { endpoints = { local = " + quoted(local) +
           ", remote = " + quoted(remote) + " }" + loop + dscp + named_sas(name, limits) + " }\n";
  }

  std::string transport(const std::string& name, Family family) {
    const std::string ends = family == Family::V4
                                 ? "local = \"192.0.2.9\"\nremote = \"10.3.0.7\"\n"
                                 : "local = \"2001:db8:f::9\"\nremote = \"2001:db8:3::7\"\n";
    return ends + protocol_lines(family, random_) +
           "action = \"protect\"\nprotect = { mode = \"transport\"" + named_sas(name, "") + " }\n";
  }

  FixedRandom& random_;
  unsigned policies_{};
  unsigned spis_{};
  std::string sas_;
};

bool is_no_source(const std::string& address) {
  return address.starts_with("224.") || address.starts_with("127.") || address.starts_with("ff");
}

std::uint16_t any_port(FixedRandom& random) {
  constexpr std::uint16_t kPorts[] = {22, 80, 443, 444, 500, 4500, 1023, 1024, 50000};
  return any_of<std::uint16_t>(kPorts, random);
}

void add_icmp(Family family, PacketBuilder& builder, Json& arguments, FixedRandom& random) {
  constexpr std::uint8_t kTypesV4[] = {8, 8, 0, 3, 11, 13};
  constexpr std::uint8_t kTypesV6[] = {128, 128, 129, 1, 2, 133, 135, 136, 137, 143};
  const std::uint8_t type = family == Family::V4 ? any_of<std::uint8_t>(kTypesV4, random)
                                                 : any_of<std::uint8_t>(kTypesV6, random);
  const auto code = static_cast<std::uint8_t>(random.below(3));
  builder.icmp(type, code);
  arguments["icmp"] = std::to_string(type) + "/" + std::to_string(code);
}

void add_upper(Family family, PacketBuilder& builder, Json& arguments, FixedRandom& random) {
  const std::uint16_t source = any_port(random);
  const std::uint16_t destination = any_port(random);
  const std::uint32_t kind = random.below(9);
  if (kind < 5) {
    arguments["protocol"] = kind < 3 ? "tcp" : "udp";
    arguments["source_port"] = source;
    arguments["port"] = destination;
    if (kind < 3)
      builder.tcp(source, destination);
    else
      builder.udp(source, destination).payload(PacketBytes(12));
  } else if (kind < 7) {
    add_icmp(family, builder, arguments, random);
  } else if (kind == 7) {
    const auto type = static_cast<std::uint8_t>(random.below(8));
    builder.mobility(type);
    arguments["mh_type"] = type;
  } else {
    const std::uint8_t number = one_in(2, random) ? kProtocolEsp : 47;
    builder.protocol(number).filler(20);
    arguments["protocol"] = std::to_string(number);
  }
}

}  // namespace

std::string random_configuration(FixedRandom& random) {
  Configurations configurations(random);
  std::string text = one_in(4, random) ? configurations.nested_policies() : "";
  for (unsigned i = 4 + random.below(12); i > 0; --i) text += configurations.policy();
  return text + configurations.sas() + kFiveWays + five_neighbours();
}

AskedPacket random_packet(FixedRandom& random) {
  const Family family = one_in(3, random) ? Family::V6 : Family::V4;
  const auto host = [&] {
    return std::string(family == Family::V4 ? any_of<const char*>(kHostsV4, random)
                                            : any_of<const char*>(kHostsV6, random));
  };
  constexpr std::uint8_t kClasses[] = {0, 0, 10, 46, 8};
  std::string from = host();
  std::string to = host();
  // What is no source at all does not come often.
  while (is_no_source(from) && !one_in(16, random)) from = host();
  // What transport mode is for.
  if (one_in(8, random)) {
    from = family == Family::V4 ? "192.0.2.9" : "2001:db8:f::9";
    to = family == Family::V4 ? "10.3.0.7" : "2001:db8:3::7";
  }
  const std::uint8_t dscp = any_of<std::uint8_t>(kClasses, random);
  Json arguments = {{"from", from}, {"to", to}, {"dscp", dscp}};
  PacketBuilder builder(from, to);
  builder.traffic_class(static_cast<std::uint8_t>(dscp << 2));
  add_upper(family, builder, arguments, random);
  return {builder.build(), arguments.dump()};
}

}  // namespace sallyport::test
