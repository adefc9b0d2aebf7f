// What the two sides of a load run agree to: one gateway that answers, and many peers that begin,
// each with an identity and a host of its own behind it.
#pragma once

#include <array>
#include <string_view>

#include "bench/ike_pki.h"
#include "crypto/ike_transforms.h"
#include "ike/settings.h"
#include "pad/peer.h"
#include "spd/policy.h"

namespace sallyport::bench {

// How both sides prove themselves, and by which group they exchange keys.
struct IkeKind {
  std::string_view name;
  IkeMethod method{};
  Group group{};
};
inline constexpr std::array kIkeKinds{IkeKind{"psk-curve25519", IkeMethod::Psk, Group::Curve25519},
                                      IkeKind{"psk-modp2048", IkeMethod::Psk, Group::Modp2048},
                                      IkeKind{"ecdsa-p256", IkeMethod::Ecdsa, Group::Curve25519},
                                      IkeKind{"rsa-2048", IkeMethod::Rsa, Group::Curve25519}};
[[nodiscard]] Expected<IkeKind> ike_kind(std::string_view name);

// What one side decides by.
struct IkeTerms {
  Peer peer;
  Policy policy;
};
// Of the gateway, for all its clients: 172.16.0.0/16 is behind it, 10.0.0.0/8 behind them.
[[nodiscard]] IkeTerms server_terms(const IkeKind& kind, const IkeIdentities& identities);
// Of one client, by its number from 0 on, which is its entry's name: 10.0.0.1 and on are behind
// them. Where there are fewer credentials than clients, they go round.
[[nodiscard]] IkeTerms client_terms(const IkeKind& kind, const IkeIdentities& identities,
                                    const Endpoints& outer, unsigned number);

// Without bounds on who has proved nothing: all come from one address.
[[nodiscard]] ike::Settings load_settings();

}  // namespace sallyport::bench
