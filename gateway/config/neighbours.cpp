#include <fmt/format.h>
#include <algorithm>

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

Expected<Address> read_neighbour_address(const Value& value) {
  auto address = read_address(value);
  if (!address || !(address->is_multicast() || address->is_unspecified())) return address;
  return wrong(value, shown(value) + " is nobody's address", "a unicast address");
}

}  // namespace

void read_neighbours(Loading& loading) {
  std::map<std::pair<PortId, Address>, Position> taken;
  for (const Value* element : loading.elements("neighbour")) {
    TableReader reader(*element, "[[neighbour]]", loading.diagnostics);
    NeighbourConfig neighbour;
    reader.require("address", neighbour.address, read_neighbour_address, "the neighbour's address");
    reader.require("mac", neighbour.mac, read_mac, "the neighbour's MAC address");
    reader.require("port", neighbour.port, PortReference{loading.configuration},
                   "the port it is behind");
    const auto [first, fresh] =
        taken.try_emplace({neighbour.port, neighbour.address}, reader.at("address"));
    if (!fresh) {
      reader.error("address",
                   fmt::format("address: {} has an entry at {}", to_string(neighbour.address),
                               to_string(first->second)),
                   {}, Error::Code::Exists);
    }
    loading.configuration.neighbours.push_back(neighbour);
  }
}

void write_neighbours(const Configuration& configuration, std::string& out) {
  for (const NeighbourConfig& neighbour : configuration.neighbours) {
    TomlFields fields;
    fields.add("address", to_string(neighbour.address));
    fields.add("mac", to_string(neighbour.mac));
    fields.add("port", configuration.ports[neighbour.port.value].name);
    out += fields.block("[[neighbour]]");
  }
}

}  // namespace sallyport
