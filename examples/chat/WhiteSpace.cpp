//===- WhiteSpace.cpp - Unicode's white space -------------------------------===//
#include "WhiteSpace.h"

namespace chat {

namespace {

/// All characters of the property: U+0009 to U+000D, U+0020, U+0085, U+00A0,
/// U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
constexpr std::string_view spaces[] = {
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80"};

/// The space at the start, or at the end, of the text; empty if there is none.
std::string_view spaceAt(std::string_view text, bool end) {
  for (std::string_view space : spaces)
    if (text.size() >= space.size() && text.substr(end ? text.size() - space.size() : 0, space.size()) == space)
      return space;
  return {};
}

size_t run(std::string_view text, bool end) {
  size_t bytes = 0;
  for (std::string_view space; !(space = spaceAt(text, end)).empty(); bytes += space.size())
    end ? text.remove_suffix(space.size()) : text.remove_prefix(space.size());
  return bytes;
}

} // namespace

size_t whiteSpaceAtStart(std::string_view text) { return run(text, false); }

size_t whiteSpaceAtEnd(std::string_view text) { return run(text, true); }

} // namespace chat
