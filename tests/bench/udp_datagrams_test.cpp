// IKE by the kernel's sockets, on the loopback interface.
#include "bench/udp_datagrams.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

namespace sallyport::bench::udp_datagrams_test {
namespace {

using Octets = std::vector<std::uint8_t>;

const Address kHere = Address::v4(0x7f000001);
// The kernel has what was sent by then; nothing is waited for where it works.
constexpr Duration kLongEnough = std::chrono::seconds(10);

std::unique_ptr<UdpDatagrams> open_somewhere(const Address& local = kHere) {
  return UdpDatagrams::open(local, {.ike = 0, .nat = 0}).value();
}

struct Come {
  ike::Path path;
  Octets message;
};

std::vector<Come> take_all(UdpDatagrams& datagrams) {
  std::vector<Come> come;
  datagrams.wait(kLongEnough);
  const auto take = [&](const ike::Path& path, ByteView message) {
    come.push_back({path, Octets(message.begin(), message.end())});
  };
  while (datagrams.receive(take) != 0) continue;
  return come;
}

// A socket that knows nothing of IKE.
class PlainSocket {
 public:
  PlainSocket() : descriptor_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof name;
    REQUIRE(::bind(descriptor_, reinterpret_cast<sockaddr*>(&name), length) == 0);
    REQUIRE(getsockname(descriptor_, reinterpret_cast<sockaddr*>(&name), &length) == 0);
    port_ = ntohs(name.sin_port);
  }
  ~PlainSocket() { close(descriptor_); }
  PlainSocket(const PlainSocket&) = delete;
  PlainSocket& operator=(const PlainSocket&) = delete;

  [[nodiscard]] ike::Endpoint endpoint() const { return {kHere, port_}; }
  [[nodiscard]] Octets take() const {
    Octets octets(2048);
    const ssize_t length = recv(descriptor_, octets.data(), octets.size(), 0);
    octets.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    return octets;
  }
  void send(std::uint16_t port, const Octets& octets) const {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(sendto(descriptor_, octets.data(), octets.size(), 0,
                   reinterpret_cast<const sockaddr*>(&name),
                   sizeof name) == static_cast<ssize_t>(octets.size()));
  }

 private:
  int descriptor_;
  std::uint16_t port_{};
};

}  // namespace

TEST_CASE("a datagram comes with the port of IKE that it was for and its sender's real one") {
  const auto left = open_somewhere();
  const auto right = open_somewhere();
  left->send({{kHere, kIkePort}, {kHere, right->ports().ike}}, Octets{1, 2, 3});
  left->flush();
  const auto come = take_all(*right);
  REQUIRE(come.size() == 1);
  CHECK(come[0].message == Octets{1, 2, 3});
  CHECK(come[0].path == ike::Path{{kHere, kIkePort}, {kHere, left->ports().ike}});
}

TEST_CASE("by the port of NATs a message has four zero octets in front, and comes without them") {
  const auto datagrams = open_somewhere();
  const PlainSocket plain;
  datagrams->send({{kHere, kIkeNatPort}, plain.endpoint()}, Octets{1, 2, 3});
  datagrams->flush();
  CHECK(plain.take() == Octets{0, 0, 0, 0, 1, 2, 3});

  plain.send(datagrams->ports().nat, {0, 0, 0, 0, 7, 8});
  const auto come = take_all(*datagrams);
  REQUIRE(come.size() == 1);
  CHECK(come[0].message == Octets{7, 8});
  CHECK(come[0].path == ike::Path{{kHere, kIkeNatPort}, plain.endpoint()});
}

TEST_CASE("what is no IKE on the port of NATs goes to nobody, what follows it does") {
  const auto datagrams = open_somewhere();
  const PlainSocket plain;
  plain.send(datagrams->ports().nat, {0xff});           // a keepalive
  plain.send(datagrams->ports().nat, {0, 0, 0, 1, 9});  // ESP
  plain.send(datagrams->ports().nat, {0, 0, 0});
  plain.send(datagrams->ports().nat, {});
  plain.send(datagrams->ports().nat, {0, 0, 0, 0, 5});
  const auto come = take_all(*datagrams);
  REQUIRE(come.size() == 1);
  CHECK(come[0].message == Octets{5});
}

TEST_CASE("a keepalive is one octet from the port of NATs, whatever the path") {
  const auto datagrams = open_somewhere();
  const PlainSocket plain;
  datagrams->send_keepalive({{kHere, kIkeNatPort}, plain.endpoint()});
  datagrams->flush();
  CHECK(plain.take() == Octets{0xff});
}

TEST_CASE("nothing leaves before the flush, and then in order, more than one batch") {
  const auto left = open_somewhere();
  const auto right = open_somewhere();
  constexpr std::uint8_t kMany = 200;
  for (std::uint8_t i = 0; i < kMany; ++i)
    left->send({{kHere, kIkePort}, {kHere, right->ports().ike}}, Octets(i + 1u, i));
  CHECK(right->receive([](const ike::Path&, ByteView) {}) == 0);
  left->flush();
  left->flush();  // there is nothing left to send
  const auto come = take_all(*right);
  REQUIRE(come.size() == kMany);
  for (std::uint8_t i = 0; i < kMany; ++i) CHECK(come[i].message == Octets(i + 1u, i));
}

TEST_CASE("a message that the kernel refuses is lost, those behind it are not") {
  const auto left = open_somewhere();
  const auto right = open_somewhere();
  const ike::Path path{{kHere, kIkePort}, {kHere, right->ports().ike}};
  left->send(path, Octets(70'000));  // no UDP datagram is as long
  left->send(path, Octets{4});
  left->flush();
  const auto come = take_all(*right);
  REQUIRE(come.size() == 1);
  CHECK(come[0].message == Octets{4});
}

TEST_CASE("a port that somebody has is refused with its number") {
  const auto first = open_somewhere();
  const auto second = UdpDatagrams::open(kHere, {.ike = first->ports().ike, .nat = 0});
  REQUIRE(!second);
  CHECK(second.error().what.find(std::to_string(first->ports().ike)) != std::string::npos);
}

TEST_CASE("waiting ends when another descriptor can be read") {
  const auto datagrams = open_somewhere();
  int pipe_ends[2] = {};
  REQUIRE(pipe(pipe_ends) == 0);
  CHECK(!datagrams->wait(Duration{0}, pipe_ends[0]));
  close(pipe_ends[1]);
  CHECK(datagrams->wait(kLongEnough, pipe_ends[0]));
  close(pipe_ends[0]);
}

}  // namespace sallyport::bench::udp_datagrams_test
