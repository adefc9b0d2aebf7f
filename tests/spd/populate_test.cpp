// Selectors of an SA from policy and packet: the tables of RFC 4301 4.4.2.2, row by row.
#include "spd/populate.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"

namespace sallyport::populate_test {
namespace {

AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }
Address ip(std::string_view text) { return Address::parse(text).value(); }

PortSet ports(std::string_view text, PortNotation notation) {
  const std::vector<std::string> texts{std::string(text)};
  return PortSet::parse(texts, notation).value();
}

// A packet that shows everything, over a protocol.
SelectorFields packet(std::uint8_t protocol) {
  return {.local = ip("2001:db8::1"),
          .remote = ip("2001:db8:2::9"),
          .protocol = protocol,
          .local_port = 1500,
          .remote_port = 443};
}

Policy protect(const Selector& selector, const PopulateFromPacket& pfp) {
  Policy policy{.name = "p", .selectors = {selector}, .pfp = pfp, .action = PolicyAction::Protect};
  policy.protect.emplace().mode = IpsecMode::Transport;
  policy.protect->proposals = {{Cipher::AesGcm16_128, Integrity::None}};
  return policy;
}

// What stands in the last column of the tables.
enum class Sad { Policys, Packets, Discard, Forbidden };

struct PortRow {
  std::string_view spd;
  bool pfp;
  PortValue packet;
  Sad result;
};

// One table: the rows of one port-like field of one protocol.
struct PortTable {
  std::uint8_t protocol;
  PortNotation notation;
  PortSet Selector::* set;
  PortValue SelectorFields::* value;
  bool PopulateFromPacket::* flag;
};

void check(const PortTable& table, const PortRow& row) {
  CAPTURE(row.spd, row.pfp, row.packet);
  Selector selector;
  selector.protocol = table.protocol;
  selector.*table.set = ports(row.spd, table.notation);
  PopulateFromPacket pfp;
  pfp.*table.flag = row.pfp;
  if (row.result == Sad::Forbidden) {
    CHECK_FALSE(validate(protect(selector, pfp)));
    return;
  }
  SelectorFields fields = packet(table.protocol);
  fields.*table.value = row.packet;
  const auto sa = populate(selector, pfp, fields);
  REQUIRE(sa.has_value() == (row.result != Sad::Discard));
  if (!sa) return;
  const auto number = static_cast<std::uint16_t>(row.packet);
  CHECK((*sa).*table.set == (row.result == Sad::Packets ? PortSet::of({{number, number}}).value()
                                                        : selector.*table.set));
  // Nothing else has changed.
  Selector rest = *sa;
  rest.*table.set = selector.*table.set;
  CHECK(rest == selector);
}

// The twelve rows that ports and MH types have alike.
void check_twelve(const PortTable& table, std::string_view list, PortValue shown) {
  for (const PortRow& row : {PortRow{list, false, shown, Sad::Policys},
                             {"any", false, shown, Sad::Policys},
                             {"opaque", false, shown, Sad::Policys},
                             {list, false, kUnavailable, Sad::Discard},
                             {"any", false, kUnavailable, Sad::Policys},
                             {"opaque", false, kUnavailable, Sad::Policys},
                             {list, true, shown, Sad::Packets},
                             {"any", true, shown, Sad::Packets},
                             {"opaque", true, shown, Sad::Forbidden},
                             {list, true, kUnavailable, Sad::Discard},
                             {"any", true, kUnavailable, Sad::Discard},
                             {"opaque", true, kUnavailable, Sad::Forbidden}})
    check(table, row);
}

}  // namespace

TEST_CASE("SPD-13: local and remote address, eight rows") {
  struct Row {
    std::vector<AddressRange> Selector::* list;
    bool PopulateFromPacket::* flag;
    Address SelectorFields::* value;
  };
  for (const Row& row :
       {Row{&Selector::local, &PopulateFromPacket::local, &SelectorFields::local},
        Row{&Selector::remote, &PopulateFromPacket::remote, &SelectorFields::remote}}) {
    for (const bool any : {false, true}) {
      for (const bool from_packet : {false, true}) {
        CAPTURE(any, from_packet);
        Selector selector;
        if (!any) selector.*row.list = {range("2001:db8::/32"), range("2001:db9::/32")};
        PopulateFromPacket pfp;
        pfp.*row.flag = from_packet;
        const SelectorFields fields = packet(kProtocolTcp);
        const auto sa = populate(selector, pfp, fields);
        REQUIRE(sa);
        const std::vector<AddressRange> one{{fields.*row.value, fields.*row.value}};
        CHECK((*sa).*row.list == (from_packet ? one : selector.*row.list));
      }
    }
  }
}

