// A course of edits and questions to an SPD, the plain list that says what is right, and how a
// course that goes wrong is made as short as it can be.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "spd/policy.h"

namespace sallyport::differential {

// One edit, or one packet.
struct Step {
  enum class Kind : std::uint8_t { Insert, Remove, Move, Ask };
  Kind kind{};
  Policy policy{};          // Insert; of the others its name
  std::size_t position{};   // Insert and Move: counted within what is there, however little that is
  SelectorFields fields{};  // Ask
  Direction direction{};
  bool by_user{};  // Ask, outbound: it comes from the local user
};
using Course = std::vector<Step>;
[[nodiscard]] std::string to_string(const Step& step);

// The one local user of these courses.
inline constexpr std::string_view kUser = "alice";

// The ordered list itself, asked from its beginning: what everything else has to agree with.
class PlainList {
 public:
  using Matches = std::function<bool(const Selector&, const SelectorFields&)>;
  // `matches` is the RFC's; tests of this test give a wrong one.
  explicit PlainList(Matches matches) : matches_(std::move(matches)) {}

  // An edit of what is not there does nothing, so that any step may be left out of a course.
  void edit(const Step& step);
  // Empty where nothing matches.
  [[nodiscard]] std::string ask(const Step& step) const;
  // What these packets meet, in order.
  [[nodiscard]] std::vector<const Policy*> met_by(const Step& step) const;
  [[nodiscard]] const std::vector<Policy>& policies() const noexcept { return policies_; }
  [[nodiscard]] bool contains(const std::string& name) const noexcept;
  // Where an edit puts what it edits.
  [[nodiscard]] std::size_t place_of(const Step& step) const noexcept;

 private:
  Matches matches_;
  std::vector<Policy> policies_;
};

// What is under test.
class Answers {
 public:
  virtual ~Answers() = default;
  virtual void begin() = 0;  // an empty SPD
  // As the plain list has it now, after the step.
  virtual void edit(const Step& step, const PlainList& list) = 0;
  // The name of the policy that decides; empty: none does. `list` is what it should say by.
  [[nodiscard]] virtual std::string ask(const Step& step, const PlainList& list) = 0;
};

// What differs first; nullopt where all agrees.
[[nodiscard]] std::optional<std::string> run(const Course& course, Answers& answers,
                                             const PlainList::Matches& matches);

// The course without whatever it can do without and still fail.
[[nodiscard]] Course shrink(Course course, const std::function<bool(const Course&)>& fails);

}  // namespace sallyport::differential
