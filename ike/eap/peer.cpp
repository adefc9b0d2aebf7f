#include "ike/eap/peer.h"

#include "ike/eap/ms_chap_peer.h"

namespace sallyport::ike {

Expected<std::unique_ptr<EapPeer>> EapPeer::of(const LocalAuthentication& local, Random& random) {
  auto hash = nt_hash(local.secret->view());
  if (!hash) return std::unexpected(hash.error());
  return std::make_unique<EapPeer>(
      local.user, std::make_unique<MsChapPeer>(local.user, std::move(*hash), random));
}

Expected<Octets> EapPeer::answer(const EapPacket& request) {
  const auto respond = [&](ByteView data) {
    return eap_response(request.identifier, request.type, data);
  };
  if (request.type == EapType::Identity) return respond(octets_of(identity_));
  if (request.type == EapType::Notification) return respond({});
  if (request.type != method_->type())
    return eap_response(request.identifier, EapType::Nak,
                        Octets{static_cast<std::uint8_t>(method_->type())});
  const auto data = method_->answer(request.data);
  if (!data) return std::unexpected(data.error());
  return respond(*data);
}

}  // namespace sallyport::ike
