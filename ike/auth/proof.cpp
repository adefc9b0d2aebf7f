#include "ike/auth/proof.h"

#include <algorithm>
#include <set>

#include "ike/auth/credential_choice.h"
#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

std::optional<SignatureScheme> scheme_of(AuthMethod method) {
  switch (method) {
    case AuthMethod::RsaSignature:
      return SignatureScheme::RsaPkcs1Legacy;
    case AuthMethod::Ecdsa256:
    case AuthMethod::Ecdsa384:
    case AuthMethod::Ecdsa521:
      return SignatureScheme::EcdsaLegacy;
    case AuthMethod::DigitalSignature:
      return SignatureScheme::Rfc7427;
    default:
      return std::nullopt;
  }
}

Expected<Proof> sign(const LocalAuthentication& by, const ProofInputs& inputs,
                     const std::vector<SignatureHash>& hashes) {
  const KeyKind kind = by.credential->key.kind();
  const SignatureScheme scheme = scheme_for(by, kind, hashes);
  const std::uint8_t method = auth_method(scheme, kind);
  if (method == 0)
    return fail(Error::Code::Unsupported, "the peer knows no signatures by a key of this kind",
                "a peer that knows RFC 7427, or an RSA or ECDSA key", by.credential->name);
  auto data = by.credential->key.sign(scheme, inputs.octets, {hashes, by.pkcs1});
  if (!data) return std::unexpected(data.error());
  return Proof{static_cast<AuthMethod>(method), std::move(*data)};
}

bool fits(ByteView secret, const ProofInputs& inputs, const AuthenticationPayload& proof) {
  const PrfOutput expected = shared_key_auth(inputs.prf, secret, inputs.octets);
  return equal_in_constant_time(expected.view(), proof.data);
}

Expected<Belief> check_mac(ByteView secret, const ProofInputs& inputs, const PeerProof& proof) {
  if (!fits(secret, inputs, proof.authentication))
    return refused(AuthenticationFailure::BadSecret, "AUTH does not fit the shared key");
  return Belief{};
}

Expected<Belief> check_signature(const RemoteAuthentication& by, const ProofInputs& inputs,
                                 const PeerProof& proof) {
  const auto scheme = scheme_of(proof.authentication.method);
  if (!scheme) return refused(AuthenticationFailure::WrongMethod, "unknown method");
  auto accepted = accept_key(by, proof.asserted, proof.presented, {proof.now, proof.fetched});
  if (!accepted) return std::unexpected(accepted.error());
  // The older methods name the curve (AUTH-02).
  if (auth_method(*scheme, accepted->key.kind()) !=
      static_cast<std::uint8_t>(proof.authentication.method))
    return refused(AuthenticationFailure::BadSignature, "the method is not that of the key");
  if (auto good = accepted->key.verify(*scheme, inputs.octets, proof.authentication.data,
                                       by.least_rsa_bits);
      !good)
    return refused(AuthenticationFailure::BadSignature, to_string(good.error()));
  return Belief{accepted->valid_until, std::move(accepted->wanted)};
}

Expected<Belief> check_one(const RemoteAuthentication& by, const ProofInputs& inputs,
                           const PeerProof& proof) {
  switch (by.kind) {
    case AuthenticationKind::PreSharedKey:
      return check_mac(by.secret->view(), inputs, proof);
    case AuthenticationKind::Null:
      return check_mac(inputs.p.view(), inputs, proof);
    case AuthenticationKind::PublicKey:
      return check_signature(by, inputs, proof);
    case AuthenticationKind::Eap:
      break;
  }
  return refused(AuthenticationFailure::WrongMethod, "EAP has no proof before its rounds");
}

void append_pointer(PayloadChain& payloads, CertificateEncoding encoding,
                    const PublishedObject& object) {
  Octets data = object.hash;
  data.insert(data.end(), object.url.begin(), object.url.end());
  payloads.certificate(encoding, data);
}

void append_chain(PayloadChain& payloads, const Credential& credential,
                  const PeerAbilities& abilities) {
  const bool looks_up = abilities.looks_up_certificates;
  if (looks_up && credential.published_bundle)
    return append_pointer(payloads, CertificateEncoding::HashAndUrlOfBundle,
                          *credential.published_bundle);
  if (looks_up && !credential.published.empty()) {
    for (const PublishedObject& object : credential.published)
      append_pointer(payloads, CertificateEncoding::HashAndUrl, object);
    return;
  }
  for (const Certificate& certificate : credential.chain)
    payloads.certificate(CertificateEncoding::X509Signature, certificate.der());
}

// A peer that has proved nothing may send as many as a message holds: it is heard so far.
void note_authorities(Octets& noted, ByteView hashes) {
  constexpr std::size_t kMostAuthorities = 64;
  add_key_hashes(noted, hashes.first(std::min(hashes.size(), kMostAuthorities * kKeyHashBytes)));
  noted.resize(std::min(noted.size(), kMostAuthorities * kKeyHashBytes));
}

}  // namespace

AuthenticationKind kind_of(AuthMethod method) noexcept {
  switch (method) {
    case AuthMethod::SharedKey:
      return AuthenticationKind::PreSharedKey;
    case AuthMethod::Null:
      return AuthenticationKind::Null;
    default:
      return AuthenticationKind::PublicKey;
  }
}

