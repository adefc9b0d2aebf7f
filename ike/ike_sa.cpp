#include "ike/ike_sa.h"

namespace sallyport::ike {

std::string_view to_string(IkeState state) noexcept {
  switch (state) {
    case IkeState::InitSent:
      return "init-sent";
    case IkeState::AuthSent:
      return "auth-sent";
    case IkeState::EapSent:
      return "eap-sent";
    case IkeState::AuthExpected:
      return "auth-expected";
    case IkeState::EapExpected:
      return "eap-expected";
    case IkeState::Established:
      return "established";
    case IkeState::Rekeying:
      return "rekeying";
    case IkeState::Rekeyed:
      return "rekeyed";
    case IkeState::Deleting:
      return "deleting";
    case IkeState::Dead:
      return "dead";
  }
  return {};
}

ChildPath IkeSa::child_path() const {
  if (mobility.proven) return *mobility.proven;
  ChildPath child{.endpoints = {path.local.address, path.remote.address}, .encapsulation = {}};
  if (in_udp())
    child.encapsulation =
        UdpEncapsulation{.local_port = path.local.port, .remote_port = path.remote.port};
  child.follows_peer = follows_peer();
  return child;
}

}  // namespace sallyport::ike
