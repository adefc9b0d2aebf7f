#include "mip6/binding_lifetime.h"

#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::binding_lifetime_test {
namespace {

using namespace std::chrono_literals;

const Instant kNow{std::chrono::hours{1}};

TEST_CASE("HA-07: no more is granted than asked for, than allowed, and than the prefix is valid") {
  HomePrefix prefix{.prefix = {kHomeAgent, 64}};
  CHECK(grant(BindingLifetime{60}, BindingLifetime{100}, &prefix, kNow).lifetime ==
        BindingLifetime{60});
  CHECK(grant(BindingLifetime{600}, BindingLifetime{100}, &prefix, kNow).lifetime ==
        BindingLifetime{100});
  prefix.valid.until = kNow + 103s;
  CHECK(grant(BindingLifetime{60}, BindingLifetime{100}, &prefix, kNow).lifetime ==
        BindingLifetime{25});
  prefix.valid.until = kNow + 3s;
  CHECK(grant(BindingLifetime{60}, BindingLifetime{100}, &prefix, kNow).lifetime ==
        BindingLifetime{0});
}

TEST_CASE("HA-07: status 1 where the prefix is deprecated, gets so, or ends with the binding") {
  struct Row {
    PrefixTime valid;
    PrefixTime preferred;
    BindingStatus status;
  };
  constexpr PrefixLifetime kSteady{1000};
  using Status = BindingStatus;
  const auto in = [](Duration time) { return PrefixTime{.until = kNow + time}; };
  for (const Row& row :
       {Row{{}, {}, Status::Accepted}, Row{{kSteady}, {kSteady}, Status::Accepted},
        Row{{}, {PrefixLifetime{0}}, Status::AcceptedPrefixDiscovery},
        Row{{}, in(239s), Status::AcceptedPrefixDiscovery}, Row{{}, in(240s), Status::Accepted},
        Row{in(240s), in(240s), Status::AcceptedPrefixDiscovery},
        Row{in(243s), in(243s), Status::AcceptedPrefixDiscovery},
        Row{in(244s), in(244s), Status::Accepted},
        Row{in(100s), in(100s), Status::AcceptedPrefixDiscovery}}) {
    const HomePrefix prefix{
        .prefix = {kHomeAgent, 64}, .valid = row.valid, .preferred = row.preferred};
    CHECK(grant(BindingLifetime{60}, BindingLifetime{0xffff}, &prefix, kNow).status == row.status);
  }
}

TEST_CASE("HA-07: the granted lifetime and status are the acknowledgement's") {
  HomeAgentConfig config = home_agent_config();
  config.link.prefixes[0].valid.until = ManualClock().now() + 101s;
  HomeAgentScene s(config);
  const auto answer = s.ask(from_away(), home_update(1));  // a second passes
  REQUIRE(answer);
  CHECK(answer->status == BindingStatus::AcceptedPrefixDiscovery);
  CHECK(answer->lifetime == BindingLifetime{25});
  s.around.pass(101s);
  CHECK_FALSE(s.place());
}

}  // namespace
}  // namespace sallyport::mip6::test::binding_lifetime_test
