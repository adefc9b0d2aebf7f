// A message of every type, and all options at once.
#pragma once

#include <vector>

#include "tests/mip6/mobility.h"

namespace sallyport::mip6::test {

inline MobilityOptions all_options() {
  return {.refresh_advice = BindingLifetime{7},
          .alternate_care_of = kCareOf,
          .nonce_indices = NonceIndices{.home = 7, .care_of = 9},
          .mobile_network_prefixes = {{.address = ip("2001:db8:d:100::"), .length = 56},
                                      {.address = ip("2001:db8:e::"), .length = 48}},
          .dns_update =
              DnsUpdate{.status = DnsUpdateStatus::Failed, .remove = true, .name = "mn.test.org"},
          .binding_identifiers = {{.id = 1, .home_and_away = true, .care_of = kCareOf},
                                  {.id = 2, .status = BindingStatus::UnknownCareOfAddress},
                                  {.id = 3, .care_of = ip("192.0.2.7")}},
          .authorization = Authenticator{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
}

// Each with these options.
inline std::vector<Message> sample_messages(const MobilityOptions& options = {}) {
  constexpr Cookie kCookie{0x2c, 0x33, 0x3a, 0x41, 0x48, 0x4f, 0x56, 0x5d};
  constexpr KeygenToken kToken{0x4b, 0x52, 0x59, 0x60, 0x67, 0x6e, 0x75, 0x7c};
  return {
      BindingRefreshRequest{.options = options},
      HomeTestInit{.cookie = kCookie, .options = options},
      CareOfTestInit{.cookie = kCookie, .options = options},
      HomeTest{.nonce_index = 7, .cookie = kCookie, .token = kToken, .options = options},
      CareOfTest{.nonce_index = 8, .cookie = kCookie, .token = kToken, .options = options},
      BindingUpdate{.sequence = 0x1234,
                    .flags = {UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration},
                    .lifetime = BindingLifetime{60},
                    .options = options},
      BindingAcknowledgement{.status = BindingStatus::NotHomeSubnet,
                             .flags = {AcknowledgementFlag::KeyManagementMobility},
                             .sequence = 0x1234,
                             .lifetime = BindingLifetime{60},
                             .options = options},
      BindingError{
          .status = BindingErrorStatus::UnknownType, .home_address = kHome, .options = options},
      HomeAgentSwitch{.home_agents = {kHomeAgent, kCorrespondent}, .options = options},
      Heartbeat{.flags = {HeartbeatFlag::Response}, .sequence = 0xabcdef, .options = options},
      BindingRevocation{.kind = BindingRevocation::Kind::Acknowledgement,
                        .reason = 128,
                        .sequence = 0xbeef,
                        .flags = {RevocationFlag::Global},
                        .options = options},
  };
}

}  // namespace sallyport::mip6::test
