// The fields of a versioned record, one after the other: a RecordWriter writes what a RecordReader
// reads. Both sides name every field once, in one order, in a function template that takes either.
// What is written may hold keys.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"

namespace sallyport {

class RecordWriter {
 public:
  template <std::unsigned_integral T>
  void number(const T& value) {
    std::array<std::uint8_t, sizeof(T)> wire;
    store_be<T>(wire.data(), value);
    append(wire);
  }
  void flag(const bool& value) { number<std::uint8_t>(value ? 1 : 0); }
  // An enumerator of the first to the last, by its number.
  template <class E>
  void choice(const E& value, E, E) {
    number(static_cast<std::uint8_t>(value));
  }
  template <class Container>
  void octets(const Container& value) {
    number(static_cast<std::uint32_t>(value.size()));
    append({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  }
  template <std::size_t Capacity>
  void secret(const Secret<Capacity>& value) {
    octets(value.view());
  }
  void secret(const SecretBytes& value) { octets(value.view()); }
  template <class T, class Each>
  void list(const std::vector<T>& values, std::size_t, Each each) {
    number(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values) each(value);
  }
  template <class T, class Each>
  void maybe(const std::optional<T>& value, Each each) {
    flag(value.has_value());
    if (value) each(*value);
  }
  [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  // A plain vector would leave keys behind in the memory that it outgrows (SAD-12).
  void append(ByteView more);

  std::vector<std::uint8_t> bytes_;
};

// Untrusted bytes. After the first thing that cannot be, every field stays as it is or is empty.
class RecordReader {
 public:
  explicit RecordReader(ByteView bytes) : reader_(bytes) {}

  template <std::unsigned_integral T>
  void number(T& value) {
    const auto read = good_ ? reader_.read<T>() : std::nullopt;
    if (read)
      value = *read;
    else
      good_ = false;
  }
  void flag(bool& value) {
    std::uint8_t read = 0;
    number(read);
    good_ = good_ && read <= 1;
    value = good_ && read == 1;
  }
  template <class E>
  void choice(E& value, E first, E last) {
    std::uint8_t read = 0;
    number(read);
    good_ = good_ && static_cast<E>(read) >= first && static_cast<E>(read) <= last;
    if (good_) value = static_cast<E>(read);
  }
  template <class Container>
  void octets(Container& value) {
    const ByteView read = view();
    value.assign(read.begin(), read.end());
  }
  template <std::size_t Capacity>
  void secret(Secret<Capacity>& value) {
    const ByteView read = view();
    good_ = good_ && read.size() <= Capacity;
    if (good_) value = Secret<Capacity>(read);
  }
  void secret(SecretBytes& value) { value = SecretBytes(view()); }
  // A count cannot ask for more than there is: no element takes fewer than `least` octets.
  template <class T, class Each>
  void list(std::vector<T>& values, std::size_t least, Each each) {
    std::uint32_t count = 0;
    number(count);
    good_ = good_ && count <= reader_.remaining() / least;
    if (good_) values.resize(count);
    for (T& value : values) each(value);
  }
  template <class T, class Each>
  void maybe(std::optional<T>& value, Each each) {
    bool present = false;
    flag(present);
    if (present) each(value.emplace());
  }
  // What has been read cannot be.
  void refuse() noexcept { good_ = false; }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return reader_.remaining() == 0; }

 private:
  [[nodiscard]] ByteView view();

  ByteReader reader_;
  bool good_{true};
};

// What a record begins with.
struct RecordFormat {
  std::string_view noun;  // of what it is: "SA"
  std::array<std::uint8_t, 4> magic;
  std::uint16_t version;
};
void write_format(RecordWriter& writer, const RecordFormat& format);
// Refuses the record of something else, and a version that we do not know.
[[nodiscard]] Expected<void> read_format(RecordReader& reader, const RecordFormat& format);
// After the last field: refuses what was cut short or damaged, and what goes on.
[[nodiscard]] Expected<void> read_end(const RecordReader& reader, const RecordFormat& format);
// "why: export the SA again"
[[nodiscard]] std::unexpected<Error> damaged_record(const RecordFormat& format, std::string why);

}  // namespace sallyport
