#include "crypto/ms_chap.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/crypto/octets.h"

namespace sallyport::ms_chap_test {
namespace {

using test::octets;
using test::text_view;

// RFC 2759 9.2, and RFC 3079 3.5.3 with the same values.
MsChapTalk talk() {
  static const test::Octets kAuthenticator = octets("5b5d7c7d7b3f2f3e3c2c602132262628");
  static const test::Octets kPeer = octets("21402324255e262a28295f2b3a337c7e");
  return {kAuthenticator, kPeer, "User"};
}
NtHash hash() { return nt_hash(text_view("clientPass")).value(); }

std::string refused(std::string_view password) {
  const auto hash = nt_hash(text_view(password));
  return hash ? "" : hash.error().what;
}

}  // namespace

TEST_CASE("EAP-06: MS-CHAPv2's proofs of both sides (RFC 2759 9.2)") {
  CHECK(octets(hash().view()) == octets("44ebba8d5312b8d611474411f56989ae"));
  const NtResponse response = nt_response(hash(), talk());
  CHECK(octets(ByteView(response)) == octets("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"));
  CHECK(octets(ByteView(authenticator_response(hash(), response, talk()))) ==
        octets("407a5589115fd0d6209f510fe9c04566932cda56"));
}

TEST_CASE(
    "EAP-03, EAP-06: the MSK is the server's receiving and sending key and zeros (RFC 3079)") {
  const SecretBytes msk = ms_chap_msk(hash(), nt_response(hash(), talk()));
  REQUIRE(msk.size() == kMsChapMskBytes);
  // 3.5.3 gives the server's sending key.
  CHECK(octets(msk.view().subspan(16, 16)) == octets("8b7cdc149b993a1ba118cb153f56dccb"));
  CHECK(octets(msk.view().first(16)) != octets(msk.view().subspan(16, 16)));
  CHECK(octets(msk.view().subspan(32)) == test::Octets(32));
}

TEST_CASE("EAP-06: a password is UTF-8, hashed as UTF-16, up to 256 units of it") {
  // One character of each length; the last is two units.
  CHECK(octets(nt_hash(text_view("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91")).value().view()) ==
        octets("24d61bdc03b4818a2487ce90ec889f97"));
  CHECK(refused(std::string(256, 'x')).empty());
  CHECK(refused(std::string(257, 'x')) == "the password is longer than 256 characters");
  for (const std::string_view wrong :
       {"\x80", "\xc0\xaf", "\xc3", "\xc3(", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf0\x82\x82\xac", "\xff"})
    CHECK(refused(wrong) == "the password is not UTF-8");
}

TEST_CASE("EAP-06: the domain in front of a user's name is none of the proof") {
  CHECK(without_domain("EXAMPLE\\carol") == "carol");
  CHECK(without_domain("carol@example.org") == "carol@example.org");
}

}  // namespace sallyport::ms_chap_test
