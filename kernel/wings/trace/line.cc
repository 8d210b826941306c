#include "wings/trace/line.hh"

#include <tine/abi.h>
#include <tine/errno.h>
#include <tine/syscall.h>

#include <algorithm>

#include "vm/user_memory.hh"

namespace tine {
namespace {

constexpr std::size_t shown_bytes = 32;   // of a string or buffer; as strace
constexpr std::size_t shown_strings = 4;  // of a vector

// ---- Values ----

void add_octal(Sink& sink, std::uint64_t value) {
  char digits[22];
  std::size_t start = sizeof digits;
  for (; value; value /= 8) digits[--start] = char('0' + value % 8);
  digits[--start] = '0';
  sink.write({digits + start, sizeof digits - start});
}

void add_flags(Sink& sink, std::uint64_t value, std::span<const NamedValue> names,
               std::string_view none) {
  std::string_view bar = "";
  for (const NamedValue& row : names) {
    if ((value & row.value) != row.value) continue;
    print(sink, "{}{}", bar, row.name);
    bar = "|";
    value &= ~row.value;
  }
  if (value || bar.empty()) {
    if (value) return print(sink, "{}0x{:x}", bar, value);
    sink.write(none);
  }
}

void add_name(Sink& sink, std::uint64_t value, std::span<const NamedValue> names) {
  std::string_view name = name_of(value, names);
  name.empty() ? print(sink, "{}", std::int64_t(value)) : sink.write(name);
}

// ---- Memory of the program; if it cannot be read, the address is printed ----

void add_pointer(Sink& sink, std::uint64_t at) {
  at ? print(sink, "0x{:x}", at) : sink.write("NULL");
}

void add_character(Sink& sink, unsigned char c) {
  if (c == '\n') return sink.write("\\n");
  if (c == '\t') return sink.write("\\t");
  if (c == '\r') return sink.write("\\r");
  if (c == '"' || c == '\\') return print(sink, "\\{}", char(c));
  if (c >= ' ' && c < 0x7f) return print(sink, "{}", char(c));
  print(sink, "\\x{:02x}", unsigned(c));
}

void add_quoted(Sink& sink, std::string_view text, bool more) {
  sink.write("\"");
  for (char c : text) add_character(sink, static_cast<unsigned char>(c));
  sink.write(more ? "\"..." : "\"");
}

void add_bytes(Sink& sink, std::uint64_t at, std::uint64_t count) {
  char bytes[shown_bytes];
  std::size_t shown = std::min(count, shown_bytes);
  if (!copy_from_user(current_space(), bytes, VirtAddr(at), shown)) return add_pointer(sink, at);
  add_quoted(sink, {bytes, shown}, count > shown);
}

void add_string(Sink& sink, std::uint64_t at) {
  char text[shown_bytes + 1];
  Result<std::size_t> length = copy_string_from_user(current_space(), text, VirtAddr(at));
  if (length) return add_quoted(sink, {text, *length}, false);
  if (length.error() != Errno::toobig) return add_pointer(sink, at);
  add_quoted(sink, {text, shown_bytes}, true);
}

void add_vector(Sink& sink, std::uint64_t at) {
  UserPtr<std::uint64_t> vector{VirtAddr(at)};
  Result<std::uint64_t> string = vector.load();
  if (!string) return add_pointer(sink, at);
  sink.write("[");
  for (std::size_t i = 0; string && *string; string = (vector + ++i).load()) {
    if (i) sink.write(", ");
    if (i == shown_strings) {
      sink.write("...");
      break;
    }
    add_string(sink, *string);
  }
  sink.write("]");
}

void add_ints(Sink& sink, std::uint64_t at, unsigned count) {
  UserPtr<int> first{VirtAddr(at)};
  int values[2] = {};
  for (unsigned i = 0; i < count; i++) {
    Result<int> value = (first + i).load();
    if (!value) return add_pointer(sink, at);
    values[i] = *value;
  }
  count == 1 ? print(sink, "[{}]", values[0]) : print(sink, "[{}, {}]", values[0], values[1]);
}

void add_time(Sink& sink, std::uint64_t at) {
  Result<tine_timespec> time = UserPtr<tine_timespec>{VirtAddr(at)}.load();
  if (!time) return add_pointer(sink, at);
  print(sink, "{{tv_sec={}, tv_nsec={}}}", time->tv_sec, time->tv_nsec);
}

bool is_output(char letter) { return letter >= 'A' && letter <= 'Z'; }

bool is_error(std::int64_t result) { return result < 0 && result > -4096; }

}  // namespace

TraceLine::TraceLine(const TrapFrame& frame, int pid)
    : sink_({bytes_, max_arguments}), number_(frame.call_number()), sepc_(frame.sepc) {
  for (unsigned n = 0; n < arguments_.size(); n++) arguments_[n] = frame.argument(n);
  if (pid) print(sink_, "[pid {}] ", pid);
  if (const CallFormat* format = find_call_format(number_)) {
    letters_ = format->arguments;
    result_ = format->result;
    print(sink_, "{}(", format->name);
  } else if (std::string_view name = name_of_call(number_); !name.empty()) {
    print(sink_, "{}(", name);
  } else {
    print(sink_, "syscall_{}(", number_);
  }
}

void TraceLine::add_inputs() { add_arguments(false, 0); }

void TraceLine::add_arguments(bool outputs, std::int64_t result) {
  for (; next_ < letters_.size(); next_++) {
    if (is_output(letters_[next_]) && !outputs) return;
    if (letters_[next_] == 'c' && !(arguments_[next_ - 1] & O_CREAT)) continue;
    if (next_) sink_.write(", ");
    add_argument(next_, result);
  }
}

void TraceLine::add_argument(unsigned n, std::int64_t result) {
  std::uint64_t value = arguments_[n];
  char letter = letters_[n];
  if (is_output(letter) && is_error(result)) letter = 'p';
  switch (letter) {
    case 'd': return print(sink_, "{}", std::int64_t(value));
    case 'u': return print(sink_, "{}", value);
    case 'p': return add_pointer(sink_, value);
    case 'm':
    case 'c': return add_octal(sink_, std::uint32_t(value));
    case 's': return add_string(sink_, value);
    case 'b': return add_bytes(sink_, value, arguments_[n + 1]);
    case 'B': return add_bytes(sink_, value, std::uint64_t(result));
    case 'v': return add_vector(sink_, value);
    case 't':
    case 'T': return add_time(sink_, value);
    case 'I': return add_ints(sink_, value, 1);
    case 'F': return add_ints(sink_, value, 2);
    case '@':
      if (int(value) == AT_FDCWD) return sink_.write("AT_FDCWD");
      return print(sink_, "{}", int(value));
    case 'f': return add_flags(sink_, std::uint32_t(value), open_flag_names, "O_RDONLY");
    case 'g': return add_flags(sink_, std::uint32_t(value), open_flag_names, "0");
    case 'r': return add_flags(sink_, value, prot_names, "PROT_NONE");
    case 'a': return add_flags(sink_, std::uint32_t(value), map_flag_names, "0");
    case 'i': return print(sink_, "{}", int(value));
    case 'k': return add_name(sink_, value, command_names);
    case 'n': return add_name(sink_, value, signal_names);
    case 'w': return add_name(sink_, value, whence_names);
    default: print(sink_, "0x{:x}", value);
  }
}

template <class... Args>
void TraceLine::end(FormatString<std::type_identity_t<Args>...> format, Args... args) {
  std::size_t length = sink_.text().size();
  BufferSink rest({bytes_ + length, sizeof bytes_ - length - 1});
  if (sink_.overflowed()) rest.write("...");
  print<Args...>(rest, format, args...);
  end_ = rest.text().size();
  bytes_[length + end_++] = '\n';
}

// sepc says what the call did. After the ecall: it has a result, in a0. On the ecall: it will be
// restarted. Elsewhere: it was execve or rt_sigreturn.
void TraceLine::add_outcome(const TrapFrame& frame, bool interrupted) {
  if (frame.sepc == sepc_) {
    add_arguments(true, -EINTR);
    return interrupted ? end(") = ? ERESTARTSYS") : end(") = ? ERESTARTNOINTR");
  }
  bool has_result = frame.sepc == sepc_ + ecall_size;
  std::int64_t result = has_result ? std::int64_t(frame.x[reg_a0]) : 0;
  add_arguments(true, result);
  has_result || number_ != SYS_rt_sigreturn ? add_result(result) : end(") = ?");
}

void TraceLine::add_no_outcome() {
  add_arguments(true, -EINTR);
  end(") = ?");
}

void TraceLine::add_result(std::int64_t result) {
  if (is_error(result)) {
    std::string_view name = name_of(std::uint64_t(-result), errno_names);
    end(") = -1 {}", name.empty() ? "?" : name);
  } else if (result_ == 'x') {
    end(") = 0x{:x}", std::uint64_t(result));
  } else {
    end(") = {}", result);
  }
}

}  // namespace tine
