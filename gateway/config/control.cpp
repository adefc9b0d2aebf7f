#include <sys/un.h>

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

void read_control(TableReader& root, Loading& loading) {
  ControlConfig& control = loading.configuration.control;
  const Value* section = root.find("control");
  if (section != nullptr) {
    TableReader reader(*section, "[control]", loading.diagnostics);
    reader.read("socket", control.socket, read_path);
  }
  if (control.socket.empty()) {
    control.socket = loading.configuration.instance.run_directory / "control.sock";
  }
  if (control.socket.native().size() > kLongestSocketPath) {
    loading.diagnostics.error(
        section == nullptr ? root.at() : place(*section, "socket"),
        "the path of the control socket is too long: " + control.socket.native(),
        "at most " + std::to_string(kLongestSocketPath) + " characters; see [control] socket");
  }
}

void write_control(const Configuration& configuration, std::string& out) {
  TomlFields fields;
  fields.add("socket", configuration.control.socket);
  out += fields.block("[control]");
}

}  // namespace sallyport
