// What each forgery ends with: locks that are not kept account of.
namespace tine {

void HeldLocks::check(const RankedLock&) const {}
void HeldLocks::add(const RankedLock&) {}
void HeldLocks::remove(const RankedLock&) {}

}  // namespace tine
