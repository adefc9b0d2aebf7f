// The key log on disk: secrets of IKE SAs and of what they negotiate, in Wireshark's two tables
// (IKE-83). Whoever reads it reads all traffic; it is for laboratories, and off unless configured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "gateway/job_pool.h"

namespace sallyport {

// By the names that Wireshark has for them in a profile's directory.
enum class KeyLogTable : std::uint8_t { Ikev2DecryptionTable, EspSa };

// Control thread; only jobs write, so that no disk stalls the loop. When they have finished, all is
// written.
class KeyLogFiles {
 public:
  // `jobs` outlives it, and has finished before it goes.
  explicit KeyLogFiles(JobPool& jobs) : jobs_(jobs) {}
  KeyLogFiles(const KeyLogFiles&) = delete;
  KeyLogFiles& operator=(const KeyLogFiles&) = delete;

  // From now on; without a directory nothing is kept, and what waits for the last one is lost.
  void configure(std::filesystem::path directory) {
    if (directory != directory_) waiting_.clear();
    directory_ = std::move(directory);
  }
  [[nodiscard]] bool is_on() const noexcept { return !directory_.empty(); }
  // A line with its end; nothing where it is not on or there is no line.
  void add(KeyLogTable table, std::optional<SecretBytes> line);

  static constexpr std::size_t kMostWaiting = 10'000;  // lines; further ones are lost

 private:
  struct Line {
    KeyLogTable table;
    SecretBytes text;
  };
  using Lines = std::vector<Line>;

  static Expected<void> write(const std::filesystem::path& directory, const Lines& lines);
  void flush();
  void written(const Expected<void>& outcome);

  JobPool& jobs_;
  std::filesystem::path directory_;
  Lines waiting_;
  bool writing_{};
  bool failing_{};
};

}  // namespace sallyport
