#include "gateway/binding_sequences.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fstream>
#include <system_error>

namespace sallyport {
namespace {

// What a home agent serves, twice over.
constexpr std::size_t kMostNumbers = 1u << 21;

// In place of the old file at once, so that a crash leaves one of the two.
std::error_code write(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path fresh = file.native() + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << text << std::flush;
    if (!out) return std::make_error_code(std::errc::io_error);
  }
  std::error_code error;
  std::filesystem::rename(fresh, file, error);
  return error;
}

}  // namespace

BindingSequences::BindingSequences(std::filesystem::path file, JobPool& jobs)
    : file_(std::move(file)), jobs_(jobs) {
  std::ifstream in(file_);
  std::string text;
  unsigned number = 0;
  while (numbers_.size() < kMostNumbers && in >> text >> number)
    if (const auto address = Address::parse(text); address && number <= 0xffff)
      numbers_[*address] = static_cast<std::uint16_t>(number);
}

void BindingSequences::save(const Address& home_address, std::uint16_t sequence) {
  if (numbers_.size() == kMostNumbers && !numbers_.contains(home_address)) return;
  numbers_[home_address] = sequence;
  changed_ = true;
}

std::optional<std::uint16_t> BindingSequences::load(const Address& home_address) const {
  const auto found = numbers_.find(home_address);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

void BindingSequences::poll() {
  if (!changed_ || writing_) return;
  changed_ = false;
  writing_ = true;
  std::string text;
  for (const auto& [address, number] : numbers_)
    text += fmt::format("{} {}\n", to_string(address), number);
  jobs_.submit([this, file = file_, text = std::move(text)]() -> JobPool::Completion {
    const std::error_code error = write(file, text);
    return [this, file, error] {
      writing_ = false;
      if (error) spdlog::error("{}: {}", file.native(), error.message());
    };
  });
}

}  // namespace sallyport
