// How a peer and we prove our identities to each other: psk, auth and local_auth of a [[peer]].
#pragma once

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"

namespace sallyport {

// Into peer.remote and peer.local of `config`, with what they were read from. Credentials and
// authorities were read before.
void read_authentication(TableReader& reader, PeerConfig& config, Loading& loading);

// Refuses pre-shared keys that stood inline.
[[nodiscard]] Expected<void> write_authentication(const PeerConfig& config, TomlFields& fields);

}  // namespace sallyport
