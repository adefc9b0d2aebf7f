// IKE by the kernel's UDP sockets: for load runs and tests of the control plane, where no data
// plane carries its datagrams.
#pragma once

#include <sys/socket.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "ike/ports.h"

namespace sallyport::bench {

// One address of ours with both of IKE's ports. The thread of the daemon that it serves.
class UdpDatagrams final : public ike::Datagrams {
 public:
  // UDP ports, host order, that stand for 500 and 4500 here; 0: any that is free.
  struct Ports {
    std::uint16_t ike{kIkePort};
    std::uint16_t nat{kIkeNatPort};
  };
  // Refuses an address or a port that cannot be had. 500 wants CAP_NET_BIND_SERVICE.
  [[nodiscard]] static Expected<std::unique_ptr<UdpDatagrams>> open(const Address& local,
                                                                    Ports ports);
  ~UdpDatagrams() override;
  UdpDatagrams(const UdpDatagrams&) = delete;
  UdpDatagrams& operator=(const UdpDatagrams&) = delete;

  // Both wait for flush(). The path's local port is 500 or 4500, whatever stands for them; its
  // remote port is the peer's real one.
  void send(const ike::Path& path, ByteView message) override;
  void send_keepalive(const ike::Path& path) override;
  std::optional<Address> source_for(const Address& remote) override;
  bool is_ours(const Address& address) override { return address == local_; }
  std::vector<Address> addresses() override { return {local_}; }
  // What the kernel does not take is lost, as datagrams may be.
  void flush();

  using Take = std::function<void(const ike::Path&, ByteView)>;
  // Gives to `take` what has come, a batch from each port at most, without the four zero octets of
  // 4500 (IKE-06); says how many datagrams there were. Never blocks.
  std::size_t receive(const Take& take);
  // Until there is something to receive, for `timeout` at most; true where `other`, a descriptor,
  // can be read or has ended.
  bool wait(Duration timeout, int other = kNone) const;
  static constexpr int kNone = -1;

  // The real ports.
  [[nodiscard]] Ports ports() const noexcept { return {ports_[0].real, ports_[1].real}; }

 private:
  struct Waiting {
    std::size_t begin{};  // in `octets`
    std::size_t length{};
    sockaddr_storage to{};
    socklen_t to_length{};
  };
  struct Port {
    int descriptor{kNone};
    std::uint16_t number{};  // 500 or 4500
    std::uint16_t real{};
    std::vector<std::uint8_t> octets;  // of all that waits to be sent
    std::vector<Waiting> waiting;
  };
  class Inbox;

  explicit UdpDatagrams(const Address& local);
  [[nodiscard]] Expected<void> bind(Port& port, std::uint16_t number, std::uint16_t real);
  void put(Port& port, const ike::Endpoint& to, ByteView front, ByteView message);
  static void flush(Port& port);
  std::size_t receive(const Port& port, const Take& take);

  Address local_;
  std::array<Port, 2> ports_;
  std::unique_ptr<Inbox> inbox_;
};

}  // namespace sallyport::bench
