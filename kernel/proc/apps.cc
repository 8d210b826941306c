#include "proc/apps.hh"

#include <tine/app.h>

namespace tine {

Result<std::string_view> app_path(int app_id) {
  switch (app_id) {
#define TINE_APP_PATH(upper, number, name) \
  case number: return std::string_view("/bin/" name);
    TINE_APPS(TINE_APP_PATH)
#undef TINE_APP_PATH
    default: return Errno::noent;
  }
}

}  // namespace tine
