#include "gateway/binding_sequences.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "base/state_file.h"

namespace sallyport {
namespace {

// What a home agent serves, twice over.
constexpr std::size_t kMostNumbers = 1u << 21;

void tell(const Expected<void>& written) {
  if (!written) spdlog::error("{}", to_string(written.error()));
}

}  // namespace

BindingSequences::BindingSequences(std::filesystem::path file, JobPool& jobs)
    : file_(std::move(file)), jobs_(jobs) {
  const auto whole = read_state_file(file_);
  if (!whole) spdlog::error("{}", to_string(whole.error()));
  if (!whole || !*whole) return;
  std::istringstream in(**whole);
  std::string text;
  unsigned number = 0;
  while (numbers_.size() < kMostNumbers && in >> text >> number)
    if (const auto address = Address::parse(text); address && number <= 0xffff)
      numbers_[*address] = static_cast<std::uint16_t>(number);
}

BindingSequences::~BindingSequences() {
  if (changed_ && !writing_) tell(write(file_, numbers_));
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

void BindingSequences::keep(const std::function<bool(const Address&)>& is_served) {
  const std::size_t gone =
      std::erase_if(numbers_, [&](const auto& entry) { return !is_served(entry.first); });
  if (gone != 0) changed_ = true;
}

// The numbers are copied here, and made text where nobody waits.
void BindingSequences::poll(Instant now) {
  if (!changed_ || writing_ || (last_ && now - *last_ < kInterval)) return;
  changed_ = false;
  writing_ = true;
  last_ = now;
  jobs_.submit([this, file = file_, numbers = numbers_]() -> JobPool::Completion {
    return [this, written = write(file, numbers)] {
      writing_ = false;
      tell(written);
    };
  });
}

Expected<void> BindingSequences::write(const std::filesystem::path& file, const Numbers& numbers) {
  std::string text;
  for (const auto& [address, number] : numbers)
    text += fmt::format("{} {}\n", to_string(address), number);
  return replace_state_file(file, text);
}

}  // namespace sallyport
