#include "crypto/openssl_objects.h"

#include <limits>

namespace sallyport {

std::string last_openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "no reason given";
}

BioObject read_from(std::string_view text) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  if (text.empty() || text.size() > kMost) return nullptr;
  return BioObject(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

ByteView octets_of(const ASN1_STRING* string) noexcept {
  if (string == nullptr || ASN1_STRING_length(string) <= 0) return {};
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::vector<std::uint8_t> spki_of(const X509* certificate) {
  return der_of(i2d_X509_PUBKEY,
                static_cast<const X509_PUBKEY*>(X509_get_X509_PUBKEY(certificate)));
}

std::chrono::system_clock::time_point wall_time(const ASN1_TIME* time) noexcept {
  using std::chrono::sys_seconds;
  using std::chrono::system_clock;
  constexpr auto kLowest = system_clock::time_point::min();
  constexpr auto kHighest = system_clock::time_point::max();
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return kLowest;
  const std::chrono::year_month_day day(
      std::chrono::year(fields.tm_year + 1900),
      std::chrono::month(static_cast<unsigned>(fields.tm_mon) + 1),
      std::chrono::day(static_cast<unsigned>(fields.tm_mday)));
  const sys_seconds seconds = std::chrono::sys_days(day) + std::chrono::hours(fields.tm_hour) +
                              std::chrono::minutes(fields.tm_min) +
                              std::chrono::seconds(fields.tm_sec);
  if (seconds >= std::chrono::floor<std::chrono::seconds>(kHighest)) return kHighest;
  if (seconds <= std::chrono::ceil<std::chrono::seconds>(kLowest)) return kLowest;
  return seconds;
}

}  // namespace sallyport
