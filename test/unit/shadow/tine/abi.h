/* Shadow of include/tine/abi.h: the host's <sched.h> has CSIGNAL, too, written otherwise. */
#pragma once

#undef CSIGNAL
#include_next <tine/abi.h>
