// The header and the chain of payloads: golden bytes, round trips, and what is refused
// (RFC 7296 3.1, 3.2).
#include <catch2/catch.hpp>

#include "ike/wire/append.h"
#include "ike/wire/header.h"
#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"
#include "ike/wire/payload_parsers.h"
#include "tests/crypto/octets.h"
#include "tests/ike/rebuilt_message.h"
#include "tests/support/fixed_random.h"

namespace sallyport::ike::test::wire_test {
namespace {

using sallyport::test::octets;

AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }
Octets filled(std::size_t size, std::uint8_t with = 0x5a) { return Octets(size, with); }

const Header kRequest{.initiator_spi = {0x0102030405060708},
                      .responder_spi = {0x1112131415161718},
                      .next = PayloadType::Sa,
                      .exchange = ExchangeType::CreateChildSa,
                      .flags = kInitiatorFlag,
                      .message_id = 0x21222324,
                      .length = 28};

Octets written(const Header& header) {
  Octets message;
  write_header(message, header);
  return message;
}

Octets written(Header header, const PayloadChain& chain) {
  header.next = chain.first();
  Octets message = written(header);
  append(message, ByteView(chain.bytes()));
  set_length(message);
  return message;
}

// One of everything.
Message sample() {
  Message message;
  message.sa = {{.number = 1,
                 .protocol = ProtocolId::Esp,
                 .spi = octets("c0ffee01"),
                 .transforms = {{.type = 1, .id = 20, .key_bits = 256}, {.type = 5, .id = 1}}},
                {.number = 2,
                 .protocol = ProtocolId::Ike,
                 .spi = octets("0102030405060708"),
                 .transforms = {{.type = 1, .id = 3}, {.type = 2, .id = 5}, {.type = 4, .id = 31}}},
                {.number = 3, .protocol = ProtocolId::Ah, .spi = octets("00001000")}};
  message.key_exchange = {31, filled(32)};
  message.nonce = filled(32, 0x77);
  message.initiator = {2, octets("612e62"), octets("02000000612e62")};
  message.responder = {1, octets("c0000201"), octets("01a0b0c0c0000201")};
  message.certificates = {{CertificateEncoding::X509Signature, filled(40)},
                          {CertificateEncoding::RawPublicKey, filled(20)}};
  message.certificate_requests = {{CertificateEncoding::X509Signature, filled(40)},
                                  {CertificateEncoding::RawPublicKey, {}}};
  message.authentication = {AuthMethod::DigitalSignature, filled(70)};
  message.notifies = {
      {.type = NotifyType::RekeySa, .protocol = ProtocolId::Esp, .spi = octets("00001000")},
      {.type = NotifyType::Cookie, .data = filled(36)},
      {.type = NotifyType::MobikeSupported}};
  message.deletes = {{ProtocolId::Esp, {{0x1000}, {0x1001}}}, {ProtocolId::Ike, {}}};
  message.initiator_selectors = {{6, 443, 443, range("192.0.2.0/24")},
                                 {0, 0, 0xffff, range("2001:db8::/32")}};
  message.responder_selectors = {{17, 0xffff, 0, range("198.51.100.7")}};
  message.configuration = {ConfigurationType::Request,
                           {{ConfigurationAttribute::InternalIp4Address, {}},
                            {ConfigurationAttribute::InternalIp6Address, filled(17)}}};
  message.vendor_ids = {filled(16), {}};
  return message;
}

Parsed<Message> parsed(const PayloadChain& chain) {
  return parse_message(chain.first(), chain.bytes());
}

TEST_CASE("IKE-01, IKE-04: the header's octets") {
  const Octets golden = octets("0102030405060708 1112131415161718 21 20 24 08 21222324 0000001c");
  CHECK(written(kRequest) == golden);
  const auto header = parse_header(golden);
  REQUIRE(header);
  CHECK(header->initiator_spi == kRequest.initiator_spi);
  CHECK(header->responder_spi == kRequest.responder_spi);
  CHECK(header->next == PayloadType::Sa);
  CHECK(header->version == 0x20);
  CHECK(header->major() == 2);
  CHECK(header->exchange == ExchangeType::CreateChildSa);
  CHECK(header->flags == 0x08);
  CHECK(header->message_id == 0x21222324);
  CHECK(header->length == 28);
  // The responder's SPI of a first request.
  Header first = kRequest;
  first.responder_spi = {};
  CHECK(parse_header(written(first))->responder_spi == IkeSpi{0});
}

TEST_CASE("IKE-02: the two flags are read alone, whatever stands beside them") {
  for (unsigned flags = 0; flags < 256; ++flags) {
    Header header = kRequest;
    header.flags = static_cast<std::uint8_t>(flags);
    const auto read = parse_header(written(header));
    REQUIRE(read);
    CHECK(read->from_initiator() == ((flags & 0x08) != 0));
    CHECK(read->is_response() == ((flags & 0x20) != 0));
  }
}

TEST_CASE("IKE-05, IKE-06: a message is as long as its header says, without a marker in front") {
  const Octets good = written(kRequest, rebuild(sample()));
  REQUIRE(parse_header(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Octets shorter(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(parse_header(shorter));
  }
  Octets longer = good;
  longer.push_back(0);
  CHECK_FALSE(parse_header(longer));
  Octets marked = filled(4, 0);
  append(marked, ByteView(good));
  CHECK_FALSE(parse_header(marked));
  // Far more than the 3000 octets that must do.
  PayloadChain large;
  for (unsigned i = 0; i < 10; ++i) large.vendor_id(filled(6000));
  CHECK(parse_header(written(kRequest, large)));
}

TEST_CASE("IKE-07, IKE-10: every payload comes back as it was written, reserved fields zero") {
  const Message message = sample();
  const PayloadChain chain = rebuild(message);
  const auto again = parsed(chain);
  REQUIRE(again);
  CHECK(same(message, *again));
  CHECK(rebuild(*again).bytes() == chain.bytes());
  // Neither a critical bit nor anything reserved in any generic header.
  const auto split = split_payloads(chain.first(), chain.bytes());
  REQUIRE(split);
  for (const RawPayload& payload : *split) CHECK(payload.body.data()[-3] == 0);
}

TEST_CASE("IKE-07: a cut message is refused wherever it is cut, and nothing behind it is read") {
  const Octets good = written(kRequest, rebuild(sample()));
  const Header whole = parse_header(good).value();
  for (std::size_t size = kHeaderBytes; size < good.size(); ++size) {
    // As large as its content and no larger, so that the sanitizer sees each octet too many.
    Octets cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    set_length(cut);
    REQUIRE(parse_header(cut));
    CHECK_FALSE(parse_message(whole.next, ByteView(cut).subspan(kHeaderBytes)));
  }
}

// Every prefix of a body, in memory of its own size.
template <class Parser>
std::size_t prefixes_taken(const Octets& body, Parser parser) {
  REQUIRE(parser(body));
  std::size_t taken = 0;
  for (std::size_t size = 0; size < body.size(); ++size) {
    const Octets prefix(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    taken += parser(prefix).has_value();
  }
  return taken;
}

Octets body_of(PayloadType type) {
  const PayloadChain chain = rebuild(sample());
  const auto payloads = split_payloads(chain.first(), chain.bytes()).value();
  const auto found = std::ranges::find(payloads, type, &RawPayload::type);
  REQUIRE(found != payloads.end());
  return octets(found->body);
}

TEST_CASE("IKE-07: bodies that are cut are refused, but where what is left is whole") {
  CHECK(prefixes_taken(body_of(PayloadType::Sa), parse_sa) == 1);  // the empty one
  CHECK(prefixes_taken(body_of(PayloadType::TsInitiator), parse_selectors) == 0);
  CHECK(prefixes_taken(body_of(PayloadType::Delete), parse_delete) == 0);
  // No attribute, and the first alone.
  CHECK(prefixes_taken(body_of(PayloadType::Configuration), parse_configuration) == 2);
  CHECK(prefixes_taken(octets("0201000a 0161626364 65"), parse_eap) == 0);
  // Of 32 octets, 5 to 31: four of group and reserved are not enough.
  CHECK(prefixes_taken(body_of(PayloadType::KeyExchange), parse_key_exchange) == 31);
  CHECK(prefixes_taken(body_of(PayloadType::Nonce), parse_nonce) == 16);
  CHECK(prefixes_taken(body_of(PayloadType::IdInitiator), parse_id) == 3);
  CHECK(prefixes_taken(body_of(PayloadType::Authentication), parse_authentication) == 69);
  CHECK(prefixes_taken(body_of(PayloadType::Notify), parse_notify) == 0);
  CHECK(prefixes_taken(octets("00004006 01020304"), parse_notify) == 4);
}

TEST_CASE("IKE-07: random damage never makes a parser read outside, and what is taken is stable") {
  FixedRandom random(7);
  const PayloadChain chain = rebuild(sample());
  unsigned taken = 0;
  for (unsigned i = 0; i < 20'000; ++i) {
    Octets damaged = chain.bytes();
    damaged.resize(random.below(20) == 0 ? random.below(static_cast<std::uint32_t>(damaged.size()))
                                         : damaged.size());
    damaged.shrink_to_fit();
    for (unsigned hits = 1 + random.below(4); hits > 0 && !damaged.empty(); --hits)
      damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] =
          static_cast<std::uint8_t>(random.u32());
    const auto message = parse_message(chain.first(), damaged);
    if (!message) continue;
    ++taken;
    const Message said = sayable(*message);
    const auto again = parsed(rebuild(said));
    REQUIRE(again);
    CHECK(same(said, *again));
  }
  CHECK(taken > 1000);
}

TEST_CASE(
    "IKE-07: lengths below the generic header or past the end, and what remains, are refused") {
  CHECK(parse_message(PayloadType::VendorId, octets("00000005 aa")));
  for (const char* bad : {"", "00", "000000", "00000000", "00000003", "00000005", "0000ffff aa",
                          "00000004 aa", "2b000005 aa"})
    CHECK_FALSE(parse_message(PayloadType::VendorId, octets(bad)));
  CHECK(parse_message(PayloadType::None, {}));
  CHECK_FALSE(parse_message(PayloadType::None, octets("00000004")));
}

TEST_CASE("IKE-08: an unknown payload is skipped, a critical one is named in the refusal") {
  // Type 127, then a vendor ID.
  const auto skipped = parse_message(PayloadType{127}, octets("2b000006 ffff 00000005 aa"));
  REQUIRE(skipped);
  CHECK(skipped->vendor_ids == std::vector<Octets>{octets("aa")});
  // Its other reserved bits do not count.
  CHECK(parse_message(PayloadType{127}, octets("2b7f0006 ffff 00000005 aa")));

  const auto critical = parse_message(PayloadType{127}, octets("2b800006 ffff 00000005 aa"));
  REQUIRE_FALSE(critical);
  CHECK(critical.error().notify == NotifyType::UnsupportedCriticalPayload);
  CHECK(critical.error().payload == 127);
  // Behind others, too.
  const auto later = parse_message(PayloadType::VendorId, octets("c8000005 aa 00800004"));
  REQUIRE_FALSE(later);
  CHECK(later.error().notify == NotifyType::UnsupportedCriticalPayload);
  CHECK(later.error().payload == 200);
  // Of a type that is known the bit is nothing.
  CHECK(parse_message(PayloadType::VendorId, octets("00800005 aa")));
  // What is malformed has the other notify.
  const auto malformed = parse_message(PayloadType::Nonce, octets("00000005 aa"));
  REQUIRE_FALSE(malformed);
  CHECK(malformed.error().notify == NotifyType::InvalidSyntax);
  CHECK(malformed.error().payload == 40);
}

TEST_CASE("IKE-09: payloads may come in any order, but SK and SKF are last") {
  PayloadChain reversed;
  const Message message = sample();
  reversed.vendor_id(message.vendor_ids[0]);
  reversed.vendor_id(message.vendor_ids[1]);
  write_negotiation(reversed, message);
  write_authentication(reversed, message);
  reversed.configuration(*message.configuration);
  const auto again = parsed(reversed);
  REQUIRE(again);
  CHECK(again->sa == message.sa);
  CHECK(same(again->authentication, message.authentication));

  for (const PayloadType sealed : {PayloadType::Encrypted, PayloadType::EncryptedFragment}) {
    // Its next payload is the first inside; what follows its own header is its body.
    const Octets bytes = octets("29000008 01020304");
    const auto split = split_payloads(sealed, bytes);
    REQUIRE(split);
    REQUIRE(split->size() == 1);
    CHECK(split->front().type == sealed);
    CHECK(octets(split->front().body) == octets("01020304"));
    CHECK_FALSE(split_payloads(sealed, octets("2b000008 01020304 00000004")));
    CHECK_FALSE(split_payloads(sealed, octets("2b000009 01020304")));
  }
}

TEST_CASE("IKE-10: reserved fields are ignored, and those of an ID stay for AUTH") {
  const auto id = parse_id(octets("0b a1b2c3 6b6579"));
  REQUIRE(id);
  CHECK(id->type == 11);
  CHECK(id->data == octets("6b6579"));
  CHECK(id->body == octets("0ba1b2c36b6579"));
  CHECK(parse_key_exchange(octets("001f ffff 01"))->group == 31);
  CHECK(parse_authentication(octets("02 ffffff 01"))->method == AuthMethod::SharedKey);
  CHECK(parse_selectors(octets("01 ffffff 07 00 0010 0000 ffff 00000000 ffffffff")));
  CHECK(parse_configuration(octets("01 ffffff"))->type == ConfigurationType::Request);
  CHECK(parse_sa(octets("00 ff 0010 01 03 00 01  00 ff 0008 05 ff 0001"))->front().transforms ==
        std::vector<WireTransform>{{.type = 5, .id = 1}});
}

TEST_CASE("A payload that may come once makes the message malformed when it comes twice") {
  const auto twice = [](PayloadType type) {
    PayloadChain chain;
    const Octets body = body_of(type);
    const Message message = sample();
    PayloadChain one;
    if (type == PayloadType::Nonce) one.nonce(body);
    if (type == PayloadType::Sa) one.sa(*message.sa);
    if (type == PayloadType::KeyExchange) one.key_exchange(31, filled(32));
    if (type == PayloadType::IdInitiator) one.id(type, body);
    if (type == PayloadType::Authentication) one.authentication(AuthMethod::SharedKey, body);
    if (type == PayloadType::TsInitiator) one.selectors(type, *message.initiator_selectors);
    if (type == PayloadType::Configuration) one.configuration(*message.configuration);
    REQUIRE(parsed(one));
    chain.append(one);
    chain.append(one);
    return parsed(chain).has_value();
  };
  for (const PayloadType type :
       {PayloadType::Nonce, PayloadType::Sa, PayloadType::KeyExchange, PayloadType::IdInitiator,
        PayloadType::Authentication, PayloadType::TsInitiator, PayloadType::Configuration})
    CHECK_FALSE(twice(type));
}

TEST_CASE("A chain is appended to another as if it had been written there") {
  PayloadChain whole;
  whole.notify(NotifyType::Cookie, filled(8));
  whole.nonce(filled(16));
  whole.vendor_id(filled(3));
  PayloadChain front;
  PayloadChain back;
  PayloadChain end;
  front.notify(NotifyType::Cookie, filled(8));
  back.nonce(filled(16));
  end.vendor_id(filled(3));
  PayloadChain joined;
  joined.append(PayloadChain{});
  for (const PayloadChain* const part : {&front, &back, &end}) joined.append(*part);
  CHECK(joined.first() == PayloadType::Notify);
  CHECK(joined.bytes() == whole.bytes());
}

}  // namespace
}  // namespace sallyport::ike::test::wire_test
