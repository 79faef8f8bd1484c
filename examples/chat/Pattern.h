//===- Pattern.h - The regular expressions of tokenizer files -------------===//
//
// tokenizer.json holds patterns in Oniguruma's syntax (Ruby's), with Unicode
// properties and lookahead. PCRE2 runs them here: what both read alike is
// passed on, white space is translated, and what the two would read in
// different ways is refused by name, since a pattern that splits otherwise
// gives tokens that the model has never seen together.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_PATTERN_H
#define GLMC_EXAMPLES_CHAT_PATTERN_H

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

struct pcre2_real_code_8; // PCRE2's compiled pattern

namespace chat {

/// A compiled pattern. Copies share it; it never changes.
class Pattern {
public:
  /// A regular expression. Throws std::runtime_error with what is wrong in it.
  static Pattern regex(std::string_view pattern);
  /// The text itself. It may not be empty.
  static Pattern literal(std::string_view text);

  /// Begin and end of every match that is not empty, from left to right. The
  /// text must be UTF-8. Throws when matching takes PCRE2 too many steps.
  std::vector<std::pair<size_t, size_t>> matches(std::string_view text) const;

private:
  Pattern(std::string_view pattern, unsigned options);

  std::shared_ptr<pcre2_real_code_8> code;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_PATTERN_H
