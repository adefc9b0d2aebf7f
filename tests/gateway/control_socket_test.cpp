#include "gateway/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

namespace sallyport::control_socket_test {
namespace {

// Answers with what it was asked, in brackets.
class Echo final : public ControlHandler {
 public:
  std::string answer(std::string_view request) override {
    return "[" + std::string(request) + "]" + std::string(padding, '.');
  }
  std::size_t padding{};
};

class Rig {
 public:
  Rig() : loop(EventLoop::create().value()) {
    std::filesystem::remove_all(directory);
    path = directory / "deep" / "control.sock";
  }
  ~Rig() { std::filesystem::remove_all(directory); }

  void open() {
    auto opened = ControlSocket::open(path, loop, handler);
    if (!opened) FAIL(to_string(opened.error()));
    socket = std::move(*opened);
  }
  // Lets the loop handle what is due.
  void work() {
    int ticks = 0;
    loop.run(std::chrono::milliseconds(1), [&] {
      if (++ticks == 20) loop.stop();
    });
  }
  int client() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    REQUIRE(connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return descriptor;
  }
  std::string talk(int client, const std::string& text) {
    static_cast<void>(send(client, text.data(), text.size(), MSG_NOSIGNAL));
    work();
    return heard(client);
  }
  static std::string heard(int client) {
    std::string all;
    char chunk[65536];
    for (ssize_t got; (got = recv(client, chunk, sizeof chunk, 0)) > 0;)
      all.append(chunk, static_cast<std::size_t>(got));
    return all;
  }

  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("sallyport-socket-" + std::to_string(getpid()));
  std::filesystem::path path;
  EventLoop loop;
  Echo handler;
  std::unique_ptr<ControlSocket> socket;
};

}  // namespace

TEST_CASE("the control socket is its owner's alone, and goes with the instance") {
  Rig rig;
  rig.open();
  struct stat facts{};
  REQUIRE(stat(rig.path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  rig.socket.reset();
  CHECK_FALSE(std::filesystem::exists(rig.path));
}

TEST_CASE("requests are lines: in pieces, several at once, from several clients") {
  Rig rig;
  rig.open();
  const int first = rig.client();
  const int second = rig.client();
  CHECK(rig.talk(first, "on").empty());
  CHECK(rig.talk(second, "two\nthree\n") == "[two]\n[three]\n");
  CHECK(rig.talk(first, "e\n") == "[one]\n");
  close(first);
  close(second);
}

TEST_CASE("a request that never ends costs its client the connection") {
  Rig rig;
  rig.open();
  const int client = rig.client();
  for (int i = 0; i < 40; ++i) static_cast<void>(rig.talk(client, std::string(4096, 'x')));
  char byte = 0;
  CHECK(recv(client, &byte, 1, 0) <= 0);
  close(client);
  const int next = rig.client();
  CHECK(rig.talk(next, "still here\n") == "[still here]\n");
  close(next);
}

TEST_CASE("a client that does not read is cut off at the bound, the others go on") {
  Rig rig;
  rig.handler.padding = 1 << 20;
  rig.open();
  const int deaf = rig.client();
  for (int i = 0; i < 12; ++i) {
    static_cast<void>(send(deaf, "more\n", 5, MSG_NOSIGNAL));
    rig.work();
  }
  rig.handler.padding = 0;
  const int other = rig.client();
  CHECK(rig.talk(other, "hello\n") == "[hello]\n");
  CHECK(Rig::heard(deaf).size() < 12u << 20);
  close(deaf);
  close(other);
}

TEST_CASE("a client that has said all it has to say still gets its answers") {
  Rig rig;
  rig.handler.padding = 1 << 20;  // more than the socket takes at once
  rig.open();
  const int client = rig.client();
  REQUIRE(send(client, "one\ntwo\n", 8, MSG_NOSIGNAL) == 8);
  REQUIRE(shutdown(client, SHUT_WR) == 0);
  std::string answers;
  for (int i = 0; i < 100 && answers.size() < 2u << 20; ++i) {
    rig.work();
    answers += Rig::heard(client);
  }
  CHECK(answers.starts_with("[one]"));
  CHECK(answers.size() == 2 * ((1u << 20) + 6));
  rig.work();
  char byte = 0;
  CHECK(recv(client, &byte, 1, 0) == 0);  // and is let go then
  close(client);
}

TEST_CASE("a client that goes before it has its answers is forgotten") {
  Rig rig;
  rig.handler.padding = 1 << 20;
  rig.open();
  const int client = rig.client();
  REQUIRE(send(client, "one\n", 4, MSG_NOSIGNAL) == 4);
  rig.work();
  REQUIRE(shutdown(client, SHUT_WR) == 0);
  rig.work();
  close(client);
  rig.work();
  rig.handler.padding = 0;
  const int other = rig.client();
  CHECK(rig.talk(other, "hello\n") == "[hello]\n");
  close(other);
}

TEST_CASE("what lies where the socket should be is told, and left alone") {
  Rig rig;
  std::filesystem::create_directories(rig.path);
  const auto opened = ControlSocket::open(rig.path, rig.loop, rig.handler);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Error::Code::Io);
  CHECK(std::filesystem::is_directory(rig.path));
}

TEST_CASE("a second instance on the same socket is refused, a stale file is not in the way") {
  Rig rig;
  rig.open();
  auto second = ControlSocket::open(rig.path, rig.loop, rig.handler);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Error::Code::Exists);
  // What a killed instance leaves behind: the file, and nobody who listens.
  rig.socket.reset();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  rig.path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  const int killed = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(killed, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  close(killed);
  rig.open();
  const int client = rig.client();
  CHECK(rig.talk(client, "again\n") == "[again]\n");
  close(client);
}

}  // namespace sallyport::control_socket_test
