#include "mip6/bootstrap.h"

#include <algorithm>

#include "mip6/movement_detection.h"

namespace sallyport::mip6 {
namespace {

using Wish = HomeAddressSource::Wish;
using Failure = HomeAddressSource::Failure;

constexpr std::size_t kMostOfOneAnswer = 16;  // names, services or home agents
constexpr unsigned kMostFormed = 3;           // home addresses that were somebody else's

// RFC 2782: by priority, and within one at random by weight.
std::vector<NameService::Service> in_order(std::vector<NameService::Service> services,
                                           Random& random) {
  std::ranges::sort(services, {}, &NameService::Service::priority);
  for (auto first = services.begin(); first != services.end(); ++first) {
    const auto last = std::find_if(first, services.end(), [&first](const auto& service) {
      return service.priority != first->priority;
    });
    std::uint64_t sum = 0;
    for (auto it = first; it != last; ++it) sum += it->weight + 1U;
    std::uint64_t chosen = random.u64() % sum;
    auto it = first;
    for (; chosen > it->weight; ++it) chosen -= it->weight + 1U;
    std::iter_swap(first, it);
  }
  return services;
}

}  // namespace

Bootstrap::Bootstrap(const Surroundings& surroundings, Settings settings, Ready ready)
    : around_(surroundings),
      settings_(std::move(settings)),
      ready_(std::move(ready)),
      retry_(around_.timers) {}

// What an interface is asked to call, unless something else has been asked since.
template <class... Arguments, class Handle>
auto Bootstrap::guarded(Handle handle) {
  asked_ = std::make_shared<int>();
  return [asked = std::weak_ptr(asked_), handle](Arguments... arguments) {
    if (!asked.expired()) handle(std::forward<Arguments>(arguments)...);
  };
}

void Bootstrap::start(const Address& care_of) {
  stop();
  care_of_ = care_of;
  step_ = Step::Configured;
  look_further();
}

void Bootstrap::stop() {
  asked_.reset();
  retry_.cancel();
  home_agents_.clear();
  names_.clear();
  home_agent_.reset();
  home_prefix_.reset();
  result_.reset();
}

// Names whose addresses are still to be found, then the next place to look, then a pause.
void Bootstrap::look_further() {
  if (!names_.empty()) {
    const std::string name = std::move(names_.front());
    names_.pop_front();
    return around_.names.find_addresses(
        name,
        guarded<Expected<std::vector<Address>>>([this](Expected<std::vector<Address>> addresses) {
          found(std::move(addresses).value_or(std::vector<Address>{}));
        }));
  }
  if (step_ == Step::None) {
    report("no home agent will have us");
    return retry_.set(settings_.retry, [this] { start(care_of_); });
  }
  const Step step = step_;
  step_ = static_cast<Step>(std::to_underlying(step) + 1);
  look(step);
}

void Bootstrap::look(Step step) {
  if (step == Step::Configured) return found(settings_.home_agents);
  if (step == Step::Name && !settings_.home_agent_name.empty())
    return take_names({settings_.home_agent_name});
  if (step == Step::Service && !settings_.domain.empty())
    return around_.names.find_services(
        "_mip6._ipv6." + settings_.domain,
        guarded<Expected<std::vector<NameService::Service>>>(
            [this](Expected<std::vector<NameService::Service>> services) {
              take_services(std::move(services).value_or(std::vector<NameService::Service>{}));
            }));
  if (step == Step::Dhcp && settings_.dhcp == Settings::Dhcp::Asked)
    return around_.networks.find(settings_.domain,
                                 guarded<Expected<HomeNetworks::HomeNetwork>>(
                                     [this](Expected<HomeNetworks::HomeNetwork> network) {
                                       if (!network) return look_further();
                                       for (const std::string& name : network->names)
                                         if (names_.size() < kMostOfOneAnswer)
                                           names_.push_back(name);
                                       found(std::move(network->home_agents));
                                     }));
  look_further();
}

void Bootstrap::take_names(std::vector<std::string> names) {
  if (names.size() > kMostOfOneAnswer) names.resize(kMostOfOneAnswer);
  names_.assign(names.begin(), names.end());
  look_further();
}

void Bootstrap::take_services(std::vector<NameService::Service> services) {
  if (services.size() > kMostOfOneAnswer) services.resize(kMostOfOneAnswer);
  std::vector<Address> addresses;
  for (const NameService::Service& service : in_order(std::move(services), around_.random)) {
    if (service.addresses.empty()) names_.push_back(service.name);
    addresses.insert(addresses.end(), service.addresses.begin(), service.addresses.end());
  }
  found(std::move(addresses));
}

void Bootstrap::found(std::vector<Address> home_agents) {
  std::erase_if(home_agents, [](const Address& address) { return !address.is_unicast_routable(); });
  if (home_agents.size() > kMostOfOneAnswer) home_agents.resize(kMostOfOneAnswer);
  home_agents_.assign(home_agents.begin(), home_agents.end());
  try_next();
}

void Bootstrap::try_next() {
  home_prefix_.reset();
  formed_ = 0;
  if (home_agents_.empty()) {
    home_agent_.reset();
    return look_further();
  }
  home_agent_ = home_agents_.front();
  home_agents_.pop_front();
  request(settings_.wish);
}

void Bootstrap::request(Wish wish) {
  wish_ = wish;
  around_.source.request(
      {.home_agent = *home_agent_,
       .care_of = care_of_,
       .wish = wish,
       .suggestion = wish == Wish::Assigned ? settings_.suggestion : std::nullopt},
      guarded<const HomeAddressSource::Answer&>(
          [this](const HomeAddressSource::Answer& answer) { answered(answer); }));
}

void Bootstrap::answered(const HomeAddressSource::Answer& answer) {
  if (const auto* const failure = std::get_if<Failure>(&answer)) return failed(*failure);
  if (const auto* const prefix = std::get_if<HomeAddressSource::HomePrefix>(&answer)) {
    home_prefix_ = *prefix;
    return form_home_address();
  }
  std::vector<Prefix> given = std::get<HomeAddressSource::Assigned>(answer).home_addresses;
  std::erase_if(given, [](const Prefix& home) { return !home.address.is_unicast_routable(); });
  if (given.empty()) return failed(Failure::NoAddress);
  // The first child SA is for an address that was asked for; for one given instead of a prefix
  // there is none yet.
  if (wish_ == Wish::HomePrefix) return protect(std::move(given));
  complete(std::move(given));
}

// Who has no address to give may still have a prefix to form one of (RFC 4877 9; BOOT-05).
void Bootstrap::failed(Failure failure) {
  if (failure == Failure::NoAddress) {
    around_.source.end(*home_agent_);
    if (wish_ == Wish::Assigned) return request(Wish::HomePrefix);
  }
  try_next();
}

// With the identifier of the care-of address, and at random where that one was somebody else's.
void Bootstrap::form_home_address() {
  const Prefix& prefix = home_prefix_->prefix;
  if (prefix.length > 64 || formed_ >= kMostFormed) return failed(Failure::NoAddress);
  std::array<std::uint8_t, 8> identifier{};
  if (formed_ == 0)
    std::copy_n(care_of_.bytes.begin() + 8, identifier.size(), identifier.begin());
  else
    around_.random.fill(identifier);
  ++formed_;
  protect({{address_of(prefix, identifier), prefix.length}});
}

void Bootstrap::protect(std::vector<Prefix> home_addresses) {
  const Address first = home_addresses.front().address;
  around_.source.protect(
      *home_agent_, first,
      guarded<Expected<void>>([this, home_addresses](const Expected<void>& ready) {
        if (ready) return complete(home_addresses);
        report(to_string(ready.error()));
        around_.source.end(*home_agent_);
        try_next();
      }));
}

void Bootstrap::complete(std::vector<Prefix> home_addresses) {
  result_ = Result{.home_agent = *home_agent_, .home_addresses = std::move(home_addresses)};
  const Result result = *result_;  // who hears of it may begin anew
  ready_(result);
}

// SAs of the IKE SA that is there are enough for another address (RFC 5026 5.3.2).
void Bootstrap::home_address_lost() {
  if (!result_) return;
  result_.reset();
  settings_.suggestion.reset();
  if (home_prefix_) return form_home_address();
  around_.source.end(*home_agent_);
  request(settings_.wish);
}

void Bootstrap::ike_ended() {
  if (!result_) return;
  settings_.suggestion = result_->home_addresses.front().address;
  start(care_of_);
}

void Bootstrap::report(std::string detail) const {
  around_.events.report(
      {.kind = EventKind::Refused, .care_of = care_of_, .detail = std::move(detail)});
}

}  // namespace sallyport::mip6
