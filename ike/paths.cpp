#include "ike/paths.h"

#include <algorithm>
#include <optional>

namespace sallyport::ike {
namespace {

// Both ends as policy names them; unspecified ones it leaves open.
Endpoints named_by(const ChildSa& child) {
  if (child.mode != IpsecMode::Tunnel) return {};
  return child.policy->protect->endpoints;
}

// Our end where it has to be a certain one, and we have that one.
std::optional<Address> named_local(const IkeSa& sa, Datagrams& datagrams) {
  if (const auto& local = sa.peer->locator.local; local && datagrams.is_ours(*local)) return local;
  for (const auto& child : sa.children)
    if (const Address local = named_by(*child).local;
        !local.is_unspecified() && datagrams.is_ours(local))
      return local;
  return std::nullopt;
}

bool may_be_there(const IkeSa& sa, const Address& remote, Datagrams& datagrams) {
  if (remote.is_unspecified() || remote.is_multicast() || remote.is_loopback()) return false;
  if (datagrams.is_ours(remote)) return false;
  // Behind a NAT the address that we see is not the one that policy names.
  return sa.nat.any() || std::ranges::all_of(sa.children, [&](const auto& child) {
           const Address named = named_by(*child).remote;
           return named.is_unspecified() || named == remote;
         });
}

std::optional<Address> local_for(const IkeSa& sa, const Address& remote, Datagrams& datagrams) {
  if (const auto named = named_local(sa, datagrams)) return named;
  return datagrams.source_for(remote);
}

}  // namespace

bool uses_mobike(const IkeSa& sa) noexcept {
  return sa.abilities.mobike && sa.peer && sa.peer->mobility == PeerMobility::Mobike;
}

bool traverses_nats(const IkeSa& sa) noexcept {
  return sa.nat.supported && sa.peer->nat_traversal != NatTraversal::Off;
}

bool is_acceptable(const IkeSa& sa, const Path& path, Datagrams& datagrams) {
  const auto local = named_local(sa, datagrams);
  return path.local.address.family == path.remote.address.family &&
         (!local || *local == path.local.address) &&
         may_be_there(sa, path.remote.address, datagrams);
}

std::vector<Path> possible_paths(const IkeSa& sa, Datagrams& datagrams) {
  std::vector<Path> paths{sa.path};
  std::vector<Address> remotes{sa.path.remote.address};
  remotes.insert(remotes.end(), sa.mobility.theirs.begin(), sa.mobility.theirs.end());
  for (const Address& remote : remotes) {
    const auto local = local_for(sa, remote, datagrams);
    if (!local) continue;
    const Path path{{*local, sa.path.local.port}, {remote, sa.path.remote.port}};
    if (std::ranges::find(paths, path) == paths.end() && is_acceptable(sa, path, datagrams))
      paths.push_back(path);
  }
  return paths;
}

std::vector<Address> other_addresses(const IkeSa& sa, Datagrams& datagrams) {
  if (named_local(sa, datagrams)) return {};
  std::vector<Address> others = datagrams.addresses();
  std::erase(others, sa.path.local.address);
  if (others.size() > kMostOtherAddresses) others.resize(kMostOtherAddresses);
  return others;
}

}  // namespace sallyport::ike
