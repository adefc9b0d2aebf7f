#include "tests/differential/random_course.h"

#include <fmt/format.h>

#include "net/protocol.h"
#include "tests/spd/random_policies.h"

namespace sallyport::differential {
namespace {

constexpr std::size_t kMostPolicies = 24;
constexpr std::size_t kPacketsBetweenEdits = 50;

class Author {
 public:
  explicit Author(std::uint64_t seed) : random_(seed) {}

  Course write(std::size_t packets) {
    const std::size_t policies = 1 + random_.below(kMostPolicies);
    for (std::size_t i = 0; i < policies; ++i) insert();
    for (std::size_t i = 0; i < packets; ++i) {
      if (i % kPacketsBetweenEdits == kPacketsBetweenEdits - 1) edit();
      ask();
    }
    return std::move(course_);
  }

 private:
  void insert() {
    Policy policy{.name = fmt::format("p{}", names_.size()), .action = PolicyAction::Bypass};
    // Of one family, as an entry has to be.
    const std::vector<Selector> selectors = random_.selectors(2);
    for (const Selector& selector : selectors) {
      policy.selectors.push_back(selector);
      if (!validate(policy)) policy.selectors.pop_back();
    }
    if (policy.selectors.empty()) policy.selectors.emplace_back();
    decide(policy);
    for (const Selector& selector : policy.selectors) selectors_.push_back(selector);
    names_.push_back(policy.name);
    course_.push_back(
        {.kind = Step::Kind::Insert, .policy = policy, .position = random_.below(64)});
  }
  void decide(Policy& policy) {
    const std::size_t choice = random_.below(12);
    if (choice < 4) {
      policy.action = PolicyAction::Protect;
      policy.protect.emplace().mode = IpsecMode::Transport;
      if (!validate(policy)) {
        policy.action = PolicyAction::Discard;
        policy.protect.reset();
      }
    } else if (choice < 7) {
      policy.action = PolicyAction::Discard;
    }
    if (policy.action != PolicyAction::Protect && random_.below(6) == 0)
      policy.direction =
          random_.below(2) == 0 ? PolicyDirection::Inbound : PolicyDirection::Outbound;
    const std::size_t whom = random_.below(12);
    if (whom == 0) policy.names = {"user:" + std::string(kUser)};
    if (whom == 1) policy.names = {"fqdn:peer.example.com"};
  }
  void edit() {
    Policy named;
    named.name = names_[random_.below(names_.size())];
    switch (random_.below(3)) {
      case 0:
        return insert();
      case 1:
        course_.push_back({.kind = Step::Kind::Remove, .policy = named});
        return;
      default:
        course_.push_back(
            {.kind = Step::Kind::Move, .policy = named, .position = random_.below(64)});
    }
  }
  // Half of them have been asked for before: by now the caches know them.
  void ask() {
    if (!asked_.empty() && random_.below(2) == 0) {
      course_.push_back(asked_[random_.below(asked_.size())]);
      return;
    }
    Step step{.kind = Step::Kind::Ask, .fields = random_.real_packet(selectors_)};
    // One value of ICMP or MH is the sender's: it says which way the packet goes.
    step.direction = step.fields.local_port == kNotApplicable    ? Direction::Inbound
                     : step.fields.remote_port == kNotApplicable ? Direction::Outbound
                     : random_.below(2) == 0                     ? Direction::Inbound
                                                                 : Direction::Outbound;
    step.by_user = step.direction == Direction::Outbound && random_.below(3) == 0;
    asked_.push_back(step);
    course_.push_back(step);
    if (random_.below(4) == 0 && step.fields.local_port != kNotApplicable &&
        step.fields.remote_port != kNotApplicable) {
      // And the packet that answers.
      step.direction =
          step.direction == Direction::Outbound ? Direction::Inbound : Direction::Outbound;
      step.by_user = false;
      course_.push_back(step);
    }
  }

  test::RandomPolicies random_;
  Course course_;
  std::vector<std::string> names_;
  std::vector<Selector> selectors_;
  std::vector<Step> asked_;
};

}  // namespace

Course random_course(std::uint64_t seed, std::size_t packets) {
  return Author(seed).write(packets);
}

}  // namespace sallyport::differential
