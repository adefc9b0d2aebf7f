// Fuzzes the reader of the file of sequence numbers: no octets make it fail other than by an error
// that has a place; what it takes, it keeps: saved and read again it is the same, and numbers never
// fall (MAN-02).
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "sad/sequence_reservation.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// In memory where there is such a place: each save is brought to the disk.
std::filesystem::path make_directory() {
  const std::filesystem::path memory = "/dev/shm";
  std::filesystem::path parent =
      access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  parent /= "sallyport-reservations-fuzz-" + std::to_string(getpid());
  std::filesystem::create_directories(parent);
  return parent;
}

class Directory {
 public:
  Directory() : path_(make_directory()) {}
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path file() const { return path_ / "sequence-numbers"; }

 private:
  std::filesystem::path path_;
};

// "IDENTITY NUMBER" of each line but the first: what was read must be reserved.
void check_lines(std::string_view text, const SequenceReservations& reservations) {
  text.remove_prefix(text.find('\n') + 1);
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::size_t end = text.find('\n');
    const std::string identity(text.substr(0, space));
    const std::string number(text.substr(space + 1, end - space - 1));
    require(reservations.reserved(identity).value == std::strtoull(number.c_str(), nullptr, 10));
    text.remove_prefix(end + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Directory kDirectory;
  const std::filesystem::path file = kDirectory.file();
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::ofstream(file, std::ios::binary) << text;
  auto reservations = SequenceReservations::open(file);
  if (!reservations) {
    require(reservations.error().code == Error::Code::Invalid);
    require(reservations.error().where.find(':') != std::string::npos);
    return 0;
  }
  check_lines(text, *reservations);
  require(reservations->save().has_value());
  const std::string once = text_of(file);
  auto again = SequenceReservations::open(file);
  require(again.has_value());
  check_lines(once, *again);
  again->reserve("fuzz", SequenceNumber{1});
  require(again->reserved("fuzz").value >= 1);
  require(again->save().has_value());
  require(SequenceReservations::open(file).has_value());
  return 0;
}
