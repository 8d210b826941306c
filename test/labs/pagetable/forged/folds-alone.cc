namespace tine {
namespace {

Result<Pte*> make(PhysAddr root, VirtAddr address) { return fold(root, address); }

}  // namespace
}  // namespace tine
