#include "gateway/home_agent_resolver.h"

#include <ares.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <map>

#include "mip6/alarm.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr int kClassInternet = 1;
// Ports of ours that nobody else has, so that an answer is hard to forge (RFC 5452 9.2, RFC 6335).
constexpr std::uint16_t kFirstPort = 49152;
constexpr std::uint16_t kPorts = 16384;
constexpr int kFirstTry = 1000;         // milliseconds; each further round waits twice as long
constexpr int kTries = 3;               // of each server
constexpr std::size_t kMostHeld = 4;    // datagrams that have come and are not read yet
constexpr int kDatagramBytes = 1232;    // that we can take: no fragments on any path
constexpr std::size_t kMostFound = 16;  // of one answer

// c-ares readies what its channels share once, before any of them.
bool is_ready() {
  static const int kReady = ares_library_init(ARES_LIB_INIT_ALL);
  return kReady == ARES_SUCCESS;
}

Address address_of(const sockaddr_in6& socket) {
  return Address::v6(ByteView(socket.sin6_addr.s6_addr, 16).first<16>());
}

sockaddr_in6 socket_address(const Address& address, std::uint16_t port) {
  sockaddr_in6 socket{};
  socket.sin6_family = AF_INET6;
  socket.sin6_port = htons(port);
  std::ranges::copy(address.bytes, socket.sin6_addr.s6_addr);
  return socket;
}

}  // namespace

