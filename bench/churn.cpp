#include "bench/churn.h"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <vector>

#include "bench/machine.h"
#include "bench/pace.h"
#include "bench/tunnel_pair.h"

namespace sallyport::bench {
namespace {

constexpr unsigned kAtOnce = 64;
constexpr std::uint64_t kMostBehind = 1000;

// Names and SAs that stand ready: making them is not what is measured.
std::vector<std::string> names_of(const ChurnSettings& settings) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < settings.count; ++i)
    names.push_back(fmt::format("sa-{}", settings.first + i));
  return names;
}

std::vector<Sa> sas_of(const ChurnSettings& settings, Random& random) {
  std::vector<Sa> sas;
  for (std::uint32_t i = 0; i < settings.count; ++i) {
    Sa sa = outbound_sa(Family::V4, settings.first + i, settings.transform, random);
    sas.push_back(settings.direction == Direction::Outbound ? std::move(sa) : reversed(sa));
  }
  return sas;
}

}  // namespace

Expected<InstallationTicks> install_and_remove(RingGateway& gateway, const ChurnSettings& settings,
                                               Random& random) {
  std::vector<Sa> sas = sas_of(settings, random);
  const std::vector<std::string> names = names_of(settings);
  const std::uint64_t start = rte_rdtsc();
  for (Sa& sa : sas)
    if (const auto added = gateway.sad().add(std::move(sa)); !added)
      return std::unexpected(added.error());
  const std::uint64_t installed = rte_rdtsc();
  for (const std::string& name : names)
    if (auto removed = gateway.sad().remove(name); !removed)
      return std::unexpected(removed.error());
  gateway.rest();
  const std::uint64_t removed = rte_rdtsc();
  const auto each = [&](std::uint64_t ticks) {
    return static_cast<double>(ticks) / settings.count;
  };
  return InstallationTicks{each(installed - start), each(removed - installed)};
}

Churn::Churn(RingGateway& gateway, const ChurnSettings& settings, Random& random)
    : gateway_(gateway), names_(names_of(settings)), sas_(sas_of(settings, random)) {}

Churn::~Churn() { stop(); }

void Churn::start(double rate, int core) {
  stopping_ = false;
  installed_ = 0;
  start_ = rte_rdtsc();
  thread_ = std::thread([this, rate, core] { run(rate, core); });
}

void Churn::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

double Churn::rate() const noexcept {
  const double seconds =
      static_cast<double>(rte_rdtsc() - start_) / static_cast<double>(rte_get_tsc_hz());
  return static_cast<double>(installed_.load()) / seconds;
}

void Churn::install(std::uint64_t step) {
  const auto added = gateway_.sad().add(sas_[step % sas_.size()].duplicate());
  if (added)
    ++installed_;
  else if (failure_.empty())
    failure_ = added.error().what;
}

void Churn::remove(std::uint64_t step) {
  const auto gone = gateway_.sad().remove(names_[step % names_.size()]);
  if (!gone && failure_.empty()) failure_ = gone.error().what;
}

// In a circle: the SA that is as many steps behind as may live goes before the next one comes. What
// workers may still read is not free yet, so that room is left for it.
void Churn::run(double rate, int core) {
  stay_on(core, "churn");
  const std::uint64_t living = sas_.size() / 2;
  Pace pace(rate, static_cast<double>(rte_get_tsc_hz()), start_, kMostBehind);
  std::uint64_t step = 0;
  while (!stopping_ && failure_.empty()) {
    for (unsigned due = pace.due(rte_rdtsc(), kAtOnce); due != 0; --due, ++step) {
      if (step >= living) remove(step - living);
      install(step);
    }
    gateway_.dataplane().poll();
  }
  for (std::uint64_t left = step - std::min(step, living); left < step; ++left) remove(left);
}

}  // namespace sallyport::bench
