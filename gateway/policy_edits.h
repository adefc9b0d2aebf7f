// Edits of the ordered SPDs while the gateway runs (SPD-01): the whole of an edit, or a refusal
// that leaves everything as it was. They last until the next reload.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/config/configuration.h"
#include "sad/sad.h"
#include "spd/spd.h"

namespace sallyport {

// Where a policy comes to stand among those of its SPD; as it is made: behind all others.
struct PolicyPlace {
  std::optional<std::string> before{};  // the policy that follows it then; absent: `at` says
  std::optional<std::size_t> at{};      // its position then, 0 being asked first; absent: the last
};

// Control thread.
class PolicyEdits {
 public:
  struct Parts {
    Spd& spd;
    const Sad& sad;
    const Configuration& configuration;
    // Leads the policy of that name to the SAs that it names; one that is gone leads nowhere.
    std::function<void(const std::string& policy)> assign;
    // Makes what the SPDs say now take effect.
    std::function<void()> publish;
  };
  explicit PolicyEdits(Parts parts) : parts_(std::move(parts)) {}

  // `toml` is the text of one [[policy]] table; SAs that it names are live.
  [[nodiscard]] Expected<void> insert(const std::string& toml, const PolicyPlace& place);
  [[nodiscard]] Expected<void> move(const std::string& name, const PolicyPlace& place);
  [[nodiscard]] Expected<void> remove(const std::string& name);

 private:
  [[nodiscard]] Expected<const Policy*> find(const std::string& name) const;
  // Among the policies of `spd` as they stand.
  [[nodiscard]] Expected<std::size_t> position_of(const std::string& name, SpdId spd) const;
  // Where `place` is for a policy that stands at `from`.
  [[nodiscard]] Expected<std::size_t> target_of(const Policy& policy, const PolicyPlace& place,
                                                std::size_t from) const;

  Parts parts_;
};

}  // namespace sallyport
