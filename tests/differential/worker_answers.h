// What a worker says of a packet, by its flow cache or the SPD's index, and what the decorrelated
// SPD says of the same.
#pragma once

#include <memory>
#include <optional>

#include "spd/decorrelation.h"
#include "tests/differential/course.h"
#include "tests/support/test_gateway.h"

namespace sallyport::differential {

class WorkerAnswers final : public Answers {
 public:
  WorkerAnswers();
  ~WorkerAnswers() override;

  void begin() override;
  void edit(const Step& step, const PlainList& list) override;
  // REQUIREs nothing: a decorrelated answer that is another stands in place of the worker's.
  [[nodiscard]] std::string ask(const Step& step, const PlainList& list) override;

  [[nodiscard]] std::uint64_t cached() const;  // answers of the flow cache
  [[nodiscard]] std::uint64_t stale() const;   // that an edit had made untrue
  [[nodiscard]] std::uint64_t pieces() const noexcept { return pieces_; }  // looked at

 private:
  [[nodiscard]] std::string ask_worker(const Step& step);
  // Empty: it agrees with `name`; otherwise what it says.
  [[nodiscard]] std::string decorrelated_objection(const Step& step, const PlainList& list,
                                                   const std::string& name);

  std::unique_ptr<TestGateway> gateway_;
  std::uint64_t pieces_{};
};

}  // namespace sallyport::differential
