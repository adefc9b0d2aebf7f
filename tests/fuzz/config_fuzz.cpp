// Fuzzes the reader of configurations: no text makes it fail other than by an error that has a
// place, and what it accepts exports and imports again to the same bytes (ARCH-13).
#include <cstdlib>

#include "gateway/config/configuration.h"
#include "gateway/config/key_text.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

// The name of a key file says how many octets it holds: "keys/20". Nothing else exists.
class FuzzFiles final : public ConfigurationFiles {
 public:
  [[nodiscard]] Expected<std::string> text(const std::filesystem::path& file) const override {
    if (file.filename() == "more.toml") return "[[spd]]\nname = \"more\"\n";
    return fail(Error::Code::NotFound, "no such file");
  }
  [[nodiscard]] Expected<Secret<128>> key(const std::filesystem::path& file) const override {
    const auto octets = static_cast<std::size_t>(std::atoi(file.filename().c_str()) & 0x7f);
    std::string digits;
    for (std::size_t i = 0; i < octets; ++i) digits += "0123456789abcdef"[i % 16], digits += '5';
    return parse_key(digits);
  }
  [[nodiscard]] Expected<SecretBytes> secret(const std::filesystem::path& file) const override {
    const std::string name = file.filename().native();  // "psk" holds "psk"
    return SecretBytes(ByteView(reinterpret_cast<const std::uint8_t*>(name.data()), name.size()));
  }
  [[nodiscard]] Expected<void> check_private(const std::filesystem::path&) const override {
    return {};
  }
  [[nodiscard]] Expected<std::vector<std::filesystem::path>> matching(
      const std::filesystem::path& pattern) const override {
    if (pattern.filename() != "more.toml") return std::vector<std::filesystem::path>{};
    return std::vector{pattern};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const FuzzFiles files;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto configuration = parse_configuration(text, "/fuzz.toml", files);
  if (!configuration) {
    require(!configuration.error().what.empty() && configuration.error().where.find(':') > 0);
    return 0;
  }
  const auto once = to_toml(*configuration);
  if (!once) {  // keys stand inline
    require(once.error().code == Error::Code::Refused);
    return 0;
  }
  const auto again = parse_configuration(*once, "/fuzz.toml", files);
  require(again.has_value());
  const auto twice = to_toml(*again);
  require(twice.has_value() && *twice == *once);
  return 0;
}
