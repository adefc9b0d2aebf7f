#include "ctl/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

namespace sallyport {
namespace {

// {"ok": {...}}, with "rows" a list where there are any, or {"error": {...}}.
bool is_answer(const nlohmann::json& answer) {
  if (!answer.is_object()) return false;
  if (answer.contains("error")) return answer["error"].is_object();
  if (!answer.contains("ok") || !answer["ok"].is_object()) return false;
  return !answer["ok"].contains("rows") || answer["ok"]["rows"].is_array();
}

// nlohmann::json throws where a text is not UTF-8.
Expected<std::string> line_of(const nlohmann::json& request) {
  try {
    return request.dump() + '\n';
  } catch (const nlohmann::json::type_error&) {
    return fail(Error::Code::Invalid, "the command holds text that is not UTF-8",
                "write it in UTF-8");
  }
}

}  // namespace

Expected<ControlClient> ControlClient::connect(const std::filesystem::path& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.native().size() >= sizeof address.sun_path)
    return fail(Error::Code::Invalid, "the socket's path is too long", {}, socket_path.native());
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.native().size());
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return ControlClient(std::move(socket));
  return fail(Error::Code::NotFound, std::string("no gateway answers: ") + std::strerror(errno),
              "start it, or name its socket with --socket or --instance", socket_path.native());
}

Expected<void> ControlClient::send_line(const std::string& line) const {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t sent = send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail(Error::Code::Io, std::string("cannot send: ") + std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Expected<std::string> ControlClient::read_line() {
  for (;;) {
    const std::size_t end = received_.find('\n');
    if (end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    std::array<char, 65536> chunk;
    const ssize_t got = recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(Error::Code::Io, "the gateway closed the connection");
    received_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Expected<nlohmann::json> ControlClient::ask(const std::string& command,
                                            const nlohmann::json& arguments) {
  const nlohmann::json request = {
      {"v", 1}, {"id", next_id_++}, {"do", command}, {"args", arguments}};
  const auto asked = line_of(request);
  if (!asked) return std::unexpected(asked.error());
  if (auto sent = send_line(*asked); !sent) return std::unexpected(sent.error());
  const auto line = read_line();
  if (!line) return std::unexpected(line.error());
  auto answer = nlohmann::json::parse(*line, nullptr, false);
  if (answer.is_discarded()) return fail(Error::Code::Io, "the gateway's answer is no JSON");
  if (!is_answer(answer)) return fail(Error::Code::Io, "the gateway's answer is none");
  return answer;
}

}  // namespace sallyport
