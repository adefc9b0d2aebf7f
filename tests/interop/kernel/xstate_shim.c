// LD_PRELOAD shim for user-mode Linux 6.1 on processors whose XSAVE area is larger than UML's fixed
// buffer (AMX, for example): PTRACE_SETREGSET of NT_X86_XSTATE must carry the whole area. It reads
// the whole area, lays UML's prefix over it and writes that back.
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { xstate_note = 0x202, legacy_area_bytes = 512 };

static long raw_ptrace(long request, long pid, void* address, void* data) {
  return syscall(SYS_ptrace, request, pid, address, data);
}

static long set_xstate(long pid, const struct iovec* from_uml) {
  static __thread unsigned char area[65536] __attribute__((aligned(64)));
  struct iovec whole = {area, sizeof area};
  void* const note = (void*)(long)xstate_note;
  if (raw_ptrace(PTRACE_GETREGSET, pid, note, &whole) < 0) return -1;
  if (whole.iov_len <= from_uml->iov_len)
    return raw_ptrace(PTRACE_SETREGSET, pid, note, (void*)from_uml);

  // The first word after the legacy area names the components present: those past UML's copy stay.
  uint64_t before, after;
  memcpy(&before, area + legacy_area_bytes, sizeof before);
  memcpy(area, from_uml->iov_base, from_uml->iov_len);
  memcpy(&after, area + legacy_area_bytes, sizeof after);
  after = (after & 0xff) | (before & ~0xffULL);
  memcpy(area + legacy_area_bytes, &after, sizeof after);
  return raw_ptrace(PTRACE_SETREGSET, pid, note, &whole);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  const long pid = (int)va_arg(arguments, long);
  void* const address = va_arg(arguments, void*);
  void* const data = va_arg(arguments, void*);
  va_end(arguments);

  if (request == PTRACE_SETREGSET && (long)address == xstate_note) return set_xstate(pid, data);
  if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
    long word;  // the system call stores it, the C library's function returns it
    if (raw_ptrace(request, pid, address, &word) < 0) return -1;
    errno = 0;
    return word;
  }
  return raw_ptrace(request, pid, address, data);
}