TEST_CASE("SPD-13, SPD-14: protocol, twelve rows") {
  struct Row {
    std::optional<std::uint8_t> spd;
    bool pfp;
    std::uint8_t packet;
    Sad result;
  };
  constexpr std::uint8_t kNotAvailable = kProtocolOpaque;
  for (const Row& row : {Row{kProtocolTcp, false, kProtocolTcp, Sad::Policys},
                         {std::nullopt, false, kProtocolTcp, Sad::Policys},
                         {kProtocolOpaque, false, kProtocolTcp, Sad::Policys},
                         {kProtocolTcp, false, kNotAvailable, Sad::Discard},
                         {std::nullopt, false, kNotAvailable, Sad::Policys},
                         {kProtocolOpaque, false, kNotAvailable, Sad::Policys},
                         {kProtocolTcp, true, kProtocolTcp, Sad::Packets},
                         {std::nullopt, true, kProtocolTcp, Sad::Packets},
                         {kProtocolOpaque, true, kProtocolTcp, Sad::Forbidden},
                         {kProtocolTcp, true, kNotAvailable, Sad::Discard},
                         {std::nullopt, true, kNotAvailable, Sad::Discard},
                         {kProtocolOpaque, true, kNotAvailable, Sad::Forbidden}}) {
    CAPTURE(row.spd.has_value(), row.pfp, row.packet);
    Selector selector;
    selector.remote = {range("2001:db8::/32")};
    selector.protocol = row.spd;
    const PopulateFromPacket pfp{.protocol = row.pfp};
    if (row.result == Sad::Forbidden) {
      CHECK_FALSE(validate(protect(selector, pfp)));
      continue;
    }
    const auto sa = populate(selector, pfp, packet(row.packet));
    REQUIRE(sa.has_value() == (row.result != Sad::Discard));
    if (sa) CHECK(sa->protocol == (row.result == Sad::Packets ? row.packet : row.spd));
  }
}

TEST_CASE("SPD-13, SPD-14: local port, remote port and mobility header type, 36 rows") {
  const PortTable local{kProtocolTcp, PortNotation::Port, &Selector::local_port,
                        &SelectorFields::local_port, &PopulateFromPacket::local_port};
  const PortTable remote{kProtocolUdp, PortNotation::Port, &Selector::remote_port,
                         &SelectorFields::remote_port, &PopulateFromPacket::remote_port};
  const PortTable mobility{kProtocolMobility, PortNotation::Mobility, &Selector::local_port,
                           &SelectorFields::local_port, &PopulateFromPacket::local_port};
  check_twelve(local, "1000-2000", 1500);
  check_twelve(remote, "1000-2000", 1500);
  check_twelve(mobility, "1-6", 5 * 256);
}

TEST_CASE("SPD-13, SPD-14: ICMP type and code, sixteen rows") {
  const PortTable icmp{kProtocolIcmpv6, PortNotation::Icmp, &Selector::local_port,
                       &SelectorFields::local_port, &PopulateFromPacket::local_port};
  constexpr PortValue kShown = 3 * 256 + 1;
  for (const PortRow& row : {PortRow{"3/0-3/4", false, kShown, Sad::Policys},
                             {"3", false, kShown, Sad::Policys},
                             {"any", false, kShown, Sad::Policys},
                             {"opaque", false, kShown, Sad::Policys},
                             {"3/0-3/4", false, kUnavailable, Sad::Discard},
                             {"3", false, kUnavailable, Sad::Discard},
                             {"any", false, kUnavailable, Sad::Policys},
                             {"opaque", false, kUnavailable, Sad::Policys},
                             {"3/0-3/4", true, kShown, Sad::Packets},
                             {"3", true, kShown, Sad::Packets},
                             {"any", true, kShown, Sad::Packets},
                             {"opaque", true, kShown, Sad::Forbidden},
                             {"3/0-3/4", true, kUnavailable, Sad::Discard},
                             {"3", true, kUnavailable, Sad::Discard},
                             {"any", true, kUnavailable, Sad::Discard},
                             {"opaque", true, kUnavailable, Sad::Forbidden}})
    check(icmp, row);
}

TEST_CASE("SPD-13: a name is in no SA, and a slot that says nothing keeps the policy's value") {
  Policy policy = protect({}, {.protocol = true, .local_port = true, .remote_port = true});
  policy.selectors[0].protocol = kProtocolIcmpv6;
  policy.names = {"user:alice"};
  SelectorFields echo = packet(kProtocolIcmpv6);
  echo.local_port = 128 * 256;
  echo.remote_port = kNotApplicable;
  const auto sas = populate(policy, echo);
  REQUIRE(sas.size() == 1);
  CHECK(to_string(sas[0]).find("alice") == std::string::npos);
  CHECK(sas[0].local_port == ports("128/0", PortNotation::Icmp));
  CHECK(sas[0].remote_port.is_any());
}

TEST_CASE("SPD-12: an entry for local users takes the packet's own address into the SA") {
  Policy policy = protect({}, {});
  policy.names = {"user:alice", "user:bob"};
  const SelectorFields fields = packet(kProtocolTcp);
  const auto sas = populate(policy, fields);
  REQUIRE(sas.size() == 1);
  CHECK(sas[0].local == std::vector<AddressRange>{{fields.local, fields.local}});
  CHECK(sas[0].remote.empty());
  // One for peers is for whoever proves to be one of them: nothing comes from the packet.
  policy.names = {"fqdn:gw.example.com"};
  CHECK(populate(policy, fields)[0].local.empty());
}

