#include "pad/pad.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/pad/test_peer.h"
#include "tests/support/fixed_random.h"

namespace sallyport::pad_test {
namespace {

using test::peer;

Identity identity(std::string_view text) { return Identity::parse(text).value(); }
Address address(std::string_view text) { return Address::parse(text).value(); }
AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }

std::vector<AddressRange> ranges(std::vector<std::string> texts) {
  std::vector<AddressRange> result;
  for (const std::string& text : texts) result.push_back(range(text));
  return result;
}

Pad pad_of(std::vector<Peer> peers) { return Pad::of(std::move(peers)).value(); }
std::string found(const Pad& pad, std::string_view text) {
  const Pad::Entry entry = pad.find(identity(text));
  return entry == nullptr ? "nobody" : entry->name;
}

Peer unauthenticated(std::string name, std::vector<std::string> identities) {
  Peer entry = peer(std::move(name), std::move(identities));
  entry.remote.front() = {
      .kind = AuthenticationKind::Null, .secret = nullptr, .anchors = {}, .raw_keys = {}};
  return entry;
}

TEST_CASE("PAD-01: the first entry whose pattern matches, in the operator's order") {
  const Pad narrow_first = pad_of({peer("one", {"vpn.example.com"}), peer("all", {".example.com"}),
                                   peer("late", {"vpn.example.com", "late.example.org"})});
  CHECK(found(narrow_first, "vpn.example.com") == "one");
  CHECK(found(narrow_first, "www.example.com") == "all");
  CHECK(found(narrow_first, "late.example.org") == "late");
  CHECK(found(narrow_first, "badexample.com") == "nobody");

  const Pad wide_first = pad_of({peer("all", {".example.com"}), peer("one", {"vpn.example.com"})});
  CHECK(found(wide_first, "vpn.example.com") == "all");
  CHECK(found(pad_of({}), "vpn.example.com") == "nobody");
}

TEST_CASE("PAD-02: one PAD for identities of every kind") {
  const Pad pad = pad_of({peer("fqdn", {".example.com"}), peer("mail", {"@example.com"}),
                          peer("dn", {"C=US, O=Example, *"}), peer("v4", {"192.0.2.0/24"}),
                          peer("v6", {"2001:db8::1-2001:db8::9"}), peer("key", {"keyid:k"}),
                          peer("rest", {"any"})});
  CHECK(found(pad, "a.example.com") == "fqdn");
  CHECK(found(pad, "a@example.com") == "mail");
  CHECK(found(pad, "C=US, O=Example, CN=a") == "dn");
  CHECK(found(pad, "192.0.2.7") == "v4");
  CHECK(found(pad, "2001:db8::7") == "v6");
  CHECK(found(pad, "keyid:k") == "key");
  CHECK(found(pad, "keyid:K") == "rest");
  CHECK(found(pad, "null") == "rest");
}

TEST_CASE("SPD-11: a named entry of the PAD matches by each kind of name that the SPD knows") {
  const Pad pad =
      pad_of({peer("road", {"fqdn:a.example.com", "rfc822:a@example.com", "dn:CN=a", "key-id:a"})});
  for (const char* name : {"a.example.com", "a@example.com", "CN=a", "keyid:a"})
    CHECK(found(pad, name) == "road");
  CHECK(found(pad, "b.example.com") == "nobody");
}

TEST_CASE("PAD-01: names are unique and entries whole; the error says whose") {
  const auto twice = Pad::of({peer("a", {"a.org"}), peer("a", {"b.org"})});
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == Error::Code::Exists);
  CHECK(twice.error().where == "peer a");
  const auto empty = Pad::of({peer("a", {"a.org"}), peer("b", {})});
  REQUIRE_FALSE(empty);
  CHECK(empty.error().where == "peer b");
  CHECK(empty.error().what == "the entry matches no identity");
}

TEST_CASE("AUTH-05: entries of NULL authentication are the last") {
  CHECK(Pad::of({peer("a", {"a.org"}), unauthenticated("guests", {"null"}),
                 unauthenticated("strangers", {"any"})}));
  const auto before = Pad::of({unauthenticated("guests", {"any"}), peer("a", {"a.org"})});
  REQUIRE_FALSE(before);
  CHECK(before.error().where == "peer a");
  CHECK(before.error().what == "the entry stands behind one of NULL authentication");
}

TEST_CASE("PAD-13: entries by name and by where their peers are") {
  Peer fixed = peer("fixed", {"a.org"});
  fixed.locator.remote = address("192.0.2.1");
  Peer twin = fixed;
  twin.name = "twin";
  Peer other = peer("other", {"b.org"});
  other.locator.remote = address("2001:db8::1");
  const Pad pad = pad_of({peer("mobile", {"c.org"}), fixed, twin, other});

  REQUIRE(pad.by_name("twin"));
  CHECK(pad.by_name("twin")->name == "twin");
  CHECK_FALSE(pad.by_name("nobody"));
  CHECK(pad.at(address("192.0.2.1"))->name == "fixed");
  CHECK(pad.at(address("2001:db8::1"))->name == "other");
  CHECK_FALSE(pad.at(address("192.0.2.2")));
  CHECK(pad.entries().size() == 4);

  const auto names = [&](std::string_view from) {
    std::string text;
    for (const Pad::Entry& entry : pad.candidates(address(from))) text += entry->name + " ";
    return text;
  };
  CHECK(names("192.0.2.1") == "mobile fixed twin ");
  CHECK(names("192.0.2.2") == "mobile ");
  CHECK(names("2001:db8::1") == "mobile other ");
}

