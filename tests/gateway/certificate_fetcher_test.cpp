// Fetching by http, from servers on the loopback address: those that behave, and the others.
#include "gateway/certificate_fetcher.h"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <thread>

#include "tests/gateway/canned_http_server.h"

namespace sallyport::test::certificate_fetcher_test {
namespace {

using namespace std::chrono_literals;
using Octets = std::vector<std::uint8_t>;
using Answer = ike::Fetches::Answer;
using SharedAnswer = std::shared_ptr<const Answer>;
using Asker = ike::Fetches::Asker;
using Afterwards = CannedHttpServer::Afterwards;

const std::vector<Prefix> kLoopback{*Prefix::parse("127.0.0.0/8"), *Prefix::parse("::1/128")};

std::string response(std::string_view body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }

FetchTerms loopback_terms() { return {.timeout = 10s, .most_bytes = 1000, .allowed = kLoopback}; }

Answer wait_for(CertificateFetcher& fetcher, const std::optional<Answer>& answer) {
  while (!answer) {
    fetcher.poll();
    std::this_thread::sleep_for(1ms);
  }
  return *answer;
}

Answer fetched(const std::string& url, const FetchTerms& terms = loopback_terms(),
               const Octets& body = {}) {
  CertificateFetcher fetcher;
  fetcher.set(terms);
  std::optional<Answer> answer;
  fetcher.fetch(Asker::Signer, url, body, [&](const SharedAnswer& one) { answer = *one; });
  return wait_for(fetcher, answer);
}

std::string why_not(const Answer& answer) { return answer ? "" : to_string(answer.error()); }

}  // namespace

TEST_CASE("CERT-03: an object is fetched by http") {
  CannedHttpServer server(response("a certificate"));
  const Answer answer = fetched(server.url());
  REQUIRE(answer);
  CHECK(*answer == octets("a certificate"));
  CHECK_THAT(server.last_request(), Catch::StartsWith("GET /what HTTP/1.1\r\n"));
}

TEST_CASE("CERT-05: an OCSP request is posted as such") {
  CannedHttpServer server(response("a response"));
  const Answer answer = fetched(server.url(), loopback_terms(), octets("a request"));
  REQUIRE(answer);
  const std::string request = server.last_request();
  CHECK_THAT(request, Catch::StartsWith("POST /what HTTP/1.1\r\n"));
  CHECK_THAT(request, Catch::Contains("Content-Type: application/ocsp-request\r\n"));
  CHECK_THAT(request, Catch::EndsWith("\r\n\r\na request"));
}

TEST_CASE("CERT-03: hosts that are none of the Internet's are not asked, whatever their name") {
  CannedHttpServer server(response("a secret"));
  FetchTerms terms = loopback_terms();
  terms.allowed = {*Prefix::parse("10.0.0.0/8")};
  const std::string port = std::to_string(server.port());
  for (const std::string host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]",
                                 "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"}) {
    CAPTURE(host);
    CHECK_FALSE(fetched("http://" + host + ":" + port + "/what", terms));
  }
  CHECK_THAT(why_not(fetched(server.url(), terms)), Catch::Contains("none that may be asked"));
  CHECK(server.requests() == 0);
}

TEST_CASE("CERT-03: a redirection leads nowhere") {
  CannedHttpServer target(response("a secret"));
  CannedHttpServer server("HTTP/1.1 302 Found\r\nLocation: " + target.url() +
                          "\r\nContent-Length: 0\r\n\r\n");
  CHECK_THAT(why_not(fetched(server.url())), Catch::Contains("status 302"));
  CHECK(target.requests() == 0);
}

TEST_CASE("CERT-03: no other protocol, and no URL that is none") {
  for (const char* url : {"file:///etc/passwd", "https://127.0.0.1/", "ftp://127.0.0.1/",
                          "gopher://127.0.0.1:70/", "", "127.0.0.1", "http://user@127.0.0.1/"})
    CHECK_FALSE(fetched(url));
}

