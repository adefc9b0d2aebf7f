#include "net/icmp_kinds.h"

#include <catch2/catch.hpp>

#include "tests/net/summarize_exactly.h"

namespace sallyport::icmp_kinds_test {

TEST_CASE("ICMP-02: kinds read back as what they are written") {
  for (const char* text :
       {"fragmentation-needed", "packet-too-big", "icmp/11", "icmp/3/1", "icmpv6/1", "icmpv6/2/0"})
    CHECK(to_string(IcmpKind::parse(text).value()) == text);
  CHECK(IcmpKind::parse("icmp/3/4").value() == IcmpKind::parse("fragmentation-needed").value());
  CHECK(IcmpKind::parse("icmpv6/2").value() == IcmpKind::parse("packet-too-big").value());
  for (const char* text : {"", "icmp", "icmp/", "icmp/256", "icmp/3/256", "icmp/3/", "icmp/3/4/5",
                           "icmp/-1", "icmpv4/3", "3/4", "icmp/ 3", "Packet-Too-Big"})
    CHECK_FALSE(IcmpKind::parse(text));
}

TEST_CASE("ICMP-02: a message is of a kind by family, type and code") {
  const auto is = [](const char* kind, const PacketBuilder& message) {
    return is_one_of({IcmpKind::parse(kind).value()}, good(message.build()));
  };
  CHECK(is("icmp/3/4", v4().icmp(3, 4)));
  CHECK_FALSE(is("icmp/3/4", v4().icmp(3, 3)));
  CHECK_FALSE(is("icmp/3/4", v4().icmp(3, 5)));
  CHECK(is("icmp/3", v4().icmp(3, 255)));
  CHECK_FALSE(is("icmp/3", v4().icmp(4, 0)));
  CHECK(is("packet-too-big", v6().icmp(2, 9)));
  CHECK_FALSE(is("icmp/2", v6().icmp(2, 0)));
  CHECK_FALSE(is_one_of({}, good(v4().icmp(3, 4).build())));
}

}  // namespace sallyport::icmp_kinds_test
