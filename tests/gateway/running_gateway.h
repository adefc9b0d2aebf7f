// A whole Gateway from the text of a configuration, on ports where nothing comes in and all that
// goes out is lost; time is manual, its control protocol answers.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "gateway/control_commands.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::test {

using Json = nlohmann::json;

class RunningGateway {
 public:
  struct Settings {
    unsigned sas{16};  // [limits]
    unsigned policies{64};
    std::string sequence_numbers{};  // the file of an earlier life
    std::string ports{};             // [[port]] and [[spd]]; empty: one on each side
  };

  explicit RunningGateway(const std::string& text);
  // `text` follows the ports: policies, SAs, what else there is. REQUIREs success.
  RunningGateway(const std::string& text, Settings settings);
  ~RunningGateway();
  RunningGateway(const RunningGateway&) = delete;
  RunningGateway& operator=(const RunningGateway&) = delete;

  [[nodiscard]] Gateway* operator->() noexcept { return gateway_.get(); }
  [[nodiscard]] ManualClock& clock() noexcept { return clock_; }
  // What lives over restarts.
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

  // As a reload of the file does it.
  [[nodiscard]] Expected<void> reload(const std::string& text);
  // The same with other ports, which stand for good.
  [[nodiscard]] Expected<void> reload(std::string ports, const std::string& text);
  // Turns and polls until what was retired is gone.
  void settle();

  [[nodiscard]] Json ask(const std::string& request);
  [[nodiscard]] Json ask(const std::string& command, const Json& arguments);
  [[nodiscard]] Json rows(const std::string& view);
  [[nodiscard]] Json rows(const std::string& view, const Json& arguments);
  // One field of every row.
  [[nodiscard]] std::vector<std::string> column(const std::string& view, const char* field);
  // The names of the operator's policies in order.
  [[nodiscard]] std::vector<std::string> own_policies();
  // All that a reload may change.
  [[nodiscard]] Json everything();

  unsigned reloads{};
  unsigned stops{};
  Expected<void> reload_outcome{};

 private:
  [[nodiscard]] Expected<Configuration> read(const std::string& text) const;
  // Each gateway has devices of its own.
  [[nodiscard]] static unsigned next_number();
  [[nodiscard]] std::string device(const char* port) const;

  unsigned number_{next_number()};
  Settings settings_;
  std::filesystem::path directory_;
  FixedRandom random_{number_};  // two in one test do not draw the same
  ManualClock clock_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<ControlCommands> commands_;
};

// An [[sa]] with a key of its own.
[[nodiscard]] std::string sa_text(const std::string& name, const std::string& direction,
                                  unsigned spi);

// A [[policy]] towards 10.NET.0.0/24 that protects by these SAs.
[[nodiscard]] std::string policy_text(const std::string& name, unsigned net,
                                      const std::string& sas);

}  // namespace sallyport::test
