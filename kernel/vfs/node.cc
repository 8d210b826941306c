#include "vfs/node.hh"

#include "lib/string.hh"
#include "sched/clock.hh"

namespace tine {

constinit Spinlock attributes_lock{Rank::attributes, "attributes of nodes"};

namespace {

constexpr std::uint64_t stat_block = 512;

constinit std::atomic<std::uint64_t> next_inode{1};
constinit std::atomic<std::uint64_t> next_file_system{1};

}  // namespace

std::uint64_t new_file_system() { return next_file_system.fetch_add(1, std::memory_order_relaxed); }

void NameBuffer::set(std::string_view name) {
  length = name.size();
  memcpy(bytes, name.data(), length);
}

// A directory has two links from the start: its name, and its own ".".
Node::Node(NodeKind kind, const Attributes& attributes, std::uint64_t file_system,
           std::uint64_t inode)
    : kind_(kind),
      has_positions_(kind == NodeKind::regular || kind == NodeKind::directory),
      inode_(inode ? inode : next_inode.fetch_add(1, std::memory_order_relaxed)),
      file_system_(file_system),
      permissions_(attributes.permissions & 07777),
      user_(attributes.user),
      group_(attributes.group),
      links_(kind == NodeKind::directory ? 2 : 1),
      modified_ns_(wall_clock_ns()),
      accessed_ns_(modified()),
      changed_ns_(modified()) {}

void Node::contents_changed() {
  std::uint64_t now = wall_clock_ns();
  modified_ns_.store(now, std::memory_order_relaxed);
  changed_ns_.store(now, std::memory_order_relaxed);
}

// The first class (owner, group, others) that matches decides, even where a later one would allow
// more (POSIX, "File Access Permissions").
Result<> Attributes::check(const Credentials& who, unsigned wanted) const {
  std::uint32_t bits = permissions;
  unsigned granted = who.is_superuser() ? may_read | may_write | bits | bits >> 3 | bits >> 6
                     : who.user.effective == user ? bits >> 6
                     : who.is_in_group(group)     ? bits >> 3
                                                  : bits;
  return (granted & wanted) == wanted ? Result<>() : Errno::access;
}

Result<> Node::check_takes(const Credentials& who, const Node& entry) const {
  if (!(permissions() & S_ISVTX)) return {};
  bool free = attributes().is_owner(who) || entry.attributes().is_owner(who);
  return free ? Result<>() : Errno::perm;
}

Attributes Node::attributes() const {
  SpinGuard guard(attributes_lock);
  return attributes_now();
}

void Node::set_attributes(const Attributes& fresh) {
  permissions_.store(fresh.permissions & 07777, std::memory_order_relaxed);
  user_ = fresh.user;
  group_ = fresh.group;
  changed_ns_.store(wall_clock_ns(), std::memory_order_relaxed);
}

void Node::clear_permissions(std::uint32_t bits) {
  (void)change_attributes([&](Attributes& now) -> Result<> {
    now.permissions &= ~bits;
    return {};
  });
}

void Node::set_times(std::uint64_t accessed, std::uint64_t modified) {
  accessed_ns_.store(accessed, std::memory_order_relaxed);
  modified_ns_.store(modified, std::memory_order_relaxed);
  changed_ns_.store(wall_clock_ns(), std::memory_order_relaxed);
}

void Node::contents_read(unsigned flags) {
  std::uint64_t then = accessed();
  bool has_news = then <= modified() || then <= changed_ns_.load(std::memory_order_relaxed);
  if (has_news && !(flags & O_NOATIME)) {
    accessed_ns_.store(wall_clock_ns(), std::memory_order_relaxed);
  }
}

void Node::add_links(int more) {
  links_.fetch_add(static_cast<std::uint32_t>(more), std::memory_order_relaxed);
  changed_ns_.store(wall_clock_ns(), std::memory_order_relaxed);
}

// A file without a name gets no new one, although /proc/PID/fd/N leads to it. Relaxed: the names
// themselves are guarded by the locks of the directories.
Result<> Node::add_name() {
  std::uint32_t names = links_.load(std::memory_order_relaxed);
  do {
    if (names == 0) return Errno::noent;
  } while (!links_.compare_exchange_weak(names, names + 1, std::memory_order_relaxed));
  changed_ns_.store(wall_clock_ns(), std::memory_order_relaxed);
  return {};
}

Result<> Node::mount(RefPtr<Node> root) {
  ref();
  root->covered_ = this;
  mounted_.store(root.release(), std::memory_order_release);
  return {};
}

Result<RefPtr<Node>> parent_of(Node& directory) {
  return directory.covered() ? directory.covered()->parent() : directory.parent();
}

// Acquire here, and release where it is undone: a program that starts to run sees what the last
// writer has written.
Result<> Node::join(int side) {
  int now = writers_.load(std::memory_order_relaxed);
  do {
    if (now * side < 0) return Errno::txtbsy;
  } while (!writers_.compare_exchange_weak(now, now + side, std::memory_order_acquire,
                                           std::memory_order_relaxed));
  return {};
}

Result<> Node::truncate_by_name(std::uint64_t size) {
  TRY(start_writing());
  Result<> done = truncate(size);
  end_writing();
  return done;
}

tine_stat Node::stat() {
  Attributes now = attributes();
  std::uint64_t device = device_number(), bytes = size(), held = bytes_held(), read = accessed();
  return {
      .st_dev = file_system_,
      .st_ino = inode_,
      .st_mode = static_cast<std::uint32_t>(kind_) | now.permissions,
      .st_nlink = links_.load(std::memory_order_relaxed),
      .st_uid = now.user,
      .st_gid = now.group,
      .st_rdev = device,
      .pad1 = 0,
      .st_size = static_cast<std::int64_t>(bytes),
      .st_blksize = page_size,
      .pad2 = 0,
      .st_blocks = static_cast<std::int64_t>(held / stat_block),
      .st_atim = timespec_of(read),
      .st_mtim = timespec_of(modified_ns_.load(std::memory_order_relaxed)),
      .st_ctim = timespec_of(changed_ns_.load(std::memory_order_relaxed)),
      .unused = {},
  };
}

Result<RefPtr<Node>> Node::lookup(std::string_view) { return Errno::notdir; }
Result<RefPtr<Node>> Node::create(std::string_view, const Attributes&) { return Errno::perm; }
Result<RefPtr<Node>> Node::make_directory(std::string_view, const Attributes&) {
  return Errno::perm;
}
Result<RefPtr<Node>> Node::make_symlink(std::string_view, std::string_view, const Attributes&) {
  return Errno::perm;
}
Result<> Node::add(std::string_view, RefPtr<Node>) { return Errno::perm; }
Result<> Node::link(std::string_view, RefPtr<Node>) { return Errno::perm; }
Result<> Node::remove(std::string_view, bool, const Credentials&) { return Errno::perm; }
Result<> Node::rename(std::string_view, Node&, std::string_view, unsigned, const Credentials&) {
  return Errno::perm;
}

Result<std::size_t> Node::read(const IoPlace&, IoBuffer&) {
  return is_directory() ? Errno::isdir : Errno::inval;
}
Result<std::size_t> Node::write(IoPlace&, IoBuffer&) {
  return is_directory() ? Errno::isdir : Errno::inval;
}
Result<> Node::truncate(std::uint64_t) { return is_directory() ? Errno::isdir : Errno::inval; }
Result<std::size_t> Node::ioctl(std::uint64_t, VirtAddr) { return Errno::notty; }

}  // namespace tine
