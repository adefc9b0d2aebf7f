#include "gateway/mip6_bootstrap.h"

namespace sallyport {
namespace {

using Wish = mip6::HomeAddressSource::Wish;

mip6::Bootstrap::Settings bootstrap_settings_of(const MobileNodeConfig& config) {
  using Dhcp = mip6::Bootstrap::Settings::Dhcp;
  const BootstrapConfig& bootstrap = config.bootstrap;
  mip6::Bootstrap::Settings settings;
  if (bootstrap.home_agent) settings.home_agents = {*bootstrap.home_agent};
  settings.home_agent_name = bootstrap.home_agent_name;
  settings.domain = bootstrap.domain;
  settings.dhcp = bootstrap.dhcp ? Dhcp::Asked : Dhcp::NotAsked;
  settings.wish = bootstrap.own_address ? Wish::HomePrefix : Wish::Assigned;
  settings.suggestion = bootstrap.wished_home;
  return settings;
}

HomeAddressByIke::Settings source_of(const MobileNodeConfig& config) {
  HomeAddressByIke::Settings settings{.peer = config.protection.peer};
  if (const auto& home = config.bootstrap.wished_home)
    settings.home_address = Prefix{*home, config.home_prefix_length};
  return settings;
}

}  // namespace

Mip6Bootstrap::Mip6Bootstrap(const MobileNodeConfig& config, const Surroundings& surroundings)
    : my_(surroundings),
      sockets_(my_.control),
      names_({.sockets = sockets_, .random = my_.random, .timers = my_.timers}),
      networks_({.sockets = sockets_, .random = my_.random, .timers = my_.timers}),
      source_(my_.ike, source_of(config)),
      bootstrap_({.timers = my_.timers,
                  .random = my_.random,
                  .names = names_,
                  .networks = networks_,
                  .source = source_,
                  .events = my_.events},
                 bootstrap_settings_of(config), [this](const auto& result) { found(result); }),
      asks_for_servers_(config.bootstrap.dhcp && config.bootstrap.name_servers.empty()) {
  names_.set_servers(config.bootstrap.name_servers);
}

void Mip6Bootstrap::look_for_home() {
  home_.reset();
  care_of_.reset();
  my_.links.set_home({});
  my_.links.leave(*this);  // and hears once more where we are
  my_.links.tell(*this);
}

void Mip6Bootstrap::attached(const mip6::Attachment& attachment) {
  if (!attachment.care_of || home_ || care_of_ == attachment.care_of->address) return;
  care_of_ = attachment.care_of->address;
  networks_.set_link({.port = attachment.link, .mac = my_.dataplane.link_address(attachment.link)});
  if (!asks_for_servers_) return begin(*care_of_);
  networks_.find_servers([this, care_of = *care_of_](std::vector<Address> servers) {
    names_.set_servers(std::move(servers));
    if (care_of_ == care_of) begin(care_of);
  });
}

void Mip6Bootstrap::detached() {
  care_of_.reset();
  bootstrap_.stop();
  loss_ = Loss::None;  // all begins anew
}

void Mip6Bootstrap::begin(const Address& care_of) {
  const Loss loss = std::exchange(loss_, Loss::None);
  bootstrap_.move_to(care_of);
  if (loss == Loss::HomeAddress) return bootstrap_.home_address_lost();
  if (loss == Loss::IkeSa) return bootstrap_.ike_ended();
  bootstrap_.start(care_of);
}

void Mip6Bootstrap::poll() {
  names_.poll();
  if (source_.poll()) lose(Loss::IkeSa);
}

// One home address is what a mobile node has here, whatever else it was given.
void Mip6Bootstrap::found(const mip6::Bootstrap::Result& result) {
  home_ =
      LearnedHome{.home_agent = result.home_agent, .home_address = result.home_addresses.front()};
  my_.changed();
}

// Who is told of the change makes us look for a home once more.
void Mip6Bootstrap::lose(Loss loss) {
  if (!home_) return;
  loss_ = loss;
  home_.reset();
  my_.changed();
}

}  // namespace sallyport