TEST_CASE("PAD-01: an entry that was found outlives its PAD") {
  Pad::Entry kept;
  {
    const Pad pad = pad_of({peer("a", {"a.org"})});
    kept = pad.find(identity("a.org"));
  }
  REQUIRE(kept);
  CHECK(kept->name == "a");
}

std::vector<AddressRange> claims(std::vector<std::string> may, std::vector<std::string> asked,
                                 std::vector<std::string> assigned = {}) {
  Peer entry = peer("a", {"a.org"});
  entry.may_claim = ranges(std::move(may));
  std::vector<Address> addresses;
  for (const std::string& text : assigned) addresses.push_back(address(text));
  return allowed_claims(entry, ranges(std::move(asked)), addresses);
}

TEST_CASE("PAD-10: a peer may claim what its entry has and nothing of its neighbours") {
  CHECK(claims({"10.1.0.0/16"}, {"10.1.2.0/24"}) == ranges({"10.1.2.0/24"}));
  CHECK(claims({"10.1.0.0/16"}, {"10.0.0.0/8"}) == ranges({"10.1.0.0/16"}));
  CHECK(claims({"10.1.0.0/16"}, {"10.1.255.0-10.2.0.9"}) == ranges({"10.1.255.0/24"}));
  CHECK(claims({"10.1.0.0/16"}, {"10.2.0.0/16"}).empty());
  CHECK(claims({"10.1.0.0/16", "10.3.0.0/16"}, {"10.0.0.0/8"}) ==
        ranges({"10.1.0.0/16", "10.3.0.0/16"}));
  CHECK(claims({"10.1.0.0/16"}, {}).empty());
}

TEST_CASE("PAD-09: claims of both families, each by its own ranges") {
  CHECK(claims({"10.0.0.0/8", "2001:db8::/32"}, {"::/0", "0.0.0.0/0"}) ==
        ranges({"2001:db8::/32", "10.0.0.0/8"}));
  CHECK(claims({"0.0.0.0/0"}, {"::/0"}).empty());
  CHECK(claims({"::/0"}, {"10.0.0.1", "::/0"}) == ranges({"::/0"}));
}

TEST_CASE("PAD-09: without ranges a peer has its assigned addresses alone") {
  CHECK(claims({}, {"0.0.0.0/0", "::/0"}).empty());
  CHECK(claims({}, {"0.0.0.0/0", "::/0"}, {"10.0.0.7", "2001:db8::7"}) ==
        ranges({"10.0.0.7", "2001:db8::7"}));
  CHECK(claims({}, {"10.0.0.8"}, {"10.0.0.7"}).empty());
  CHECK(claims({"10.0.0.8-10.0.0.9"}, {"0.0.0.0/0"}, {"10.0.0.7"}) ==
        ranges({"10.0.0.7-10.0.0.9"}));
}

TEST_CASE("PAD-10: claims keep the order in which they were asked, without doubles") {
  CHECK(claims({"10.0.0.0/8"}, {"10.5.0.1", "10.5.0.0/16", "10.1.0.0/16", "10.5.0.1"}) ==
        ranges({"10.5.0.1", "10.5.0.0/16", "10.1.0.0/16"}));
  CHECK(claims({"10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"}, {"10.1.0.0/24"}) ==
        ranges({"10.1.0.0/24"}));
}

TEST_CASE("PAD-10: ranges that run backwards or mix families claim nothing") {
  const Peer entry = [] {
    Peer one = peer("a", {"a.org"});
    one.may_claim = ranges({"0.0.0.0/0", "::/0"});
    return one;
  }();
  const std::vector<AddressRange> broken{{address("10.0.0.9"), address("10.0.0.1")},
                                         {address("10.0.0.1"), address("::1")}};
  CHECK(allowed_claims(entry, broken, {}).empty());
}

TEST_CASE("PAD-10: what is allowed is, address by address, what is asked and in the entry") {
  FixedRandom random(10);
  const auto some = [&] {
    const auto first = 0xffffff00u + random.below(256);
    const auto last = std::min<std::uint64_t>(first + random.below(40), 0xffffffffu);
    return AddressRange{Address::v4(first), Address::v4(static_cast<std::uint32_t>(last))};
  };
  const auto holds = [](const std::vector<AddressRange>& list, const Address& one) {
    return std::ranges::any_of(list, [&](const AddressRange& each) { return each.contains(one); });
  };
  const auto within = [](const std::vector<AddressRange>& list, const AddressRange& part) {
    return std::ranges::any_of(list, [&](const AddressRange& each) {
      return each.contains(part.first) && each.contains(part.last);
    });
  };
  for (unsigned round = 0; round < 200; ++round) {
    Peer entry = peer("a", {"a.org"});
    std::vector<AddressRange> asked;
    std::vector<Address> assigned;
    for (std::uint32_t i = random.below(4); i > 0; --i) entry.may_claim.push_back(some());
    for (std::uint32_t i = random.below(4); i > 0; --i) asked.push_back(some());
    for (std::uint32_t i = random.below(3); i > 0; --i) assigned.push_back(some().first);
    const auto allowed = allowed_claims(entry, asked, assigned);
    bool agree = true;
    for (std::uint64_t value = 0xffffff00u; value <= 0xffffffffu; ++value) {
      const Address one = Address::v4(static_cast<std::uint32_t>(value));
      const bool may =
          holds(entry.may_claim, one) || std::ranges::find(assigned, one) != assigned.end();
      agree = agree && holds(allowed, one) == (may && holds(asked, one));
    }
    CHECK(agree);
    CHECK(std::ranges::all_of(allowed,
                              [&](const AddressRange& part) { return within(asked, part); }));
  }
}

}  // namespace
}  // namespace sallyport::pad_test