TEST_CASE("SPD-13: an SA of a policy with several sets covers all that share its values") {
  Policy policy = protect({}, {.local = true});
  Selector web;
  web.remote = {range("2001:db8:2::/48")};
  web.protocol = kProtocolTcp;
  Selector elsewhere = web;
  elsewhere.remote = {range("2001:db8:3::/48")};
  Selector others = web;
  others.local = {range("2001:db8:ffff::/48")};
  policy.selectors = {web, elsewhere, others};
  const SelectorFields fields = packet(kProtocolTcp);
  const auto sas = populate(policy, fields);
  REQUIRE(sas.size() == 2);
  SelectorFields other = fields;
  other.remote = ip("2001:db8:3::1");
  other.local_port = 7;
  // Packets of one key are carried by one SA, whichever of them asked.
  const PolicyId id{7};
  CHECK(PopulatedKey::of(id, policy.pfp, fields) == PopulatedKey::of(id, policy.pfp, other));
  CHECK((matches(sas[0], other) || matches(sas[1], other)));
  CHECK(populate(policy, other) == sas);
  // Nothing of the policy matches, or the value is not shown.
  other.protocol = kProtocolUdp;
  CHECK(populate(policy, other).empty());
  policy.pfp = {.remote_port = true};
  other = fields;
  other.remote_port = kUnavailable;
  CHECK(populate(policy, other).empty());
}

TEST_CASE("SPD-13: a key has what is populated, and nothing else") {
  const SelectorFields fields = packet(kProtocolTcp);
  const auto differs = [&](const PopulateFromPacket& pfp, auto change) {
    SelectorFields changed = fields;
    change(changed);
    return PopulatedKey::of(PolicyId{1}, pfp, fields) !=
           PopulatedKey::of(PolicyId{1}, pfp, changed);
  };
  struct Field {
    bool PopulateFromPacket::* flag;
    void (*change)(SelectorFields&);
  };
  const Field all[] = {
      {&PopulateFromPacket::local, [](SelectorFields& f) { f.local = ip("2001:db8::2"); }},
      {&PopulateFromPacket::remote, [](SelectorFields& f) { f.remote = ip("2001:db8::2"); }},
      {&PopulateFromPacket::protocol, [](SelectorFields& f) { f.protocol = kProtocolUdp; }},
      {&PopulateFromPacket::local_port, [](SelectorFields& f) { f.local_port = 9; }},
      {&PopulateFromPacket::remote_port, [](SelectorFields& f) { f.remote_port = 9; }}};
  for (const Field& populated : all) {
    PopulateFromPacket pfp;
    pfp.*populated.flag = true;
    for (const Field& changed : all)
      CHECK(differs(pfp, changed.change) == (changed.flag == populated.flag));
  }
  CHECK(PopulatedKey::of(PolicyId{1}, {}, fields) != PopulatedKey::of(PolicyId{2}, {}, fields));
  SelectorFields v4 = fields;
  v4.local = ip("192.0.2.1");
  v4.remote = ip("192.0.2.2");
  CHECK(PopulatedKey::of(PolicyId{1}, {.local = true}, v4)->family == Family::V4);
}

TEST_CASE("SPD-14: PFP of an OPAQUE field, and of a port whose protocol nobody names, is refused") {
  Selector fragments;
  fragments.protocol = kProtocolUdp;
  fragments.local_port = PortSet::opaque();
  fragments.remote_port = PortSet::opaque();
  for (const PopulateFromPacket& pfp :
       {PopulateFromPacket{.local_port = true}, PopulateFromPacket{.remote_port = true}}) {
    const auto refused = validate(protect(fragments, pfp));
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().what, Catch::Contains("OPAQUE"));
    const auto alone = validate(protect({}, pfp));
    REQUIRE_FALSE(alone);
    CHECK_THAT(alone.error().what, Catch::Contains("protocol"));
  }
  CHECK(validate(protect({}, {.protocol = true, .local_port = true, .remote_port = true})));
}

TEST_CASE("SPD-13: an ICMP packet's SA takes no ports of other protocols along") {
  Policy policy = protect({}, {.remote_port = true});
  policy.selectors[0].protocol = kProtocolTcp;
  policy.selectors.push_back({});
  policy.selectors[1].protocol = kProtocolIcmpv6;
  SelectorFields echo = packet(kProtocolIcmpv6);
  echo.local_port = 128 * 256;
  echo.remote_port = kNotApplicable;
  const auto sas = populate(policy, echo);
  REQUIRE(sas.size() == 1);
  CHECK(sas[0].protocol == kProtocolIcmpv6);
}

}  // namespace sallyport::populate_test
