// Configurations for tests, from text, with files that exist in memory only.
#pragma once

#include <fnmatch.h>

#include <map>
#include <string>

#include "gateway/config/configuration.h"
#include "gateway/config/key_text.h"
#include "tests/gateway/sample_credentials.h"

namespace sallyport::test {

class MemoryFiles final : public ConfigurationFiles {
 public:
  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> keys;  // hex digits
  std::map<std::string, std::string> secrets;
  bool open_to_others{};

  [[nodiscard]] Expected<std::string> text(const std::filesystem::path& file) const override {
    return found(texts, file);
  }
  [[nodiscard]] Expected<Secret<128>> key(const std::filesystem::path& file) const override {
    const auto digits = found(keys, file);
    if (!digits) return std::unexpected(digits.error());
    return parse_key(*digits);
  }
  [[nodiscard]] Expected<SecretBytes> secret(const std::filesystem::path& file) const override {
    const auto bytes = found(secrets, file);
    if (!bytes) return std::unexpected(bytes.error());
    return SecretBytes(
        ByteView(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()));
  }
  [[nodiscard]] Expected<void> check_private(const std::filesystem::path& file) const override {
    if (open_to_others) return fail(Error::Code::Refused, file.native() + " is open to others");
    return {};
  }
  [[nodiscard]] Expected<std::vector<std::filesystem::path>> matching(
      const std::filesystem::path& pattern) const override {
    std::vector<std::filesystem::path> paths;
    for (const auto& [path, text] : texts) {
      if (::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) paths.emplace_back(path);
    }
    return paths;
  }

 private:
  static Expected<std::string> found(const std::map<std::string, std::string>& files,
                                     const std::filesystem::path& file) {
    const auto entry = files.find(file.native());
    if (entry != files.end()) return entry->second;
    return fail(Error::Code::NotFound, file.native() + ": No such file or directory");
  }
};

// `octets` octets that count up from `first`.
inline std::string hex_key(std::size_t octets, unsigned first = 1) {
  std::string text;
  for (std::size_t i = 0; i < octets; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t octet = (first + i) & 0xff;
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

inline constexpr std::string_view kSamplePsk = "correct horse battery staple";

// Files "/etc/sallyport/keys/NAME" and "/etc/sallyport/certificates/NAME" that the samples name.
inline MemoryFiles sample_files() {
  MemoryFiles files;
  const std::string keys = "/etc/sallyport/keys/";
  const std::string certificates = "/etc/sallyport/certificates/";
  files.secrets = {{keys + "psk", std::string(kSamplePsk) + "\n"},
                   {keys + "carol", "open sesame, says Carol\n"},
                   {keys + "gateway.pem", std::string(kGatewayKey)},
                   {keys + "ed25519.pem", std::string(kEd25519Key)},
                   {keys + "rsa.pem", std::string(kRsaKey)}};
  files.texts = {{certificates + "root.pem", std::string(kRootCertificate)},
                 {certificates + "root.crl", std::string(kRootRevocations)},
                 {certificates + "gateway.pem", std::string(kGatewayCertificate)},
                 {certificates + "ed25519.pub", std::string(kEd25519PublicKey)}};
  for (const std::size_t octets : {3u, 4u, 8u, 16u, 19u, 20u, 24u, 28u, 32u, 36u, 48u, 64u}) {
    const std::string name = std::to_string(octets);
    files.keys["/etc/sallyport/keys/" + name] = hex_key(octets);
    files.keys["/etc/sallyport/keys/other-" + name] = hex_key(octets, 100);
  }
  return files;
}

inline constexpr std::string_view kSampleName = "/etc/sallyport/gateway.toml";

inline Expected<Configuration> parse(std::string_view text,
                                     const MemoryFiles& files = sample_files()) {
  return parse_configuration(text, kSampleName, files);
}

// A gateway with one port on each side.
inline const std::string kPorts = R"(

[[port]]
name = "lan"
device = "net_af_packet0,iface=lan0"
side = "protected"
addresses = ["10.1.0.1/24", "2001:db8:1::1/64"]

[[port]]
name = "wan"
device = "net_af_packet1,iface=wan0"
side = "unprotected"
addresses = ["192.0.2.1/24", "2001:db8:f::1/64"]
)";

// A tunnel policy over kPorts, and its two SAs.
inline const std::string kPolicy = R"(
[[policy]]
name = "site"
local = "10.1.0.0/24"
remote = "10.2.0.0/24"
action = "protect"
protect = { endpoints = { local = "192.0.2.1", remote = "192.0.2.2" }, sas = ["out", "in"] }
)";
inline const std::string kSas = R"(
[[sa]]
name = "out"
direction = "out"
spi = 0x1001
transform = "aes128-gcm16"
unsafe_static_key = true
key = { file = "keys/20" }

[[sa]]
name = "in"
direction = "in"
spi = 0x1002
transform = "aes128-gcm16"
unsafe_static_key = true
key = { file = "keys/other-20" }
)";

// A peer over kPorts that shares a key with us; a policy for it without configured SAs.
inline const std::string kPeer = R"(
[[peer]]
name = "branch"
local = "192.0.2.1"
remote = "192.0.2.2"
psk = { file = "keys/psk" }
)";
inline const std::string kNegotiated = R"(
[[policy]]
name = "site"
local = "10.1.0.0/24"
remote = "10.2.0.0/24"
action = "protect"
protect = { endpoints = { local = "192.0.2.1", remote = "192.0.2.2" } }
)";

// The text with its first `from` replaced; the text itself where there is none is a broken test.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("nothing to replace: " + std::string(from));
  return text.replace(at, from.size(), to);
}

}  // namespace sallyport::test
