// The files of the machine, as a configuration sees them.
#pragma once

#include "gateway/config/configuration.h"

namespace sallyport {

class DiskFiles : public ConfigurationFiles {
 public:
  [[nodiscard]] Expected<std::string> text(const std::filesystem::path& file) const override;
  [[nodiscard]] Expected<Secret<128>> key(const std::filesystem::path& file) const override;
  [[nodiscard]] Expected<SecretBytes> secret(const std::filesystem::path& file) const override;
  [[nodiscard]] Expected<void> check_private(const std::filesystem::path& file) const override;
  [[nodiscard]] Expected<std::vector<std::filesystem::path>> matching(
      const std::filesystem::path& pattern) const override;
};

}  // namespace sallyport