TEST_CASE("CERT-03: the size of an object is bounded, whatever the server says of it") {
  const std::string long_body(1001, 'x');
  const auto refused = [](std::string bytes, Afterwards afterwards) {
    CannedHttpServer server(std::move(bytes), afterwards);
    return why_not(fetched(server.url()));
  };
  const auto too_long = Catch::Contains("longer than 1000 octets");
  CHECK_THAT(refused(response(long_body), Afterwards::Close), too_long);
  CHECK_THAT(refused("HTTP/1.1 200 OK\r\n\r\n" + long_body, Afterwards::Close), too_long);
  CHECK_THAT(
      refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string("1f5\r\n") +
                  std::string(501, 'x') + "\r\n1f5\r\n" + std::string(501, 'x') + "\r\n0\r\n\r\n",
              Afterwards::Close),
      too_long);
  CHECK_THAT(refused("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", Afterwards::Wait),
             too_long);
  CHECK_THAT(refused("HTTP/1.1 200 OK\r\n\r\n" + std::string(400, 'x'), Afterwards::Repeat),
             too_long);
  // Headers without end.
  CHECK_THAT(refused("HTTP/1.1 200 OK\r\nX-A: " + std::string(900, 'a') +
                         "\r\nX-B: " + std::string(20'000, 'b') + "\r\n\r\nbody",
                     Afterwards::Close),
             too_long);
  CannedHttpServer fits(response(long_body.substr(1)));
  CHECK(fetched(fits.url()));
}

TEST_CASE("CERT-03: servers that talk nonsense, close or say no give nothing") {
  for (const std::string& bytes :
       {std::string("nonsense"), std::string(),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), response(""),
        response("no", "404 Not Found"), response("oops", "500 Internal Server Error"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("\0\0\0\0", 4)}) {
    CannedHttpServer server(bytes);
    CHECK_FALSE(fetched(server.url()));
  }
  std::string gone;
  {
    const CannedHttpServer server("");
    gone = server.url();
  }
  CHECK_FALSE(fetched(gone));
}

TEST_CASE("CERT-03: the time of a fetch is bounded") {
  CannedHttpServer silent("", Afterwards::Wait);
  CannedHttpServer slow("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", Afterwards::Wait);
  FetchTerms terms = loopback_terms();
  terms.timeout = 50ms;
  CHECK_FALSE(fetched(silent.url(), terms));
  CHECK_FALSE(fetched(slow.url(), terms));
}

TEST_CASE("CERT-03: who is slow is waited for by nobody else, and one answer serves all who ask") {
  CannedHttpServer silent("", Afterwards::Wait);
  CannedHttpServer server(response("an answer"));
  CertificateFetcher fetcher;
  fetcher.set(loopback_terms());
  unsigned answers = 0;
  std::optional<Answer> last;
  fetcher.fetch(Asker::Signer, silent.url(), {}, [&](const SharedAnswer&) { ++answers; });
  for (int i = 0; i < 5; ++i)
    fetcher.fetch(Asker::Signer, server.url(), {}, [&](const SharedAnswer& answer) {
      ++answers;
      last = *answer;
    });
  CHECK(fetcher.waiting() == 2);
  CHECK(answers == 0);  // never within fetch()
  REQUIRE(wait_for(fetcher, last));
  CHECK(answers == 5);
  CHECK(server.requests() == 1);
  CHECK(fetcher.waiting() == 1);
}  // and what is still waited for ends with the fetcher

TEST_CASE("CERT-03: no more is fetched at a time than there is room for") {
  CannedHttpServer silent("", Afterwards::Wait);
  CertificateFetcher fetcher;
  fetcher.set(loopback_terms());
  unsigned refused = 0;
  for (std::size_t i = 0; i < CertificateFetcher::kMostWaiting + 20; ++i)
    fetcher.fetch(Asker::Stranger, silent.url() + std::to_string(i), {},
                  [&](const SharedAnswer& answer) {
                    const bool untried = !*answer && answer->error().code == Error::Code::Exhausted;
                    refused += untried ? 1u : 0u;
                  });
  fetcher.poll();
  CHECK(refused == 20);
  CHECK(fetcher.waiting() == CertificateFetcher::kMostWaiting);
}

TEST_CASE("CERT-05: however much strangers have fetched, who has signed does not wait for it") {
  CannedHttpServer silent("", Afterwards::Wait);
  CannedHttpServer server(response("a list"));
  CertificateFetcher fetcher;
  fetcher.set(loopback_terms());
  for (std::size_t i = 0; i < CertificateFetcher::kMostWaiting; ++i)
    fetcher.fetch(Asker::Stranger, silent.url() + std::to_string(i), {},
                  [](const SharedAnswer&) {});
  std::optional<Answer> answer;
  fetcher.fetch(Asker::Signer, server.url(), {}, [&](const SharedAnswer& one) { answer = *one; });
  REQUIRE(wait_for(fetcher, answer));
  CHECK(**answer == octets("a list"));
  CHECK(fetcher.waiting() == CertificateFetcher::kMostWaiting);
}

}  // namespace sallyport::test::certificate_fetcher_test
