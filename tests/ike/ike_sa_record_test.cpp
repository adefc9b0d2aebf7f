// Records of IKE SAs: what they carry, and what is refused.
#include "ike/ike_sa_record.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "tests/ike/two_peers.h"

namespace sallyport::ike::test::ike_sa_record_test {
namespace {

using namespace std::chrono_literals;

// Of everything: what a record can hold.
CarriedIkeSa full_sa() {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  const auto exported = two.bob.daemon->export_ike_sa(two.bob.only().number);
  REQUIRE(exported);
  CarriedIkeSa sa = read_record(*exported, 0).value();
  sa.nat = {.supported = true, .here = true, .there = true};
  sa.mobike = !sa.mobike;
  sa.line = 3;
  sa.datagram_bytes = 1400;
  sa.mobility.role = Side::Responder;
  sa.mobility.theirs = {Address::parse("203.0.113.7").value()};
  sa.mobility.newest_update = 5;
  sa.leases = {Address::parse("10.3.0.7").value(), Address::parse("2001:db8:3::7").value()};
  sa.assigned = {Address::parse("10.4.0.7").value()};
  sa.credentials_end = WallTime(std::chrono::seconds(1'800'000'000));
  sa.age = 3h;
  sa.authenticated = 4h;
  sa.numbers.own_window = 4;
  sa.numbers.peer_window = 7;
  sa.children[0].group = Group::Curve25519;
  sa.children[0].on_wire = sa.children[0].selectors;
  sa.children[0].selectors.local.push_back(
      {.protocol = 17, .start_port = 0xffff, .end_port = 0, .addresses = {}});
  return sa;
}

}  // namespace

TEST_CASE("a record of an IKE SA carries every field, and its own record is the same") {
  const CarriedIkeSa sa = full_sa();
  const Octets record = write_record(sa);
  const auto read = read_record(record, 0);
  REQUIRE(read);
  CHECK(write_record(*read) == record);
  CHECK(read->number == sa.number);
  CHECK(read->suite == sa.suite);
  CHECK(read->path == sa.path);
  CHECK(read->nat == sa.nat);
  CHECK(read->line == 3);
  CHECK(read->datagram_bytes == 1400);
  CHECK(read->mobility.role == Side::Responder);
  CHECK(read->mobility.theirs == sa.mobility.theirs);
  CHECK(read->mobility.newest_update == MessageId{5});
  CHECK(read->leases == sa.leases);
  CHECK(read->assigned == sa.assigned);
  CHECK(read->credentials_end == sa.credentials_end);
  CHECK(read->age == 3h);
  CHECK(read->remote_identity == sa.remote_identity);
  CHECK(read->numbers.expected_request == 2);
  CHECK(read->numbers.responses.size() == 1);
  CHECK(read->children.at(0).selectors == sa.children[0].selectors);
  CHECK(read->children.at(0).on_wire == sa.children[0].on_wire);
  CHECK(std::ranges::equal(read->keys.d.view(), sa.keys.d.view()));
}

TEST_CASE("a record of an IKE SA cut short anywhere, or continued, is an error") {
  Octets record = write_record(full_sa());
  for (std::size_t length = 0; length < record.size(); ++length) {
    // An allocation of the exact size, so that a read too far faults under ASan.
    const Octets cut = to_octets(ByteView(record).first(length));
    if (read_record(cut, 0)) FAIL("taken at " << length);
  }
  record.push_back(0);
  CHECK_FALSE(read_record(record, 0));
}

TEST_CASE("a record of something else, or of a version that we do not know, is refused") {
  const Octets record = write_record(full_sa());
  Octets other = record;
  other[0] ^= 1;
  CHECK(read_record(other, 0).error().what == "this is not the record of an IKE SA");
  other = record;
  other[5] = 2;
  CHECK(read_record(other, 0).error().what == "version 2 of the record is unknown, 1 is known");
}

TEST_CASE("what no IKE SA may be is not read from a record") {
  const auto refused = [](void (*change)(CarriedIkeSa&)) {
    CarriedIkeSa sa = full_sa();
    change(sa);
    return !read_record(write_record(sa), 0);
  };
  CHECK_FALSE(refused([](CarriedIkeSa&) {}));
  CHECK(refused([](CarriedIkeSa& sa) { sa.responder_spi = {}; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.number = 0; }));
  CHECK(refused(
      [](CarriedIkeSa& sa) { sa.keys.d = SecretBytes(ByteView(sa.keys.d.view()).first(31)); }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.keys.e_responder = SecretBytes(std::size_t{21}); }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.keys.a_initiator = SecretBytes(std::size_t{1}); }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.suite.transform.cipher = Cipher::Null; }));
  CHECK(
      refused([](CarriedIkeSa& sa) { sa.suite.transform.integrity = Integrity::HmacSha256_128; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.path.local.port = 4501; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.path.remote.address = Address::any(Family::V6); }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.remote_identity = {IdType::Ipv4, {1, 2, 3}}; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.remote_identity = {IdType{4}, {1, 2, 3}}; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.numbers.own_window = 0; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.numbers.expected_request = 100; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.numbers.next_request = 0xffff'ffff; }));
  CHECK(refused(
      [](CarriedIkeSa& sa) { sa.numbers.responses.push_back(sa.numbers.responses.front()); }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.children[0].inbound = Spi{255}; }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.children[0].selectors.local.clear(); }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.children.push_back(sa.children[0]); }));
  CHECK(refused([](CarriedIkeSa& sa) { sa.children[0].transform = {}; }));
}

TEST_CASE("damaged records of IKE SAs are refused, or are of an IKE SA that may be") {
  const Octets record = write_record(full_sa());
  std::mt19937 random(7);
  int taken = 0;
  for (int i = 0; i < 5'000; ++i) {
    Octets damaged = record;
    for (std::size_t count = random() % 3 + 1; count > 0; --count)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    const auto read = read_record(damaged, 0);
    if (!read) continue;
    ++taken;
    if (write_record(*read) != damaged) FAIL("something was read that was not written");
  }
  CHECK(taken > 0);
  CHECK(taken < 5'000);
}

TEST_CASE("ALG-20: a record whose IVs are nearly used up is not carried past their end") {
  CarriedIkeSa used_up = full_sa();
  used_up.next_iv = ~0ull - 5;
  CHECK_FALSE(read_record(write_record(used_up), 6));
  CHECK(read_record(write_record(used_up), 5));
}

}  // namespace sallyport::ike::test::ike_sa_record_test
