#include "base/record_archive.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace sallyport {

void RecordWriter::append(ByteView more) {
  if (bytes_.size() + more.size() > bytes_.capacity()) {
    std::vector<std::uint8_t> larger;
    larger.reserve(2 * (bytes_.size() + more.size()) + 512);
    larger.assign(bytes_.begin(), bytes_.end());
    wipe(bytes_);
    bytes_ = std::move(larger);
  }
  bytes_.insert(bytes_.end(), more.begin(), more.end());
}

ByteView RecordReader::view() {
  std::uint32_t count = 0;
  number(count);
  const auto read = good_ ? reader_.take(count) : std::nullopt;
  good_ = read.has_value();
  return read.value_or(ByteView{});
}

void write_format(RecordWriter& writer, const RecordFormat& format) {
  for (const std::uint8_t octet : format.magic) writer.number(octet);
  writer.number(format.version);
}

Expected<void> read_format(RecordReader& reader, const RecordFormat& format) {
  std::array<std::uint8_t, 4> magic{};
  std::uint16_t version = 0;
  for (std::uint8_t& octet : magic) reader.number(octet);
  reader.number(version);
  if (magic != format.magic)
    return damaged_record(format, fmt::format("this is not the record of an {}", format.noun));
  if (reader.good() && version != format.version)
    return damaged_record(format, fmt::format("version {} of the record is unknown, {} is known",
                                              version, format.version));
  return {};
}

Expected<void> read_end(const RecordReader& reader, const RecordFormat& format) {
  if (!reader.good()) return damaged_record(format, "the record is cut short or damaged");
  if (!reader.at_end()) return damaged_record(format, "the record goes on after its end");
  return {};
}

std::unexpected<Error> damaged_record(const RecordFormat& format, std::string why) {
  return fail(Error::Code::Invalid, std::move(why), fmt::format("export the {} again", format.noun),
              fmt::format("{} record", format.noun));
}

}  // namespace sallyport
