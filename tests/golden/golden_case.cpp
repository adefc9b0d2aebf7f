#include "tests/golden/golden_case.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/pcap.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

PacketBytes from_hex(const std::string& digits) {
  PacketBytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

// Ethernet frames without their link headers; the IP header says where a packet ends.
std::vector<PacketBytes> packets_of(const std::filesystem::path& file) {
  constexpr std::size_t kLink = 14;
  const auto capture = read_pcap(file);
  if (!capture) throw std::runtime_error(to_string(capture.error()));
  std::vector<PacketBytes> packets;
  for (const CapturedPacket& captured : capture->packets) {
    PacketBytes packet(captured.bytes.begin() + kLink, captured.bytes.end());
    const std::size_t size = packet[0] >> 4 == 4 ? std::size_t{packet[2]} << 8 | packet[3]
                                                 : (std::size_t{packet[4]} << 8 | packet[5]) + 40;
    packet.resize(std::min(size, packet.size()));
    packets.push_back(std::move(packet));
  }
  return packets;
}

// The manifest names Linux's algorithms; key sizes tell the rest.
std::optional<Cipher> cipher_of(const Json& sa) {
  if (sa["enc"].is_null()) return Cipher::Null;
  const std::string name = sa["enc"].get<std::string>();
  const std::size_t bits = sa["ekey"].get<std::string>().size() * 4;
  const int icv = sa["icv_bits"].get<int>() / 8;
  if (name == "ecb(cipher_null)") return Cipher::Null;
  if (name == "cbc(des)") return Cipher::DesCbc;
  if (name == "cbc(des3_ede)") return Cipher::TripleDesCbc;
  if (name == "rfc7539esp(chacha20,poly1305)") return Cipher::ChaCha20Poly1305;
  if (name == "cbc(aes)") return cipher_by_name(fmt::format("aes{}-cbc", bits));
  if (name == "cbc(camellia)") return cipher_by_name(fmt::format("camellia{}-cbc", bits));
  if (name == "rfc3686(ctr(aes))") return cipher_by_name(fmt::format("aes{}-ctr", bits));
  if (name == "rfc4543(gcm(aes))") return cipher_by_name(fmt::format("aes{}-gmac", bits));
  if (name == "rfc4106(gcm(aes))") return cipher_by_name(fmt::format("aes{}-gcm{}", bits, icv));
  if (name == "rfc4309(ccm(aes))") return cipher_by_name(fmt::format("aes{}-ccm{}", bits, icv));
  return std::nullopt;
}

std::optional<Integrity> integrity_of(const Json& sa) {
  if (sa["auth"].is_null()) return Integrity::None;
  const std::string name = sa["auth"].get<std::string>();
  if (name == "hmac(md5)") return Integrity::HmacMd5_96;
  if (name == "hmac(sha1)") return Integrity::HmacSha1_96;
  if (name == "hmac(sha256)") return Integrity::HmacSha256_128;
  if (name == "hmac(sha384)") return Integrity::HmacSha384_192;
  if (name == "hmac(sha512)") return Integrity::HmacSha512_256;
  if (name == "xcbc(aes)") return Integrity::AesXcbc_96;
  if (name == "cmac(aes)") return Integrity::AesCmac_96;
  return std::nullopt;
}

Sa read_sa(const Json& json, GoldenCase& golden) {
  Sa sa;
  const auto cipher = cipher_of(json);
  const auto integrity = integrity_of(json);
  if (!cipher || !integrity) {
    golden.fault = "algorithm unknown: " + json["ike"].get<std::string>();
    return sa;
  }
  sa.name = golden.sa.name.empty() ? "golden" : "around";
  sa.direction = Direction::Outbound;
  sa.spi = Spi{json["spi"].get<std::uint32_t>()};
  sa.protocol = json["proto"] == "ah" ? IpsecProtocol::Ah : IpsecProtocol::Esp;
  sa.ah_alignment = json.value("align4", false) ? 4 : 8;
  sa.mode = golden.mode;
  sa.endpoints = {Address::parse(json["src"].get<std::string>()).value(),
                  Address::parse(json["dst"].get<std::string>()).value()};
  sa.transform = {*cipher, *integrity};
  sa.unauthenticated_allowed = true;
  sa.cipher_key = Secret<32>(from_hex(json["ekey"]));
  sa.salt = Secret<4>(from_hex(json["salt"]));
  sa.integrity_key = Secret<64>(from_hex(json["akey"]));
  sa.esn = json["esn"].get<bool>();
  sa.replay_window = icv_bytes(sa.transform) == 0 ? 0 : json["replay_window"].get<std::uint32_t>();
  sa.tfc_bytes = json.value("tfcpad", std::uint16_t{0});
  sa.destination_options = DestinationOptions::Outside;
  if (json.contains("encap"))
    sa.encapsulation = UdpEncapsulation{json["encap"]["sport"].get<std::uint16_t>(),
                                        json["encap"]["dport"].get<std::uint16_t>()};
  golden.sequence_before = json["seq_before"].get<std::uint64_t>();
  return sa;
}

GoldenCase::Mobility read_mobility(const Json& json) {
  const auto address = [&](const char* name) {
    return Address::parse(json[name].get<std::string>()).value();
  };
  GoldenCase::Mobility mobility;
  mobility.home_address = address("home_address");
  mobility.care_of = address("care_of");
  mobility.home_agent = address("home_agent");
  mobility.home_address_option = json["route_optimization"] == "hao";
  mobility.type2_routing = json["route_optimization"] == "route2";
  mobility.from_mobile_node = address("src") == mobility.home_address;
  mobility.protocol = json["upper_protocol"].get<std::uint8_t>();
  mobility.upper = from_hex(json["upper_hex"].get<std::string>());
  return mobility;
}

// Selectors and SAs name home addresses (RFC 6275 9.3.2, 11.3.2).
void read_mobile_case(const Json& json, GoldenCase& golden) {
  golden.mobility = read_mobility(json);
  golden.sealed = !json["sas"].empty();
  golden.selector.protocol = golden.mobility->protocol;
  for (const auto& [name, side] :
       {std::pair("src", &golden.selector.local), std::pair("dst", &golden.selector.remote)})
    *side = {AddressRange::parse(json[name].get<std::string>()).value()};
  if (!golden.sealed) return;
  golden.mode = json["sas"][0]["mode"] == "tunnel" ? IpsecMode::Tunnel : IpsecMode::Transport;
  golden.sa = read_sa(json["sas"][0], golden);
}

void read_plain_case(const Json& json, GoldenCase& golden) {
  golden.mode = json["mode"] == "tunnel" ? IpsecMode::Tunnel : IpsecMode::Transport;
  golden.outer = json["outer_family"] == 4 ? Family::V4 : Family::V6;
  golden.sa = read_sa(json["sas"][0], golden);
  if (json["sas"].size() == 2) golden.around.push_back(read_sa(json["sas"][1], golden));
  if (json["sas"].size() > 2) golden.fault = "more than two SAs around a packet";
  golden.selector.local = {AddressRange::parse(json["selector"]["src"].get<std::string>()).value()};
  golden.selector.remote = {
      AddressRange::parse(json["selector"]["dst"].get<std::string>()).value()};
}

GoldenCase read_case(const Json& json, const std::filesystem::path& folder) {
  GoldenCase golden;
  golden.id = json["id"].get<std::string>();
  if (json.contains("home_address"))
    read_mobile_case(json, golden);
  else
    read_plain_case(json, golden);
  if (!golden.fault.empty()) return golden;
  for (const Json& packet : json["packet_info"])
    if (!packet["iv"].empty()) golden.ivs.push_back(from_hex(packet["iv"][0]));
  const Json& files = json["files"];
  golden.plain = packets_of(folder / files["plain"].get<std::string>());
  golden.wire = packets_of(folder / files["wire"].get<std::string>());
  golden.arrived =
      files.contains("out") ? packets_of(folder / files["out"].get<std::string>()) : golden.plain;
  return golden;
}

}  // namespace

Expected<std::vector<GoldenCase>> read_golden(const std::filesystem::path& folder) {
  std::vector<GoldenCase> cases;
  bool any = false;
  for (const char* name : {"manifest.json", "manifest-mip6.json"}) {
    std::ifstream file(folder / name);
    if (!file) continue;
    any = true;
    const Json manifest = Json::parse(file, nullptr, false);
    if (manifest.is_discarded() || !manifest.contains("cases"))
      return fail(Error::Code::Invalid, "no golden manifest", {}, (folder / name).string());
    for (const Json& json : manifest["cases"]) {
      try {
        cases.push_back(read_case(json, folder));
      } catch (const std::exception& error) {
        GoldenCase broken;
        broken.id = json.value("id", std::string{"?"});
        broken.fault = error.what();
        cases.push_back(std::move(broken));
      }
    }
  }
  if (!any)
    return fail(Error::Code::NotFound, "no manifest.json", "a folder of golden packets", folder);
  return cases;
}

}  // namespace sallyport
