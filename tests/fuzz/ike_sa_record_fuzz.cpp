// Fuzzes the import of IKE SA records: what is read is written as the same octets; what a daemon
// takes it works with, and gives away as it was; what it refuses leaves nothing behind.
#include "ike/ike_sa_record.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "tests/ike/two_peers.h"

namespace {

using namespace sallyport;
using namespace sallyport::ike;
using namespace std::chrono_literals;
using ike::test::Node;
using ike::test::TwoPeers;

void require(bool condition) {
  if (!condition) std::abort();
}

Sa half_of(const CarriedIkeSa& ike, const CarriedChild& child, Direction direction) {
  Sa sa;
  const bool inbound = direction == Direction::Inbound;
  sa.name = child.name + (inbound ? "-in" : "-out");
  sa.direction = direction;
  sa.spi = inbound ? child.inbound : child.outbound;
  sa.protocol = child.protocol;
  sa.mode = child.mode;
  sa.endpoints = {ike.path.local.address, ike.path.remote.address};
  sa.transform = child.transform;
  sa.esn = child.esn;
  std::vector<std::uint8_t> key(64);
  std::iota(key.begin(), key.end(), std::uint8_t{1});  // no weak one of DES
  const ByteView view(key);
  sa.cipher_key = Secret<32>(view.first(facts(child.transform.cipher).key_bytes));
  sa.salt = Secret<4>(view.first(salt_bytes(child.transform)));
  sa.integrity_key = Secret<64>(view.first(facts(child.transform.integrity).key_bytes));
  sa.selectors = to_selectors(child.selectors).value();
  return sa;
}

// None where the data plane would not have them.
std::vector<Sa> sas_of(const CarriedIkeSa& ike) {
  std::vector<Sa> sas;
  for (const CarriedChild& child : ike.children)
    for (const Direction direction : {Direction::Inbound, Direction::Outbound}) {
      sas.push_back(half_of(ike, child, direction));
      if (!validate(sas.back())) return {};
    }
  return sas;
}

// Everything that time and the operator do to it.
void work_with(TwoPeers& two, std::uint64_t number) {
  static_cast<void>(two.bob.daemon->rekey(number));
  for (int i = 0; i < 10; ++i) {
    two.clock.advance(7s);
    two.poll();
    two.bob.sent.clear();
  }
  two.bob.daemon->close_all();
  for (int i = 0; i < 40; ++i) {
    two.clock.advance(7s);
    two.poll();
    two.bob.sent.clear();
  }
  require(two.bob.daemon->size() == 0);
  require(two.bob.installer.sas.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView record(data, size);
  const auto carried = read_record(record, 0);
  if (!carried) {
    require(!carried.error().what.empty());
    return 0;
  }
  require(std::ranges::equal(write_record(*carried), record));
  TwoPeers two;
  const auto number = two.bob.daemon->import_ike_sa(record, sas_of(*carried), 0);
  if (!number) {
    require(two.bob.daemon->size() == 0);
    require(two.bob.installer.sas.empty());
    return 0;
  }
  require(*number == carried->number);
  require(two.bob.installer.sas.size() == 2 * carried->children.size());
  work_with(two, *number);
  return 0;
}
