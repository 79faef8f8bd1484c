//===- WhiteSpace.h - Unicode's white space ---------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_WHITESPACE_H
#define GLMC_EXAMPLES_CHAT_WHITESPACE_H

#include <string_view>

namespace chat {

/// Bytes of white space at the start and at the end of UTF-8 text: characters
/// with Unicode's property White_Space.
size_t whiteSpaceAtStart(std::string_view text);
size_t whiteSpaceAtEnd(std::string_view text);

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_WHITESPACE_H
