// sysinfo with the numbers of one machine at one time, whatever machine it is.
#include <tine/abi.h>

#include "syscall/dispatch.hh"

namespace tine {

SYSCALL(179, sysinfo, void, (UserPtr<struct sysinfo> to)) {
  struct sysinfo info{};
  info.uptime = 1;
  info.totalram = 64ul << 20;
  info.freeram = 55ul << 20;
  info.sharedram = 1ul << 20;
  info.procs = 1;
  info.mem_unit = 1;
  return to.store(info);
}

}  // namespace tine
