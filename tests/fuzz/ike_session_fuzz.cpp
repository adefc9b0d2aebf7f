// Fuzzes two IKE instances against each other: the input says which datagrams arrive, twice, late,
// damaged or never, what the operators ask for, and how time goes by. Whatever happens, every SA of
// the data plane belongs to a child that IKE knows, and at the end nothing is left (IKE-32).
#include <cstdlib>
#include <set>

#include "tests/ike/two_peers.h"

namespace {

using namespace sallyport;
using namespace sallyport::ike;
using namespace std::chrono_literals;
using ike::test::Datagram;
using ike::test::Node;
using ike::test::TwoPeers;

constexpr std::size_t kMostSteps = 300;
constexpr std::size_t kMostUnderWay = 64;

void require(bool condition) {
  if (!condition) std::abort();
}

class Course {
 public:
  explicit Course(ByteView input) : input_(input) {}

  void run() {
    for (std::size_t steps = 0; steps < kMostSteps && input_.remaining() > 0; ++steps) {
      step();
      for (Node* const node : {&two_.alice, &two_.bob}) check(*node);
    }
    close();
  }

 private:
  std::uint8_t next() { return input_.read<std::uint8_t>().value_or(0); }
  // One of so many.
  std::size_t choose(std::size_t count) { return count == 0 ? 0 : next() % count; }

  void step() {
    const std::uint8_t what = next();
    Node& node = (what & 0x80) != 0 ? two_.bob : two_.alice;
    switch (what & 0x0f) {
      case 0:
        return two_.settle(20'000);
      case 1:
        return pass(std::chrono::milliseconds(50) * (1 + ((what >> 4) & 7)));
      case 2:
        return pass(std::chrono::seconds(4) * (1 + ((what >> 4) & 7)));
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
        return under_way(node, what & 0x0f);
      case 8:
        return garbage(node);
      default:
        return command(node, what & 0x0f);
    }
  }

  // What becomes of the oldest datagram of a node, where there is one.
  void under_way(Node& from, unsigned fate) {
    if (from.sent.empty()) return;
    if (from.sent.size() > kMostUnderWay) from.sent.resize(kMostUnderWay);
    const Datagram first = from.sent.front();
    from.sent.pop_front();
    if (fate == 3) two_.deliver(from, first);
    if (fate == 4) from.sent.push_back(first);  // late
    if (fate == 5) {                            // and once more
      two_.deliver(from, first);
      from.sent.push_back(first);
    }
    if (fate == 6) two_.deliver(from, damaged(first));
    // 7: lost
  }

  Datagram damaged(Datagram datagram) {
    const std::size_t at = next() * 256u + next();
    datagram.message[at % datagram.message.size()] ^= next();
    return datagram;
  }

  void garbage(Node& from) {
    Datagram datagram{{{from.address, 500}, {two_.other(from).address, 500}}, {}};
    const std::size_t wanted = next();
    if (const auto bytes = input_.take(std::min(wanted, input_.remaining())))
      datagram.message.assign(bytes->begin(), bytes->end());
    if (datagram.message.size() >= kHeaderBytes) set_length(datagram.message);
    two_.deliver(from, datagram);
  }

  void command(Node& node, unsigned what) {
    const auto sas = node.ike_sas();
    const IkeSa* const sa = sas.empty() ? nullptr : sas[choose(sas.size())];
    if (what == 9) return static_cast<void>(node.daemon->initiate("net"));
    if (what == 10) return node.daemon->follow_configuration();
    if (sa == nullptr) return;
    if (what == 11) return static_cast<void>(node.daemon->rekey(sa->number));
    if (what == 12) return static_cast<void>(node.daemon->terminate(sa->number));
    if (sa->children.empty()) return;
    const std::string child = sa->children[choose(sa->children.size())]->name;
    if (what == 13) return static_cast<void>(node.daemon->rekey_child(child));
    if (what == 14) return static_cast<void>(node.daemon->terminate_child(child));
    node.daemon->on_soft_limit(child + "-out");
  }

  void pass(Duration time) {
    two_.clock.advance(time);
    two_.poll();
  }

  static void check(const Node& node) {
    std::set<std::string> known;
    node.daemon->for_each([&](const IkeSa& sa) {
      for (const auto& child : sa.children) {
        known.insert(child->inbound_name());
        known.insert(child->outbound_name());
      }
    });
    for (const auto& [name, sa] : node.installer.sas) require(known.contains(name));
    require(node.installer.sas.size() <= 2 * kMostSteps);
  }

  // Both say goodbye, half of it is lost, and time runs out.
  void close() {
    for (Node* const node : {&two_.alice, &two_.bob}) node->daemon->close_all();
    for (Duration gone{}; gone < 200s; gone += 500ms) {
      pass(500ms);
      if (gone < 5s) two_.deliver(two_.alice);
      if (gone < 5s) two_.deliver(two_.bob);
      for (Node* const node : {&two_.alice, &two_.bob})
        if (node->sent.size() > kMostUnderWay) node->sent.resize(kMostUnderWay);
    }
    for (Node* const node : {&two_.alice, &two_.bob}) {
      require(node->daemon->size() == 0);
      require(node->daemon->half_open() == 0);
      require(node->installer.sas.empty());
    }
  }

  ByteReader input_;
  TwoPeers two_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Course({data, size}).run();
  return 0;
}
