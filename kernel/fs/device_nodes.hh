// Character devices: the files in /dev. Each is a row of a table in device_nodes.cc.
#pragma once

#include "fs/node.hh"
#include "lib/result.hh"

namespace tine {

// Adds them all to the directory `dev`. Errors: exist, nomem.
Result<> add_device_nodes(Node& dev);

}  // namespace tine
