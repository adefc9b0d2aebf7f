// Home addresses of nodes that are configured without any: what their IKE SAs have been given of a
// pool, and what they have formed themselves of a home prefix (RFC 4877 4.2, RFC 5026 5.3;
// BOOT-07).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/config/configuration.h"
#include "ike/daemon.h"

namespace sallyport {

// Control thread.
class LeasedHomeAddresses {
 public:
  // That a node has formed, as long as its IKE SA lasts: each costs policies.
  static constexpr std::size_t kMostFormed = 4;

  // `ike` outlives it.
  explicit LeasedHomeAddresses(const ike::Daemon& ike) : ike_(ike) {}

  void configure(const Configuration& configuration);
  void on_ike(const ike::Event& event) { looks_ = looks_ || nodes_.contains(event.peer); }
  // As in ike::PolicySource: true where the address is the node's from now on.
  [[nodiscard]] bool will_have(std::string_view peer, const Address& address);
  // Whether of_nodes() has changed.
  [[nodiscard]] bool poll();
  // By the node's name; who has none is not there.
  [[nodiscard]] const std::map<std::string, std::vector<Address>>& of_nodes() const noexcept {
    return addresses_;
  }

 private:
  struct Node {
    std::string name;
    std::vector<Prefix> prefixes;  // that it may form addresses of
    std::vector<Address> formed;
  };
  [[nodiscard]] bool is_taken(const Address& address) const;

  const ike::Daemon& ike_;
  std::map<std::string, Node, std::less<>> nodes_;  // by the peer's name
  std::vector<Address> configured_;                 // home addresses of others, and our own
  std::vector<AddressRange> pools_;
  std::map<std::string, std::vector<Address>> addresses_;
  bool looks_{};
};

}  // namespace sallyport
