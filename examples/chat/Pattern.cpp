//===- Pattern.cpp - The regular expressions of tokenizer files -----------===//
#include "Pattern.h"
#include "Utf8Stream.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cctype>
#include <stdexcept>
#include <string>

namespace chat {

namespace {

/// Oniguruma's syntax in, PCRE2's out.
class Translator {
public:
  explicit Translator(std::string_view pattern) : pattern(pattern) {}

  std::string run() {
    while (at < pattern.size()) {
      char c = pattern[at];
      if (c == '\\')
        escape();
      else if (inClass)
        classCharacter();
      else if (c == '[')
        openClass();
      else if (c == '(')
        openGroup();
      else if (c == '{')
        interval();
      else
        copy(1);
    }
    return out;
  }

private:
  [[noreturn]] void refuse(const std::string &what) const {
    throw std::runtime_error("the pattern has " + what + " at character " + std::to_string(at) +
                             ", which is not supported");
  }

  bool startsWith(std::string_view text) const { return pattern.substr(at, text.size()) == text; }

  void copy(size_t count) {
    out += pattern.substr(at, count);
    at += count;
  }

  void escape() {
    if (at + 1 == pattern.size())
      refuse("a backslash at its end");
    char c = pattern[at + 1];
    if (c == 's' || c == 'S') {
      // PCRE2's own \s has U+180E, which stopped being white space in 2013.
      out += c == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
      at += 2;
    } else if (c == 'p' || c == 'P') {
      property();
    } else if (std::string_view("dDrntf").find(c) != std::string_view::npos ||
               std::ispunct(static_cast<unsigned char>(c))) {
      copy(2);
    } else {
      refuse("'\\" + std::string(1, c) + "'");
    }
  }

  /// \p{L}, \P{L}, \p{^L}, \p{Han}.
  void property() {
    size_t end = pattern.find('}', at);
    if (at + 2 >= pattern.size() || pattern[at + 2] != '{' || end == std::string_view::npos)
      refuse("'" + std::string(pattern.substr(at, 2)) + "' without a property in braces");
    std::string_view name = pattern.substr(at + 3, end - at - 3);
    bool negated = pattern[at + 1] == 'P';
    if (!name.empty() && name[0] == '^') {
      negated = !negated;
      name.remove_prefix(1);
    }
    // One or two letters are a general category. All else is a script, which
    // PCRE2 alone would take for its extensions: \p{Han} would have U+3002.
    out += (negated ? "\\P{" : "\\p{") + std::string(name.size() > 2 ? "sc:" : "") + std::string(name) + "}";
    at = end + 1;
  }

  void openClass() {
    inClass = true;
    copy(startsWith("[^") ? 2 : 1);
    if (startsWith("]"))
      refuse("an empty class");
  }

  void classCharacter() {
    if (startsWith("["))
      refuse("a class in a class");
    if (startsWith("&&"))
      refuse("an intersection of classes");
    inClass = pattern[at] != ']';
    copy(1);
  }

  void openGroup() {
    if (startsWith("(*"))
      refuse("'(*'");
    if (!startsWith("(?"))
      return copy(1);
    for (std::string_view group : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?-i:"})
      if (startsWith(group))
        return copy(group.size());
    refuse("a group that begins with '" + std::string(pattern.substr(at, 3)) + "'");
  }

  /// {n}, {n,} and {n,m}. A '+' or '?' behind means something else in Ruby than
  /// in Perl, and so do braces with anything else in them.
  void interval() {
    size_t end = at + 1, commas = 0;
    while (end < pattern.size() && (std::isdigit(static_cast<unsigned char>(pattern[end])) || pattern[end] == ','))
      commas += pattern[end++] == ',';
    if (end == pattern.size() || pattern[end] != '}' || commas > 1 || pattern[at + 1] == ',' || end == at + 1)
      refuse("a '{' that is not {n}, {n,} or {n,m}");
    copy(end + 1 - at);
    if (startsWith("+") || startsWith("?"))
      refuse("a '" + std::string(1, pattern[at]) + "' behind braces");
  }

  std::string_view pattern;
  std::string out;
  size_t at = 0;
  bool inClass = false;
};

std::string errorText(int error) {
  unsigned char text[256];
  int length = pcre2_get_error_message(error, text, sizeof text);
  return length < 0 ? "error " + std::to_string(error) : std::string(reinterpret_cast<char *>(text));
}

} // namespace

Pattern::Pattern(std::string_view pattern, unsigned options) {
  int error;
  size_t offset;
  pcre2_code *compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &offset, nullptr);
  if (!compiled)
    throw std::runtime_error("the pattern is not a regular expression: " + errorText(error));
  code.reset(compiled, pcre2_code_free);
}

Pattern Pattern::regex(std::string_view pattern) {
  // In Ruby, ^ and $ are always at lines.
  return Pattern(Translator(pattern).run(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE);
}

Pattern Pattern::literal(std::string_view text) { return Pattern(text, PCRE2_UTF | PCRE2_LITERAL); }

std::vector<std::pair<size_t, size_t>> Pattern::matches(std::string_view text) const {
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(pcre2_match_data_create(1, nullptr),
                                                                           pcre2_match_data_free);
  std::vector<std::pair<size_t, size_t>> found;
  for (size_t at = 0; at < text.size();) {
    // The text is known to be UTF-8; checking it again at every match would
    // make this quadratic.
    int count = pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, PCRE2_NO_UTF_CHECK,
                            data.get(), nullptr);
    if (count == PCRE2_ERROR_NOMATCH)
      break;
    if (count < 0)
      throw std::runtime_error("the tokenizer's pattern cannot be matched: " + errorText(count));
    const size_t *bounds = pcre2_get_ovector_pointer(data.get());
    size_t start = bounds[0], end = bounds[1];
    if (end > start)
      found.emplace_back(start, end);
    at = end > start ? end : end < text.size() ? end + firstUnit(text.substr(end)).bytes : text.size();
  }
  return found;
}

} // namespace chat
