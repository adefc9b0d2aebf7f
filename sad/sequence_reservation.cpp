#include "sad/sequence_reservation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/ascii.h"
#include "base/state_file.h"

namespace sallyport {
namespace {

constexpr std::string_view kFirstLine = "sallyport sequence numbers 1";

std::unexpected<Error> damaged(const std::filesystem::path& file, std::size_t line,
                               std::string what) {
  return fail(Error::Code::Invalid, std::move(what),
              "restore the file, or give every configured SA a new key and remove it",
              fmt::format("{}:{}", file.string(), line));
}

struct Line {
  std::string_view identity;
  SequenceNumber reserved;
};

std::optional<Line> parse_line(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  Line line{text.substr(0, space), {}};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + space + 1, end, line.reserved.value);
  if (error != std::errc{} || stopped != end || !std::ranges::all_of(line.identity, is_visible))
    return std::nullopt;
  return line;
}

}  // namespace

// The file, and which edition of it is on the disk.
struct SequenceReservations::Image::File {
  std::filesystem::path path;
  std::mutex mutex;
  std::uint64_t saved{};  // under the mutex
};

SequenceReservations::SequenceReservations(std::filesystem::path file)
    : file_(std::make_shared<Image::File>()) {
  file_->path = std::move(file);
}

Expected<SequenceReservations> SequenceReservations::open(std::filesystem::path file) {
  SequenceReservations reservations(std::move(file));
  const std::filesystem::path& path = reservations.file_->path;
  const auto text = read_state_file(path);
  if (!text) return std::unexpected(text.error());
  if (!*text) return reservations;
  std::string_view rest = **text;
  for (std::size_t number = 1; !rest.empty() || number == 1; ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos)
      return damaged(path, number, "the file of sequence numbers is cut short");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (number == 1) {
      if (line == kFirstLine) continue;
      return damaged(path, 1, "this is not a file of sequence numbers");
    }
    const auto entry = parse_line(line);
    if (!entry) return damaged(path, number, "a line is an identity and a number");
    if (!reservations.reserved_.emplace(entry->identity, entry->reserved).second)
      return damaged(path, number, "an identity stands twice");
  }
  return reservations;
}

SequenceNumber SequenceReservations::reserved(const std::string& identity) const noexcept {
  const auto found = reserved_.find(identity);
  return found == reserved_.end() ? SequenceNumber{} : found->second;
}

void SequenceReservations::reserve(const std::string& identity, SequenceNumber up_to) {
  SequenceNumber& present = reserved_[identity];
  present = std::max(present, up_to);
}

void SequenceReservations::settle(const std::string& identity, SequenceNumber used) {
  reserved_[identity] = used;
}

SequenceReservations::Image SequenceReservations::image() {
  Image image;
  image.file_ = file_;
  image.edition_ = ++edition_;
  image.reserved_ = reserved_;
  return image;
}

SequenceNumber SequenceReservations::Image::reserved(const std::string& identity) const noexcept {
  const auto found = reserved_.find(identity);
  return found == reserved_.end() ? SequenceNumber{} : found->second;
}

Expected<void> SequenceReservations::Image::save() const {
  const std::lock_guard lock(file_->mutex);
  if (file_->saved >= edition_) return {};
  std::string text = fmt::format("{}\n", kFirstLine);
  for (const auto& [identity, reserved] : reserved_)
    text += fmt::format("{} {}\n", identity, reserved.value);
  if (auto written = replace_state_file(file_->path, text); !written) return written;
  file_->saved = edition_;
  return {};
}

}  // namespace sallyport
