#include "ike/auth/proof.h"

#include <algorithm>

#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

std::unexpected<Error> disbelieve(AuthenticationFailure failure, std::string_view detail) {
  return std::unexpected(refusal(failure, detail));
}

AuthenticationKind kind_of(AuthMethod method) {
  switch (method) {
    case AuthMethod::SharedKey:
      return AuthenticationKind::PreSharedKey;
    case AuthMethod::Null:
      return AuthenticationKind::Null;
    default:
      return AuthenticationKind::PublicKey;
  }
}

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

SignatureScheme scheme_for(const LocalAuthentication& by, bool rfc7427) {
  if (rfc7427 && !by.legacy) return SignatureScheme::Rfc7427;
  const KeyKind kind = by.credential->key.kind();
  return kind == KeyKind::Rsa ? SignatureScheme::RsaPkcs1Legacy : SignatureScheme::EcdsaLegacy;
}

Expected<Proof> sign(const LocalAuthentication& by, const ProofInputs& inputs,
                     const std::vector<SignatureHash>& hashes) {
  const SignatureScheme scheme = scheme_for(by, !hashes.empty());
  const KeyKind kind = by.credential->key.kind();
  const std::uint8_t method = auth_method(scheme, kind);
  if (method == 0)
    return fail(Error::Code::Unsupported, "the peer knows no signatures by a key of this kind",
                "a peer that knows RFC 7427, or an RSA or ECDSA key", by.credential->name);
  auto data = by.credential->key.sign(scheme, inputs.octets, {hashes, by.pkcs1});
  if (!data) return std::unexpected(data.error());
  return Proof{static_cast<AuthMethod>(method), std::move(*data)};
}

Expected<Belief> check_mac(ByteView secret, const ProofInputs& inputs, const PeerProof& proof) {
  const PrfOutput expected = shared_key_auth(inputs.prf, secret, inputs.octets);
  if (!equal_in_constant_time(expected.view(), proof.authentication.data))
    return disbelieve(AuthenticationFailure::BadSecret, "AUTH does not fit the shared key");
  return Belief{};
}

Expected<Belief> check_signature(const RemoteAuthentication& by, const ProofInputs& inputs,
                                 const PeerProof& proof) {
  const auto scheme = scheme_of(proof.authentication.method);
  if (!scheme) return disbelieve(AuthenticationFailure::WrongMethod, "unknown method");
  const auto accepted = accept_key(by, proof.asserted, proof.presented, proof.now);
  if (!accepted) return std::unexpected(accepted.error());
  // The older methods name the curve (AUTH-02).
  if (auth_method(*scheme, accepted->key.kind()) !=
      static_cast<std::uint8_t>(proof.authentication.method))
    return disbelieve(AuthenticationFailure::BadSignature, "the method is not that of the key");
  if (auto good = accepted->key.verify(*scheme, inputs.octets, proof.authentication.data,
                                       by.least_rsa_bits);
      !good)
    return disbelieve(AuthenticationFailure::BadSignature, to_string(good.error()));
  return Belief{accepted->valid_until};
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
  return disbelieve(AuthenticationFailure::WrongMethod, "EAP is not spoken here");
}

}  // namespace

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
  return fail(Error::Code::Unsupported, "EAP is not spoken here", "another method");
}

Expected<Belief> check_proof(std::span<const RemoteAuthentication> methods,
                             const ProofInputs& inputs, const PeerProof& proof) {
  Expected<Belief> last =
      disbelieve(AuthenticationFailure::WrongMethod, "the entry asks for another method");
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
    if (payload.encoding == CertificateEncoding::X509Signature) {
      if (auto certificate = Certificate::from_der(payload.data))
        presented.certificates.push_back(std::move(*certificate));
    } else if (payload.encoding == CertificateEncoding::RawPublicKey) {
      if (auto key = PublicKey::from_spki(payload.data)) presented.raw_key = std::move(*key);
    } else if (payload.encoding == CertificateEncoding::OcspContent) {
      presented.ocsp_responses.push_back(payload.data);
    } else if (payload.encoding == CertificateEncoding::RevocationList) {
      if (auto list = RevocationList::from_der(payload.data))
        presented.lists.push_back(std::move(*list));
    }
  }
  return presented;
}

void append_certificates(PayloadChain& payloads, const LocalAuthentication& by,
                         const PeerAbilities& abilities) {
  if (by.kind != AuthenticationKind::PublicKey) return;
  if (by.credential->chain.empty() || (abilities.raw_key_asked && !abilities.certificates_asked)) {
    payloads.certificate(CertificateEncoding::RawPublicKey, by.credential->key.public_key().spki());
    return;
  }
  for (const Certificate& certificate : by.credential->chain)
    payloads.certificate(CertificateEncoding::X509Signature, certificate.der());
}

void append_certificate_requests(PayloadChain& payloads, std::span<const Pad::Entry> entries) {
  std::vector<Octets> hashes;
  bool raw_keys = false;
  for (const Pad::Entry& entry : entries)
    for (const RemoteAuthentication& by : entry->remote) {
      raw_keys |= !by.raw_keys.empty();
      for (const auto& anchors : by.anchors)
        for (const Certificate& certificate : anchors->certificates)
          if (const Octets hash = certificate.key_hash();
              std::ranges::find(hashes, hash) == hashes.end())
            hashes.push_back(hash);
    }
  Octets authorities;
  for (const Octets& hash : hashes) append(authorities, ByteView(hash));
  if (!authorities.empty())
    payloads.certificate_request(CertificateEncoding::X509Signature, authorities);
  if (raw_keys) payloads.certificate_request(CertificateEncoding::RawPublicKey, {});
}

void note_certificate_requests(PeerAbilities& abilities, const Message& message) {
  for (const CertificateRequest& request : message.certificate_requests) {
    if (request.encoding == CertificateEncoding::X509Signature) {
      abilities.certificates_asked = true;
      append(abilities.authorities, ByteView(request.authorities));
    }
    if (request.encoding == CertificateEncoding::RawPublicKey) abilities.raw_key_asked = true;
  }
}

}  // namespace sallyport::ike
