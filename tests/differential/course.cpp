#include "tests/differential/course.h"

#include <fmt/format.h>

#include <algorithm>

#include "spd/policy_names.h"

namespace sallyport::differential {
namespace {

std::string text_of(const Policy& policy) {
  std::string text = fmt::format("{} {}", policy.name, to_string(policy.action));
  if (policy.direction != PolicyDirection::Both)
    text += policy.direction == PolicyDirection::Inbound ? " in" : " out";
  if (!policy.names.empty()) text += " for " + policy.names.front();
  for (const Selector& selector : policy.selectors) text += "\n      " + to_string(selector);
  return text;
}

// The same course with one thing of one step simpler; the steps' order stays.
void simplify(Course& course, std::size_t at, const std::function<bool(const Course&)>& fails) {
  const auto try_change = [&](auto change) {
    Course simpler = course;
    change(simpler[at].policy);
    if (!(simpler[at].policy == course[at].policy) && validate(simpler[at].policy) &&
        fails(simpler))
      course = std::move(simpler);
  };
  for (std::size_t i = course[at].policy.selectors.size(); i-- > 0;) {
    try_change([i](Policy& policy) {
      if (policy.selectors.size() > 1)
        policy.selectors.erase(policy.selectors.begin() + static_cast<std::ptrdiff_t>(i));
    });
  }
  for (std::size_t i = 0; i < course[at].policy.selectors.size(); ++i) {
    try_change([i](Policy& policy) { policy.selectors[i].local.clear(); });
    try_change([i](Policy& policy) { policy.selectors[i].remote.clear(); });
    try_change([i](Policy& policy) { policy.selectors[i].local_port = PortSet::any(); });
    try_change([i](Policy& policy) { policy.selectors[i].remote_port = PortSet::any(); });
    try_change([i](Policy& policy) { policy.selectors[i].protocol.reset(); });
  }
  try_change([](Policy& policy) { policy.direction = PolicyDirection::Both; });
  try_change([](Policy& policy) { policy.names.clear(); });
}

}  // namespace

std::string to_string(const Step& step) {
  switch (step.kind) {
    case Step::Kind::Insert:
      return fmt::format("insert at {}: {}", step.position, text_of(step.policy));
    case Step::Kind::Remove:
      return "remove " + step.policy.name;
    case Step::Kind::Move:
      return fmt::format("move {} to {}", step.policy.name, step.position);
    case Step::Kind::Ask:
      break;
  }
  return fmt::format("ask {}{}: {} <-> {}, protocol {}, ports {:#x} <-> {:#x}",
                     step.direction == Direction::Outbound ? "outbound" : "inbound",
                     step.by_user ? " by the user" : "", to_string(step.fields.local),
                     to_string(step.fields.remote), step.fields.protocol, step.fields.local_port,
                     step.fields.remote_port);
}

bool PlainList::contains(const std::string& name) const noexcept {
  return std::ranges::find(policies_, name, &Policy::name) != policies_.end();
}

std::size_t PlainList::place_of(const Step& step) const noexcept {
  const std::size_t places = policies_.size() + (step.kind == Step::Kind::Insert ? 1 : 0);
  return places == 0 ? 0 : step.position % places;
}

void PlainList::edit(const Step& step) {
  const auto found = std::ranges::find(policies_, step.policy.name, &Policy::name);
  const auto place = static_cast<std::ptrdiff_t>(place_of(step));
  if (step.kind == Step::Kind::Insert) {
    if (found == policies_.end()) policies_.insert(policies_.begin() + place, step.policy);
    return;
  }
  if (found == policies_.end()) return;
  Policy policy = *found;
  policies_.erase(found);
  if (step.kind == Step::Kind::Move) policies_.insert(policies_.begin() + place, std::move(policy));
}

std::vector<const Policy*> PlainList::met_by(const Step& step) const {
  std::vector<const Policy*> met;
  for (const Policy& policy : policies_)
    if (is_met(policy, step.direction, step.by_user ? kUser : std::string_view{}))
      met.push_back(&policy);
  return met;
}

std::string PlainList::ask(const Step& step) const {
  for (const Policy* policy : met_by(step))
    for (const Selector& selector : policy->selectors)
      if (matches_(selector, step.fields)) return policy->name;
  return {};
}

std::optional<std::string> run(const Course& course, Answers& answers,
                               const PlainList::Matches& matches) {
  PlainList list(matches);
  answers.begin();
  for (std::size_t i = 0; i < course.size(); ++i) {
    const Step& step = course[i];
    if (step.kind != Step::Kind::Ask) {
      const bool there = list.contains(step.policy.name);
      if (there == (step.kind == Step::Kind::Insert)) continue;
      const PlainList before = list;
      list.edit(step);
      answers.edit(step, before);
      continue;
    }
    const std::string right = list.ask(step);
    const std::string answer = answers.ask(step, list);
    if (answer != right)
      return fmt::format("step {}: \"{}\" where the list says \"{}\"", i, answer, right);
  }
  return std::nullopt;
}

Course shrink(Course course, const std::function<bool(const Course&)>& fails) {
  for (std::size_t chunk = course.size() / 2; chunk != 0; chunk /= 2) {
    for (std::size_t at = 0; at < course.size();) {
      Course shorter = course;
      const auto from = shorter.begin() + static_cast<std::ptrdiff_t>(at);
      shorter.erase(from, from + static_cast<std::ptrdiff_t>(std::min(chunk, course.size() - at)));
      if (!shorter.empty() && fails(shorter))
        course = std::move(shorter);
      else
        at += chunk;
    }
  }
  for (std::size_t at = 0; at < course.size(); ++at)
    if (course[at].kind == Step::Kind::Insert) simplify(course, at, fails);
  return course;
}

}  // namespace sallyport::differential
