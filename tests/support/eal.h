// EAL for test programs: once a process, without hugepages, devices or files.
#pragma once

namespace sallyport {

// Starts EAL if this process has not yet.
void need_eal();

}  // namespace sallyport
