//===- Utf8Stream.h - Whole characters out of pieces of bytes -------------===//
//
// A token of a byte-level vocabulary may end in the middle of a character. A
// terminal must not see half of one, so the bytes of a character are held back
// until the last one is there. Bytes that can belong to no character become
// U+FFFD, one for each longest piece that could have begun one, as Unicode
// recommends and as Python's and Rust's decoders do it.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_UTF8STREAM_H
#define GLMC_EXAMPLES_CHAT_UTF8STREAM_H

#include <string>
#include <string_view>

namespace chat {

/// What a text that is not empty begins with.
struct Utf8Unit {
  enum Kind {
    Whole, ///< a character of `bytes` bytes
    Cut,   ///< `bytes` bytes, all that are left, which begin a character
    Bad,   ///< `bytes` bytes that belong to no character
  };
  Kind kind;
  size_t bytes;
};

Utf8Unit firstUnit(std::string_view text);

/// The text with U+FFFD for what is not UTF-8.
std::string replaceInvalidUtf8(std::string_view text);

/// Passes text on as far as its characters are whole.
class Utf8Stream {
public:
  /// The characters that these bytes completed.
  std::string push(std::string_view bytes);
  /// What is left at the end: nothing, or U+FFFD for a character that was cut.
  std::string finish();

private:
  std::string held;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_UTF8STREAM_H
