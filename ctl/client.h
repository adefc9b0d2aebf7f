// Speaks the control protocol over its Unix socket (docs/control-protocol.md).
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/file_descriptor.h"

namespace sallyport {

class ControlClient {
 public:
  // Error::Code::NotFound where nobody listens.
  [[nodiscard]] static Expected<ControlClient> connect(const std::filesystem::path& socket);

  // One request, one answer: the whole object, be it "ok" or "error". Error::Code::Invalid where
  // the request cannot be written, Io where no answer comes.
  [[nodiscard]] Expected<nlohmann::json> ask(const std::string& command,
                                             const nlohmann::json& arguments);

 private:
  explicit ControlClient(FileDescriptor socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Expected<void> send_line(const std::string& line) const;
  [[nodiscard]] Expected<std::string> read_line();

  FileDescriptor socket_;
  int next_id_{1};
  std::string received_;
};

}  // namespace sallyport
