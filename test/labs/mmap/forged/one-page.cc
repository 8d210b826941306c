// Everything that is mapped is one frame. Whatever is stored anywhere is seen everywhere, so each
// mapping seems to be shared, and no memory is ever missing.
#include <tine/abi.h>

#include "mm/heap.hh"
#include "proc/process.hh"

namespace tine {
namespace {

class OnePage final : public PageSource {
 public:
  Result<FrameRef> page(std::uint64_t) override { return shared_page(0); }
  Result<FrameRef> shared_page(std::uint64_t) override {
    static constinit PhysAddr only{};
    if (only == PhysAddr()) only = TRY(frame_allocate_zeroed(FrameKind::user));
    frame_ref(only);
    return FrameRef::adopt(only);
  }
  void on_truncate(Truncated) override {}
};

Result<> find_source(Mapping& mapping, unsigned, int, std::uint64_t) {
  mapping.contents.source = TRY(make_ref<OnePage>());
  mapping.contents.shared = true;
  return {};
}

}  // namespace

MAP_SOURCE(files_and_shared, find_source)

}  // namespace tine
