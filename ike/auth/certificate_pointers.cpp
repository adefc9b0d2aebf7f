#include "ike/auth/certificate_pointers.h"

#include <algorithm>

#include "base/http_url.h"
#include "crypto/digest.h"
#include "pad/der_element.h"

namespace sallyport::ike {
namespace {

constexpr std::size_t kMostInBundle = 16;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kCertificate = 0xa0;  // [0], explicit
constexpr std::uint8_t kRevocationList = 0xa1;

std::optional<PointsTo> form_of(CertificateEncoding encoding) {
  switch (encoding) {
    case CertificateEncoding::HashAndUrl:
      return PointsTo::Certificate;
    case CertificateEncoding::HashAndUrlOfBundle:
      return PointsTo::Bundle;
    default:
      return std::nullopt;
  }
}

std::optional<CertificatePointer> read_pointer(PointsTo form, ByteView data) {
  CertificatePointer pointer{.form = form, .hash = {}, .url = {}};
  if (data.size() <= pointer.hash.size()) return std::nullopt;
  std::ranges::copy(data.first(pointer.hash.size()), pointer.hash.begin());
  const ByteView url = data.subspan(pointer.hash.size());
  pointer.url.assign(url.begin(), url.end());
  return is_http_url(pointer.url) ? std::optional(pointer) : std::nullopt;
}

void insert(std::vector<Octets>& into, std::size_t place, std::vector<Octets> values) {
  const auto at = static_cast<std::ptrdiff_t>(std::min(place, into.size()));
  into.insert(into.begin() + at, std::move_iterator(values.begin()),
              std::move_iterator(values.end()));
}

}  // namespace

std::vector<CertificatePointer> pointers_in(const Message& message) {
  std::vector<CertificatePointer> pointers;
  std::size_t certificates = 0;
  for (const CertificatePayload& payload : message.certificates) {
    if (payload.encoding == CertificateEncoding::X509Signature) ++certificates;
    const auto form = form_of(payload.encoding);
    if (!form || pointers.size() == kMostPointers) continue;
    auto pointer = read_pointer(*form, payload.data);
    if (!pointer) continue;
    pointer->place = certificates;
    pointers.push_back(std::move(*pointer));
  }
  return pointers;
}

bool resolve(PresentedCertificates& presented, const CertificatePointer& pointer, ByteView object) {
  if (sha1({object}) != pointer.hash) return false;
  if (pointer.form == PointsTo::Certificate) {
    insert(presented.certificates, pointer.place, {to_octets(object)});
    return true;
  }
  auto bundle = split_bundle(object);
  if (!bundle) return false;
  insert(presented.certificates, pointer.place, std::move(bundle->certificates));
  insert(presented.lists, presented.lists.size(), std::move(bundle->lists));
  return true;
}

std::optional<CertificateBundle> split_bundle(ByteView der) {
  const auto sequence = read_der(der);
  if (!sequence || sequence->tag != kSequence || !sequence->rest.empty()) return std::nullopt;
  CertificateBundle bundle;
  for (ByteView rest = sequence->contents; !rest.empty();) {
    const auto choice = read_der(rest);
    if (!choice) return std::nullopt;
    rest = choice->rest;
    const bool list = choice->tag == kRevocationList;
    if (!list && choice->tag != kCertificate) return std::nullopt;
    std::vector<Octets>& kind = list ? bundle.lists : bundle.certificates;
    if (kind.size() == kMostInBundle) return std::nullopt;
    kind.push_back(to_octets(choice->contents));
  }
  return bundle;
}

}  // namespace sallyport::ike
