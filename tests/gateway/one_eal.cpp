// Each Gateway starts EAL, and EAL starts once a process: here the second start and those that
// follow find it running (the program is linked with --wrap).
// NOLINTBEGIN(readability-identifier-naming): the linker's names
extern "C" {
int __real_rte_eal_init(int argc, char** argv);
int __real_rte_eal_cleanup();
int __wrap_rte_eal_init(int argc, char** argv);
int __wrap_rte_eal_cleanup();
}

namespace {

int users;

}  // namespace

int __wrap_rte_eal_init(int argc, char** argv) {
  if (users == 0) {
    const int status = __real_rte_eal_init(argc, argv);
    if (status < 0) return status;
  }
  return users++;
}

int __wrap_rte_eal_cleanup() { return --users == 0 ? __real_rte_eal_cleanup() : 0; }
// NOLINTEND(readability-identifier-naming)
