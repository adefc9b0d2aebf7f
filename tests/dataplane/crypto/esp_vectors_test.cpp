// Known answers: what the RFCs print and what the Linux kernel sent, packet by packet.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "tests/dataplane/crypto/crypto_rig.h"

namespace sallyport::esp_vectors_test {
namespace {

struct EspVector {
  std::string name;
  EspKeys keys;
  EspFields fields;
  Octets sealed;
  bool text_known{};
};

EspVector vector_of(const std::string& name, const std::map<std::string, std::string>& values) {
  const auto octets = [&](const char* key) {
    const auto found = values.find(key);
    return found == values.end() ? Octets{} : from_hex(found->second);
  };
  EspVector vector{
      .name = name,
      .keys = {.transform = parse_transform(values.at("transform")).value(),
               .cipher = octets("key"),
               .salt = octets("salt"),
               .integrity = octets("integrity-key")},
      .fields = {.header = octets("header"), .iv = octets("iv"), .text = octets("text")},
      .sealed = octets("sealed"),
      .text_known = values.contains("text")};
  if (const Octets high = octets("sequence-high"); !high.empty()) {
    vector.fields.esn = true;
    vector.fields.sequence_high = load_be<std::uint32_t>(high.data());
  }
  return vector;
}

// tests/vectors/esp/<file>: "[name]", then "key = value" lines.
std::vector<EspVector> read_vectors(const std::string& file) {
  std::ifstream in("tests/vectors/esp/" + file);
  std::vector<EspVector> vectors;
  std::map<std::string, std::string> values;
  std::string name;
  const auto finish = [&] {
    if (!name.empty()) vectors.push_back(vector_of(name, std::exchange(values, {})));
  };
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('[')) {
      finish();
      name = line.substr(1, line.size() - 2);
    } else if (const std::size_t equals = line.find(" = "); equals != std::string::npos) {
      values[line.substr(0, equals)] = line.substr(equals + 3);
    }
  }
  finish();
  return vectors;
}

// Seals what the vector gives, opens what it expects; how many vectors there were.
std::size_t check_vectors(const std::string& file) {
  CryptoRig rig;
  const std::vector<EspVector> vectors = read_vectors(file);
  for (const EspVector& vector : vectors) {
    INFO(vector.name);
    const KeySlot slot = rig.install(vector.keys);
    EspPacket received(vector.fields, vector.keys.transform, vector.sealed);
    CHECK(rig.open(received, slot));
    EspFields fields = vector.fields;
    if (vector.text_known) {
      CHECK(received.text() == vector.fields.text);
    } else {  // an IPv4 packet in tunnel mode
      fields.text = received.text();
      CHECK(fields.text.front() == 0x45);
      CHECK(fields.text.back() == 4);
    }
    EspPacket sent(fields, vector.keys.transform);
    CHECK(rig.seal(sent, slot));
    CHECK(sent.sealed() == vector.sealed);
  }
  return vectors.size();
}

}  // namespace

TEST_CASE("ALG-04: RFC 3602's packets, AES-CBC") { CHECK(check_vectors("rfc3602.txt") == 4); }

TEST_CASE("ALG-05: RFC 3686's vectors, AES-CTR") { CHECK(check_vectors("rfc3686.txt") == 9); }

TEST_CASE("ALG-07, ALG-08: draft-mcgrew-gcm-test-01, AES-GCM and AES-GMAC") {
  CHECK(check_vectors("gcm.txt") == 6);
}

TEST_CASE("ALG-09: RFC 7634's packet, ChaCha20-Poly1305") {
  CHECK(check_vectors("rfc7634.txt") == 1);
}

TEST_CASE("ALG-11, ALG-12: RFC 2202's vectors, HMAC-MD5 and HMAC-SHA1") {
  CHECK(check_vectors("rfc2202.txt") == 4);
}

TEST_CASE("ALG-13: RFC 3566's vectors, AES-XCBC") { CHECK(check_vectors("rfc3566.txt") == 5); }

TEST_CASE("ALG-14: RFC 4494's vectors, AES-CMAC") { CHECK(check_vectors("rfc4494.txt") == 3); }

TEST_CASE("ALG-16, ALG-17, ALG-18, ALG-21: RFC 4868's vectors, HMAC-SHA2") {
  CHECK(check_vectors("rfc4868.txt") == 11);
}

TEST_CASE(
    "ALG-01, ALG-02, ALG-03, ALG-06, ALG-23: a packet of the Linux kernel for each transform it "
    "has") {
  CHECK(check_vectors("linux.txt") == 33);
}

}  // namespace sallyport::esp_vectors_test
