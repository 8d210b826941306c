// App ids (<tine/app.h>): small numbers for the programs that exec(app_id) starts. An id names the
// file /bin/NAME; there is no second store of images.
#pragma once

#include <string_view>

#include "lib/result.hh"

namespace tine {

// The path of an app's file. Errors: noent.
Result<std::string_view> app_path(int app_id);

// The last component of a path.
constexpr std::string_view base_name(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

}  // namespace tine
