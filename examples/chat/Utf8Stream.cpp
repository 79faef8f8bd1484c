//===- Utf8Stream.cpp - Whole characters out of pieces of bytes -----------===//
#include "Utf8Stream.h"

namespace chat {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

struct Lead {
  size_t bytes;            ///< of the whole character; 0: begins none
  unsigned char low, high; ///< what the second byte may be
};

/// Unicode's table of well-formed sequences (its table 3-7): the second byte's
/// bounds keep out overlong forms, surrogates and what is beyond U+10FFFF.
Lead leadOf(unsigned char byte) {
  if (byte < 0x80)
    return {1, 0, 0};
  if (byte < 0xc2 || byte > 0xf4)
    return {0, 0, 0};
  if (byte < 0xe0)
    return {2, 0x80, 0xbf};
  if (byte < 0xf0)
    return {3, static_cast<unsigned char>(byte == 0xe0 ? 0xa0 : 0x80),
            static_cast<unsigned char>(byte == 0xed ? 0x9f : 0xbf)};
  return {4, static_cast<unsigned char>(byte == 0xf0 ? 0x90 : 0x80),
          static_cast<unsigned char>(byte == 0xf4 ? 0x8f : 0xbf)};
}

/// Appends the whole characters and replacements of `text` to `out`; returns
/// how many bytes at the end are a character's beginning.
size_t appendWhole(std::string_view text, std::string &out) {
  while (!text.empty()) {
    Utf8Unit unit = firstUnit(text);
    if (unit.kind == Utf8Unit::Cut)
      return unit.bytes;
    out += unit.kind == Utf8Unit::Whole ? text.substr(0, unit.bytes) : replacement;
    text.remove_prefix(unit.bytes);
  }
  return 0;
}

} // namespace

Utf8Unit firstUnit(std::string_view text) {
  Lead lead = leadOf(text[0]);
  if (lead.bytes == 0)
    return {Utf8Unit::Bad, 1};
  for (size_t i = 1; i < lead.bytes; ++i) {
    if (i == text.size())
      return {Utf8Unit::Cut, i};
    unsigned char byte = text[i];
    if (byte < (i == 1 ? lead.low : 0x80) || byte > (i == 1 ? lead.high : 0xbf))
      return {Utf8Unit::Bad, i};
  }
  return {Utf8Unit::Whole, lead.bytes};
}

std::string replaceInvalidUtf8(std::string_view text) {
  std::string out;
  if (appendWhole(text, out))
    out += replacement;
  return out;
}

std::string Utf8Stream::push(std::string_view bytes) {
  held += bytes;
  std::string out;
  size_t left = appendWhole(held, out);
  held.erase(0, held.size() - left);
  return out;
}

std::string Utf8Stream::finish() {
  bool cut = !held.empty();
  held.clear();
  return std::string(cut ? replacement : std::string_view());
}

} // namespace chat