// One name that is asked for. c-ares has sockets of ours, whose numbers are its own; it is told
// what comes, and of the time by tick().
class HomeAgentResolver::Question {
 public:
  Question(const Surroundings& my, Reply reply)
      : my_(my), reply_(std::move(reply)), patience_(my.timers) {}
  ~Question() {
    if (channel_ != nullptr) ares_destroy(channel_);
    close_ports();
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  void begin(std::span<const Address> servers, const std::string& name, Type type);
  void tick() {
    if (channel_ != nullptr && !outcome_)
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    close_ports();
  }
  [[nodiscard]] bool ended() const noexcept { return outcome_.has_value(); }
  void tell() const { reply_(*outcome_); }

 private:
  struct Socket {
    std::uint16_t port{};
    Address server{Address::any(Family::V6)};
    std::deque<std::vector<std::uint8_t>> received;
  };
  static Question& of(void* self) { return *static_cast<Question*>(self); }

  // What c-ares calls in place of the system.
  static ares_socket_t open_socket(int family, int type, int protocol, void* self);
  static int close_socket(ares_socket_t number, void* self);
  static int connect_socket(ares_socket_t number, const sockaddr* to, ares_socklen_t size,
                            void* self);
  static ares_ssize_t send_vector(ares_socket_t number, const iovec* parts, int count, void* self);
  static void answered(void* self, int status, int timeouts, unsigned char* octets, int size);

  [[nodiscard]] bool open_channel(std::span<const Address> servers);
  // Of what has come by the socket the next, and the server that it is of; -1 and EAGAIN: nothing.
  [[nodiscard]] ares_ssize_t give_next(ares_socket_t number, MutableBytes room, sockaddr_in6& from);
  void take(ares_socket_t number, const UdpDatagram& datagram);
  void fail_with(int status);
  void close_ports();

  Surroundings my_;
  Reply reply_;
  mip6::Alarm patience_;
  std::string name_;
  ares_channel channel_{};
  std::map<ares_socket_t, Socket> sockets_;
  std::vector<std::uint16_t> closing_;  // ports: not from within what comes by them
  ares_socket_t last_{};
  std::optional<Expected<std::vector<std::uint8_t>>> outcome_;
};

void HomeAgentResolver::Question::begin(std::span<const Address> servers, const std::string& name,
                                        Type type) {
  name_ = name;
  if (!is_ready() || !open_channel(servers)) return fail_with(ARES_ENOTINITIALIZED);
  patience_.set(kPatience, [this] { fail_with(ARES_ETIMEOUT); });
  ares_query(channel_, name.c_str(), kClassInternet, std::to_underlying(type), answered, this);
}

// Nothing of the system's own configuration counts: names are asked for as they are.
bool HomeAgentResolver::Question::open_channel(std::span<const Address> servers) {
  static char by_dns[] = "b";
  static char no_file[] = "/dev/null";
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_IGNTC | ARES_FLAG_EDNS;
  options.timeout = kFirstTry;
  options.tries = kTries;
  options.ndots = 0;
  options.lookups = by_dns;
  options.ednspsz = kDatagramBytes;
  options.resolvconf_path = no_file;
  constexpr int kGiven = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                         ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_RESOLVCONF;
  if (ares_init_options(&channel_, &options, kGiven) != ARES_SUCCESS) {
    channel_ = nullptr;
    return false;
  }
  static constexpr ares_socket_functions kSockets{
      .asocket = open_socket,
      .aclose = close_socket,
      .aconnect = connect_socket,
      .arecvfrom = [](ares_socket_t number, void* room, std::size_t size, int, sockaddr* from,
                      ares_socklen_t* from_size, void* self) -> ares_ssize_t {
        sockaddr_in6 server{};
        const MutableBytes bytes{static_cast<std::uint8_t*>(room), size};
        const ares_ssize_t taken = of(self).give_next(number, bytes, server);
        if (taken < 0 || from == nullptr || *from_size < sizeof server) return taken;
        std::memcpy(from, &server, sizeof server);
        *from_size = sizeof server;
        return taken;
      },
      .asendv = send_vector};
  ares_set_socket_functions(channel_, &kSockets, this);
  std::string list;
  for (const Address& server : servers)
    list += fmt::format("{}{}", list.empty() ? "" : ",", to_string(server));
  return ares_set_servers_ports_csv(channel_, list.c_str()) == ARES_SUCCESS;
}

ares_socket_t HomeAgentResolver::Question::open_socket(int family, int type, int, void* self) {
  Question& my = of(self);
  if (family != AF_INET6 || type != SOCK_DGRAM) {  // an answer that does not fit is taken as it is
    errno = EAFNOSUPPORT;
    return ARES_SOCKET_BAD;
  }
  const auto port = static_cast<std::uint16_t>(kFirstPort + my.my_.random.u32() % kPorts);
  const ares_socket_t number = ++my.last_;
  my.sockets_[number].port = port;
  my.my_.sockets.open(
      port, [&my, number](const UdpDatagram& datagram, Instant) { my.take(number, datagram); });
  return number;
}

int HomeAgentResolver::Question::close_socket(ares_socket_t number, void* self) {
  Question& my = of(self);
  const auto socket = my.sockets_.extract(number);
  if (!socket.empty()) my.closing_.push_back(socket.mapped().port);
  return 0;
}

int HomeAgentResolver::Question::connect_socket(ares_socket_t number, const sockaddr* to,
                                                ares_socklen_t, void* self) {
  Question& my = of(self);
  const auto socket = my.sockets_.find(number);
  if (socket == my.sockets_.end() || to->sa_family != AF_INET6) return -1;
  socket->second.server = address_of(*reinterpret_cast<const sockaddr_in6*>(to));
  return 0;
}

ares_ssize_t HomeAgentResolver::Question::give_next(ares_socket_t number, MutableBytes room,
                                                    sockaddr_in6& from) {
  const auto socket = sockets_.find(number);
  if (socket == sockets_.end() || socket->second.received.empty()) {
    errno = EAGAIN;
    return -1;
  }
  const std::vector<std::uint8_t> datagram = std::move(socket->second.received.front());
  socket->second.received.pop_front();
  const std::size_t taken = std::min(room.size(), datagram.size());
  std::copy_n(datagram.begin(), taken, room.begin());
  from = socket_address(socket->second.server, kDnsPort);
  return static_cast<ares_ssize_t>(taken);
}

ares_ssize_t HomeAgentResolver::Question::send_vector(ares_socket_t number, const iovec* parts,
                                                      int count, void* self) {
  Question& my = of(self);
  const auto socket = my.sockets_.find(number);
  std::optional<Address> source;
  if (socket != my.sockets_.end()) source = my.my_.sockets.source_for(socket->second.server);
  if (!source) {
    errno = ENETUNREACH;
    return -1;
  }
  std::vector<std::uint8_t> payload;
  for (const iovec& part : std::span(parts, static_cast<std::size_t>(count))) {
    const auto* const bytes = static_cast<const std::uint8_t*>(part.iov_base);
    payload.insert(payload.end(), bytes, bytes + part.iov_len);
  }
  my.my_.sockets.send({.source = *source,
                       .destination = socket->second.server,
                       .source_port = socket->second.port,
                       .destination_port = kDnsPort,
                       .payload = payload});
  return static_cast<ares_ssize_t>(payload.size());
}

// Of the server that was asked, and of its port: others say nothing (RFC 5452 9.1).
void HomeAgentResolver::Question::take(ares_socket_t number, const UdpDatagram& datagram) {
  const auto socket = sockets_.find(number);
  if (ended() || socket == sockets_.end() || datagram.source != socket->second.server ||
      datagram.source_port != kDnsPort || datagram.payload.empty() ||
      socket->second.received.size() >= kMostHeld)
    return;
  socket->second.received.emplace_back(datagram.payload.begin(), datagram.payload.end());
  ares_process_fd(channel_, number, ARES_SOCKET_BAD);
}

void HomeAgentResolver::Question::answered(void* self, int status, int, unsigned char* octets,
                                           int size) {
  Question& my = of(self);
  if (my.ended()) return;  // its time was over before
  if (status != ARES_SUCCESS) return my.fail_with(status);
  my.outcome_ = std::vector<std::uint8_t>(octets, octets + size);
}

void HomeAgentResolver::Question::fail_with(int status) {
  const bool none = status == ARES_ENOTFOUND || status == ARES_ENODATA;
  outcome_ = fail(none ? Error::Code::NotFound : Error::Code::Refused,
                  std::string("DNS: ") + ares_strerror(status),
                  "`bootstrap` of [mobile_node]: its names and name_servers", name_);
}

void HomeAgentResolver::Question::close_ports() {
  for (const std::uint16_t port : std::exchange(closing_, {})) my_.sockets.close(port);
}

HomeAgentResolver::HomeAgentResolver(const Surroundings& surroundings) : my_(surroundings) {}
HomeAgentResolver::~HomeAgentResolver() = default;

void HomeAgentResolver::ask(const std::string& name, Type type, Reply reply) {
  if (servers_.empty())
    return reply(fail(Error::Code::NotFound, "no name server is known",
                      "name_servers in `bootstrap`, or dhcp = true", name));
  if (questions_.size() >= kMostQuestions)
    return reply(fail(Error::Code::Exhausted, "too many names are asked for", {}, name));
  questions_.push_back(std::make_unique<Question>(my_, std::move(reply)));
  questions_.back()->begin(servers_, name, type);
}

void HomeAgentResolver::find_addresses(const std::string& name, Addresses found) {
  ask(name, Type::Aaaa, [found = std::move(found)](const auto& reply) {
    if (!reply) return found(std::unexpected(reply.error()));
    std::array<ares_addr6ttl, kMostFound> records{};
    int count = static_cast<int>(records.size());
    if (ares_parse_aaaa_reply(reply->data(), static_cast<int>(reply->size()), nullptr,
                              records.data(), &count) != ARES_SUCCESS)
      return found(fail(Error::Code::NotFound, "DNS: an answer without an address"));
    std::vector<Address> addresses;
    for (const ares_addr6ttl& record : std::span(records).first(static_cast<std::size_t>(count)))
      addresses.push_back(Address::v6(ByteView(record.ip6addr._S6_un._S6_u8, 16).first<16>()));
    found(std::move(addresses));
  });
}

// A target of "." says that there is no such service (RFC 2782).
void HomeAgentResolver::find_services(const std::string& name, Services found) {
  ask(name, Type::Srv, [found = std::move(found)](const auto& reply) {
    if (!reply) return found(std::unexpected(reply.error()));
    ares_srv_reply* first = nullptr;
    if (ares_parse_srv_reply(reply->data(), static_cast<int>(reply->size()), &first) !=
        ARES_SUCCESS)
      return found(fail(Error::Code::NotFound, "DNS: an answer without a service"));
    const std::unique_ptr<ares_srv_reply, void (*)(void*)> owner(first, ares_free_data);
    std::vector<Service> services;
    for (const ares_srv_reply* record = first; record != nullptr && services.size() < kMostFound;
         record = record->next) {
      std::string host = record->host == nullptr ? std::string() : record->host;
      if (host.ends_with('.')) host.pop_back();
      if (!host.empty())
        services.push_back(
            {.priority = record->priority, .weight = record->weight, .name = std::move(host)});
    }
    found(std::move(services));
  });
}

void HomeAgentResolver::poll() {
  if (questions_.empty()) return;
  for (const auto& question : questions_) question->tick();
  const auto rest =
      std::ranges::partition(questions_, [](const auto& one) { return !one->ended(); });
  std::vector<std::unique_ptr<Question>> ended(std::make_move_iterator(rest.begin()),
                                               std::make_move_iterator(rest.end()));
  questions_.erase(rest.begin(), rest.end());
  for (const auto& question : ended) question->tell();  // who hears of it may ask for more
}

}  // namespace sallyport
