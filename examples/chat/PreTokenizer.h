//===- PreTokenizer.h - Cuts text into pieces that no token crosses --------===//
#ifndef GLMC_EXAMPLES_CHAT_PRETOKENIZER_H
#define GLMC_EXAMPLES_CHAT_PRETOKENIZER_H

#include "Pattern.h"

#include <string>
#include <string_view>
#include <vector>

namespace chat {

/// A list of steps; each sees the pieces that the one before it left, every
/// piece for itself.
class PreTokenizer {
public:
  /// What remains of the text where a pattern cuts it.
  enum class Keep { All, Matches, Rest };

  void addSplit(Pattern pattern, Keep keep);
  /// Puts a space before every piece that does not begin with one.
  void addPrefixSpace();

  /// The pieces of UTF-8 text, none of them empty.
  std::vector<std::string> split(std::string_view text) const;

private:
  struct Step {
    std::vector<Pattern> pattern; ///< one, or none: a prefix space
    Keep keep;
  };
  std::vector<Step> steps;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_PRETOKENIZER_H