Expected<Proof> make_proof(const LocalAuthentication& by, const ProofInputs& inputs,
                           const std::vector<SignatureHash>& hashes) {
  const auto mac = [&](ByteView secret) {
    return to_octets(shared_key_auth(inputs.prf, secret, inputs.octets).view());
  };
  switch (by.kind) {
    case AuthenticationKind::PreSharedKey:
      return Proof{AuthMethod::SharedKey, mac(by.secret->view())};
    case AuthenticationKind::Null:
      return Proof{AuthMethod::Null, mac(inputs.p.view())};
    case AuthenticationKind::PublicKey:
      return sign(by, inputs, hashes);
    case AuthenticationKind::Eap:
      break;
  }
  return fail(Error::Code::Unsupported, "EAP has no proof before its rounds", "prove_by_msk()");
}

Proof prove_by_msk(ByteView msk, const ProofInputs& inputs) {
  return {AuthMethod::SharedKey, to_octets(shared_key_auth(inputs.prf, msk, inputs.octets).view())};
}

Expected<void> check_by_msk(ByteView msk, const ProofInputs& inputs,
                            const AuthenticationPayload& authentication) {
  if (authentication.method != AuthMethod::SharedKey)
    return refused(AuthenticationFailure::WrongMethod, "AUTH after EAP is not by its key");
  if (!fits(msk, inputs, authentication))
    return refused(AuthenticationFailure::BadSecret, "AUTH does not fit the key of EAP");
  return {};
}

bool may_need_certificates(std::span<const RemoteAuthentication> methods, AuthMethod chosen) {
  return std::ranges::any_of(methods, [chosen](const RemoteAuthentication& by) {
    return by.kind == kind_of(chosen) && !by.anchors.empty();
  });
}

Expected<Belief> check_proof(std::span<const RemoteAuthentication> methods,
                             const ProofInputs& inputs, const PeerProof& proof) {
  Expected<Belief> last =
      refused(AuthenticationFailure::WrongMethod, "the entry asks for another method");
  for (const RemoteAuthentication& by : methods) {
    if (by.kind != kind_of(proof.authentication.method)) continue;
    last = check_one(by, inputs, proof);
    if (last) return last;
  }
  return last;
}

PresentedCertificates presented_in(const Message& message) {
  PresentedCertificates presented;
  for (const CertificatePayload& payload : message.certificates) {
    switch (payload.encoding) {
      case CertificateEncoding::X509Signature:
        presented.certificates.push_back(payload.data);
        break;
      case CertificateEncoding::OcspContent:
        presented.ocsp_responses.push_back(payload.data);
        break;
      case CertificateEncoding::RevocationList:
        presented.lists.push_back(payload.data);
        break;
      case CertificateEncoding::RawPublicKey:
        presented.raw_key = {RawKeyForm::SubjectPublicKeyInfo, payload.data};
        break;
      case CertificateEncoding::RawRsaKey:
        presented.raw_key = {RawKeyForm::Pkcs1, payload.data};
        break;
      default:
        break;
    }
  }
  return presented;
}

void append_certificates(PayloadChain& payloads, const LocalAuthentication& by,
                         const PeerAbilities& abilities) {
  if (by.kind != AuthenticationKind::PublicKey) return;
  const Credential& credential = *by.credential;
  if (credential.chain.empty() || (abilities.raw_key_asked && !abilities.certificates_asked)) {
    payloads.certificate(CertificateEncoding::RawPublicKey, credential.key.spki());
    return;
  }
  append_chain(payloads, credential, abilities);
  if (!abilities.ocsp_asked) return;
  for (const Octets& response : credential.ocsp_responses)
    payloads.certificate(CertificateEncoding::OcspContent, response);
}

void append_certificate_requests(PayloadChain& payloads, std::span<const Pad::Entry> entries,
                                 CertificateLookup lookup) {
  std::set<const TrustAnchors*> anchors;
  Octets authorities;
  bool raw_keys = false;
  bool ocsp = false;
  for (const Pad::Entry& entry : entries)
    for (const RemoteAuthentication& by : entry->remote) {
      raw_keys |= !by.raw_keys.empty();
      ocsp |=
          !by.anchors.empty() && (by.revocation == RevocationRule::Required || by.fetch_revocation);
      for (const auto& trusted : by.anchors)
        if (anchors.insert(trusted.get()).second)
          add_key_hashes(authorities, trusted->certificates.key_hashes());
    }
  if (!authorities.empty() && lookup == CertificateLookup::Offered)
    payloads.notify(NotifyType::HttpCertLookupSupported);
  if (!authorities.empty())
    payloads.certificate_request(CertificateEncoding::X509Signature, authorities);
  if (ocsp) payloads.certificate_request(CertificateEncoding::OcspContent, {});
  if (raw_keys) payloads.certificate_request(CertificateEncoding::RawPublicKey, {});
}

void note_certificate_requests(PeerAbilities& abilities, const Message& message) {
  for (const CertificateRequest& request : message.certificate_requests) {
    switch (request.encoding) {
      case CertificateEncoding::X509Signature:
      case CertificateEncoding::HashAndUrl:
      case CertificateEncoding::HashAndUrlOfBundle:
        abilities.certificates_asked = true;
        note_authorities(abilities.authorities, request.authorities);
        break;
      case CertificateEncoding::OcspContent:
        abilities.ocsp_asked = true;
        break;
      case CertificateEncoding::RawPublicKey:
        abilities.raw_key_asked = true;
        break;
      default:
        break;
    }
  }
  abilities.looks_up_certificates |= message.find(NotifyType::HttpCertLookupSupported) != nullptr;
}

}  // namespace sallyport::ike
