// Alice, whom Bob authenticates by EAP, and what stands where an AAA server would.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ike/eap/local_users.h"
#include "ike/eap/packet.h"
#include "tests/ike/certified_peers.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test {

// A table of users behind a line on which tests can listen and speak, and which may be slow.
class FakeAaa final : public EapAuthenticator {
 public:
  explicit FakeAaa(std::string name = "aaa",
                   LocalUsers::IdentityRound round = LocalUsers::IdentityRound::None);

  const std::string& name() const noexcept override { return name_; }
  std::unique_ptr<EapConversation> begin(const Identity& identity, Random& random) override;

  // A user, and who it is for the PAD.
  void add(const std::string& user, const std::string& password, const std::string& identity);
  // What was held back goes on its way.
  void answer_one();

  bool at_once{true};
  std::function<void(EapStep&)> alter{[](EapStep&) {}};  // what the table says
  std::vector<Identity> claimed;                         // as conversations were begun with
  std::vector<Octets> heard;                             // from peers
  std::vector<Octets> msks;                              // of successes
  std::size_t open{};                                    // conversations

 private:
  friend class FakeConversation;
  struct Entry {
    std::string user, password, identity;
  };
  std::string name_;
  LocalUsers::IdentityRound round_;
  std::vector<Entry> entries_;
  std::deque<std::function<void()>> waiting_;
};

[[nodiscard]] LocalAuthentication login(const std::string& user, const std::string& password);
[[nodiscard]] RemoteAuthentication eap_by(std::shared_ptr<EapAuthenticator> authenticator);

// An entry with EAP for whoever the AAA says that it is; we show a certificate of Bob's.
[[nodiscard]] Peer eap_entry(const std::shared_ptr<FakeAaa>& aaa, const std::string& name,
                             const std::string& identity, const std::string& claims);
// "alice" of the AAA that it gives is alice.example.org, who may have her usual net.
[[nodiscard]] std::shared_ptr<FakeAaa> authenticate_by_eap(
    TwoPeers& two, LocalUsers::IdentityRound round = LocalUsers::IdentityRound::None);

class EapPeers {
 public:
  explicit EapPeers(LocalUsers::IdentityRound round = LocalUsers::IdentityRound::None)
      : EapPeers(std::make_unique<TwoPeers>(), round) {}
  EapPeers(std::unique_ptr<TwoPeers> peers, LocalUsers::IdentityRound round);

  [[nodiscard]] Peer entry(const std::string& name, const std::string& identity,
                           const std::string& claims) const {
    return eap_entry(aaa, name, identity, claims);
  }
  // Alice's request and Bob's response, `rounds` times.
  void exchange(unsigned rounds);
  [[nodiscard]] bool comes_up();

  std::unique_ptr<TwoPeers> owned;
  TwoPeers& two;
  std::shared_ptr<FakeAaa> aaa;
};

void begin(EapPeers& eap);
// Up to where Alice's next message is her answer to the first EAP request.
void begin_rounds(EapPeers& eap);
// Alice's AUTH is on its way.
void begin_proofs(EapPeers& eap);

[[nodiscard]] EapPacket packet_of(const Message& message);
// Why the last IKE SA of the node has failed.
[[nodiscard]] const std::string& failure_of(const Node& node);
// Neither has anything of it any more, once Bob has repeated his answers for long enough.
void check_over(EapPeers& eap);
// Alice, once she knows that Bob is not who he should be, says so and no more.
void check_alice_leaves(EapPeers& eap, const Impostor& as_bob, std::string_view why);
}  // namespace sallyport::ike::test
