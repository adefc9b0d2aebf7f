// Files of what must outlive the process: they are small, and read and written as a whole. Any
// thread; one at a time for each file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sallyport {

// Nullopt where there is no such file.
[[nodiscard]] Expected<std::optional<std::string>> read_state_file(
    const std::filesystem::path& file);

// In place of what the file had: through a temporary file of its name and ".new", fsync and rename,
// so that after a crash the one or the other is there, whole. For its owner alone.
[[nodiscard]] Expected<void> replace_state_file(const std::filesystem::path& file,
                                                std::string_view text);

}  // namespace sallyport
