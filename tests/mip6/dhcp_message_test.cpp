#include "mip6/dhcp_message.h"

#include <catch2/catch.hpp>

#include "tests/mip6/dhcp_server.h"

namespace sallyport::mip6::test::dhcp_message_test {
namespace {

const Address kFirst = Address::parse("2001:db8:1::1").value();
const Address kSecond = Address::parse("2001:db8:1::2").value();

InformationRequest asked(std::string domain = "Example.org") {
  return {.transaction = 0x123456,
          .client = {{2, 0, 0, 0, 0, 5}},
          .elapsed = std::chrono::milliseconds(2500),
          .domain = std::move(domain)};
}

// What is read of it, in a buffer that ends where the message does.
std::optional<HomeNetworkReply> read(const Octets& reply, const InformationRequest& request) {
  const Octets exact(reply.begin(), reply.end());
  return parse_reply(exact, request);
}

}  // namespace

TEST_CASE("BOOT-09: a mobile node asks for home agents of its domain, octet by octet") {
  CHECK(
      build_information_request(asked("ab.example")) ==
      Octets{11, 0x12, 0x34, 0x56,  // Information-request
             0,  1,    0,    10,   0, 3,   0,   1,  2,   0,   0,   0,   0,   5,  // client: DUID-LL
             0,  8,    0,    2,    0, 250,                                       // 2.5 s
             0,  6,    0,    12,   0, 69,  0,   49, 0,   71,  0,   72,  0,   73,  0,   23,
             0,  49,   0,    12,   2, 'a', 'b', 7,  'e', 'x', 'a', 'm', 'p', 'l', 'e', 0});
}

TEST_CASE("BOOT-09: without a domain the visited network's home agents are asked for") {
  const Octets message = build_information_request(asked(""));
  CHECK(message == Octets{11, 0x12, 0x34, 0x56, 0, 1,  0, 10, 0, 3,   0, 1, 2, 0,
                          0,  0,    0,    5,    0, 8,  0, 2,  0, 250, 0, 6, 0, 12,
                          0,  50,   0,    49,   0, 71, 0, 72, 0, 73,  0, 23});
  // Nor for what can be no name.
  CHECK(build_information_request(asked(std::string(64, 'a'))) == message);
  CHECK(build_information_request(asked("a..b")) == message);
  CHECK(build_information_request(asked(std::string(300, 'a'))) == message);
}

TEST_CASE("BOOT-09: addresses and names of the network that was asked for, in order") {
  DhcpServer server;
  server.networks = {
      {.code = 69, .id = "other.org", .home_agents = {kSecond}},
      {.code = 69, .id = "example.org", .home_agents = {kFirst}, .names = {"HA.example.org"}},
      {.code = 50, .id = "", .home_agents = {kSecond}}};
  server.name_servers = {kSecond};
  const auto reply = read(server.answer(build_information_request(asked())), asked());
  REQUIRE(reply);
  CHECK(reply->home_agents == std::vector{kFirst});
  CHECK(reply->names == std::vector<std::string>{"ha.example.org"});
  CHECK(reply->name_servers == std::vector{kSecond});
  const auto visited = read(server.answer(build_information_request(asked(""))), asked(""));
  REQUIRE(visited);
  CHECK(visited->home_agents == std::vector{kSecond});
  CHECK(visited->names.empty());
}

TEST_CASE("BOOT-09: home agents outside of a home network, and IPv4 in IPv6, are none") {
  DhcpServer server;
  server.networks = {{.code = 69,
                      .id = "example.org",
                      .home_agents = {Address::parse("64:ff9b::c000:201").value(),
                                      Address::parse("ff02::1").value(), kFirst}}};
  server.stray = {kSecond};
  const auto reply = read(server.answer(build_information_request(asked())), asked());
  REQUIRE(reply);
  CHECK(reply->home_agents == std::vector{kFirst});
}

TEST_CASE("BOOT-09: what is no Reply to us, from a server, is nothing") {
  DhcpServer server;
  server.networks = {{.code = 69, .id = "example.org", .home_agents = {kFirst}}};
  const Octets question = build_information_request(asked());
  REQUIRE(read(server.answer(question), asked()));
  InformationRequest other = asked();
  SECTION("another transaction") { other.transaction ^= 1; }
  SECTION("another client") { other.client.bytes[5] = 6; }
  SECTION("no server") { server.names_itself = false; }
  SECTION("another message") { server.type = 2; }
  CHECK_FALSE(read(server.answer(question), other));
}

TEST_CASE("BOOT-09: a reply that is cut short anywhere is nothing, or has less in it") {
  DhcpServer server;
  server.networks = {
      {.code = 69, .id = "example.org", .home_agents = {kFirst}, .names = {"ha.example.org"}}};
  server.name_servers = {kSecond};
  const Octets whole = server.answer(build_information_request(asked()));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Octets part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto reply = read(part, asked());
    INFO(size);
    CHECK((!reply ||
           reply->home_agents.size() + reply->names.size() + reply->name_servers.size() < 3));
  }
}

TEST_CASE("BOOT-09: names that are not well formed make the reply malformed") {
  for (const Octets& labels :
       {Octets{}, Octets{0}, Octets{2, 'a', 'b'}, Octets{3, 'a', 'b', 0}, Octets{64, 'a', 0},
        Octets{1, 'a', 0, 0}, Octets{1, ' ', 0}, Octets{0xc0, 0x0c}}) {
    DhcpServer server;
    server.networks = {
        {.code = 69, .id = "example.org", .home_agents = {kFirst}, .raw_name = labels}};
    CHECK_FALSE(read(server.answer(build_information_request(asked())), asked()));
  }
}

TEST_CASE("BOOT-09: of many home agents sixteen are taken") {
  DhcpServer server;
  server.networks = {{.code = 69, .id = "example.org", .home_agents = std::vector(100, kFirst)}};
  const auto reply = read(server.answer(build_information_request(asked())), asked());
  REQUIRE(reply);
  CHECK(reply->home_agents.size() == 16);
}

}  // namespace sallyport::mip6::test::dhcp_message_test
