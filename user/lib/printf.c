/*
 * The printf family: %d %i %u %x %X %o %p %s %c %%, with l, ll, z, t and h, the flags 0 - + and #,
 * a width and a precision (either may be *). No floating point. One function, tine_format, passes
 * characters to a sink. Those that write to files are in stdio.c.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef void emit_fn(void* sink, char c);

struct output {
  emit_fn* emit;
  void* sink;
};

struct spec {
  int left, zero, plus, prefix; /* the flags - 0 + # */
  int width;
  int precision; /* -1: none given */
  char length;   /* 0, h (also hh), l (also ll, z, t) */
};

void tine_format(emit_fn* emit, void* sink, const char* format, va_list list);

static void repeat(struct output* out, char c, int n) {
  while (n-- > 0) out->emit(out->sink, c);
}

static void put_padded(struct output* out, const struct spec* spec, const char* text, int length) {
  if (!spec->left) repeat(out, ' ', spec->width - length);
  for (int i = 0; i < length; i++) out->emit(out->sink, text[i]);
  if (spec->left) repeat(out, ' ', spec->width - length);
}

static void put_string(struct output* out, const struct spec* spec, const char* text) {
  if (text == NULL) text = "(null)";
  size_t limit = spec->precision < 0 ? INT32_MAX : (size_t)spec->precision;
  put_padded(out, spec, text, (int)strnlen(text, limit));
}

/* sign is "", "-", "+", "0" or "0x": it is printed before the zeros but after the blanks. */
static void put_number(struct output* out, const struct spec* spec, uint64_t value, unsigned base,
                       int upper, const char* sign) {
  char digits[24]; /* 64 bits in octal are 22 digits */
  int n = 0;
  for (; value != 0; value /= base) {
    digits[n++] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
  }
  int least = spec->precision < 0 ? 1 : spec->precision;
  int sign_length = (int)strlen(sign);
  int zeros = least > n ? least - n : 0;
  if (spec->zero && !spec->left && spec->precision < 0) {
    int room = spec->width - sign_length - n;
    if (room > zeros) zeros = room;
  }
  int blanks = spec->width - sign_length - zeros - n;
  if (!spec->left) repeat(out, ' ', blanks);
  while (*sign != 0) out->emit(out->sink, *sign++);
  repeat(out, '0', zeros);
  while (n > 0) out->emit(out->sink, digits[--n]);
  if (spec->left) repeat(out, ' ', blanks);
}

static int parse_int(const char** format, va_list* list) {
  if (**format == '*') {
    (*format)++;
    return va_arg(*list, int);
  }
  int value = 0;
  for (; isdigit(**format); (*format)++) value = value * 10 + (**format - '0');
  return value;
}

/* Reads the text between % and the conversion's letter; leaves *format at that letter. */
static struct spec parse_spec(const char** format, va_list* list) {
  struct spec spec = {.precision = -1};
  for (;; (*format)++) {
    char c = **format;
    if (c == '-')
      spec.left = 1;
    else if (c == '0')
      spec.zero = 1;
    else if (c == '+')
      spec.plus = 1;
    else if (c == '#')
      spec.prefix = 1;
    else
      break;
  }
  spec.width = parse_int(format, list);
  if (spec.width < 0) {
    spec.left = 1;
    spec.width = -spec.width;
  }
  if (**format == '.') {
    (*format)++;
    spec.precision = parse_int(format, list);
  }
  for (; **format != 0 && strchr("hlzt", **format) != NULL; (*format)++) {
    spec.length = **format == 'h' ? 'h' : 'l';
  }
  return spec;
}

static int64_t next_signed(const struct spec* spec, va_list* list) {
  if (spec->length == 'l') return va_arg(*list, long);
  int value = va_arg(*list, int);
  return spec->length == 'h' ? (short)value : value;
}

static uint64_t next_unsigned(const struct spec* spec, va_list* list) {
  if (spec->length == 'l') return va_arg(*list, unsigned long);
  unsigned value = va_arg(*list, unsigned);
  return spec->length == 'h' ? (unsigned short)value : value;
}

static void convert(struct output* out, const struct spec* spec, char letter, va_list* list) {
  switch (letter) {
    case 'd':
    case 'i': {
      int64_t value = next_signed(spec, list);
      const char* sign = value < 0 ? "-" : spec->plus ? "+" : "";
      put_number(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, 0, sign);
      break;
    }
    case 'u': put_number(out, spec, next_unsigned(spec, list), 10, 0, ""); break;
    case 'o':
      put_number(out, spec, next_unsigned(spec, list), 8, 0, spec->prefix ? "0" : "");
      break;
    case 'x':
    case 'X':
      put_number(out, spec, next_unsigned(spec, list), 16, letter == 'X', spec->prefix ? "0x" : "");
      break;
    case 'p': put_number(out, spec, (uintptr_t)va_arg(*list, void*), 16, 0, "0x"); break;
    case 's': put_string(out, spec, va_arg(*list, const char*)); break;
    case 'c': {
      char c = (char)va_arg(*list, int);
      put_padded(out, spec, &c, 1);
      break;
    }
    default: out->emit(out->sink, letter); /* %%, and unknown letters, are printed as they are */
  }
}

void tine_format(emit_fn* emit, void* sink, const char* format, va_list list) {
  struct output out = {.emit = emit, .sink = sink};
  va_list arguments; /* a copy, because a pointer to a va_list parameter may have another type */
  va_copy(arguments, list);
  for (; *format != 0; format++) {
    if (*format != '%') {
      emit(sink, *format);
      continue;
    }
    format++;
    struct spec spec = parse_spec(&format, &arguments);
    if (*format == 0) break;
    convert(&out, &spec, *format, &arguments);
  }
  va_end(arguments);
}

struct string_sink {
  char* to;
  size_t size;
  size_t length; /* the length of the whole text, without its 0 */
};

static void emit_to_string(void* sink, char c) {
  struct string_sink* string = sink;
  if (string->length + 1 < string->size) string->to[string->length] = c;
  string->length++;
}

int vsnprintf(char* to, size_t size, const char* format, va_list arguments) {
  struct string_sink string = {.to = to, .size = size, .length = 0};
  tine_format(emit_to_string, &string, format, arguments);
  if (size > 0) to[string.length < size ? string.length : size - 1] = 0;
  return (int)string.length;
}

int snprintf(char* to, size_t size, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(to, size, format, arguments);
  va_end(arguments);
  return length;
}
