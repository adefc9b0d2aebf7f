#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>

#include <fstream>
#include <utility>

namespace sallyport {
namespace {

// A number of /proc/meminfo ("HugePages_Free", "Hugepagesize"); 0 where it is not there.
std::uint64_t meminfo(const std::string& field) {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::uint64_t value = 0;
  std::string unit;
  while (file >> name >> value && std::getline(file, unit))
    if (name == field + ":") return value;
  return 0;
}

std::uint64_t free_hugepage_megabytes() {
  return meminfo("HugePages_Free") * meminfo("Hugepagesize") / 1024;
}

bool use_hugepages(const EalSettings& settings) {
  if (settings.hugepages == Hugepages::Auto)
    return free_hugepage_megabytes() >= settings.memory_megabytes;
  return settings.hugepages == Hugepages::Yes;
}

// EAL would pin the calling thread to one core; control keeps all that it had.
std::string present_cores() {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof allowed, &allowed);
  std::string list{"0@("};
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &allowed)) list += std::to_string(core) + ',';
  list.back() = ')';  // there is one at least: the one that this runs on
  return list;
}

}  // namespace

std::vector<std::string> eal_arguments(const EalSettings& settings, Hugepages hugepages) {
  std::vector<std::string> list{"sallyport",
                                "--file-prefix=" + settings.file_prefix,
                                "--lcores=" + present_cores(),
                                "-m",
                                std::to_string(settings.memory_megabytes),
                                "--no-telemetry",
                                "--log-level=lib.eal:4",
                                hugepages == Hugepages::Yes ? "--in-memory" : "--no-huge"};
  if (settings.pci.empty()) list.emplace_back("--no-pci");
  for (const std::string& address : settings.pci) list.insert(list.end(), {"-a", address});
  list.insert(list.end(), settings.extra.begin(), settings.extra.end());
  return list;
}

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

Expected<Eal> Eal::start(const EalSettings& settings) {
  Eal eal;
  eal.hugepages_ = use_hugepages(settings);
  eal.arguments_ = eal_arguments(settings, eal.hugepages_ ? Hugepages::Yes : Hugepages::No);
  std::vector<std::string> copies = eal.arguments_;
  std::vector<char*> pointers;
  for (std::string& copy : copies) pointers.push_back(copy.data());
  if (rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) < 0)
    return fail(
        Error::Code::Io,
        "EAL does not start with \"" + joined(eal.arguments_) + "\": " + rte_strerror(rte_errno),
        eal.hugepages_ ? "free hugepages, or set [dataplane] hugepages = \"no\""
                       : "lower [limits] so that less memory is needed");
  eal.running_ = true;
  return eal;
}

Eal::Eal(Eal&& other) noexcept
    : running_(std::exchange(other.running_, false)),
      hugepages_(other.hugepages_),
      arguments_(std::move(other.arguments_)) {}

Eal::~Eal() {
  if (running_) rte_eal_cleanup();
}

}  // namespace sallyport
