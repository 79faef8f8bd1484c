//===- AddedTokens.h - Tokens that are found in the text as they are -------===//
//
// A tokenizer's added tokens (<|user|> and the like) are no product of byte
// pairs: they are cut out of the text first, the longest that begins leftmost.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_ADDEDTOKENS_H
#define GLMC_EXAMPLES_CHAT_ADDEDTOKENS_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat {

struct AddedToken {
  uint32_t id = 0;
  std::string text;
  bool special = false;    ///< steers the model; text of users may not name it
  bool normalized = false; ///< looked for after the others
  bool stripLeft = false;  ///< takes the white space before it
  bool stripRight = false; ///< takes the white space after it
};

class AddedTokens {
public:
  void add(AddedToken token);

  /// Calls onToken or onText for the pieces of the text, in order. Special
  /// tokens count as text unless `special`.
  void split(std::string_view text, bool special, const std::function<void(const AddedToken &)> &onToken,
             const std::function<void(std::string_view)> &onText) const;

private:
  /// Whether tokens of the first or the second pass.
  using Pass = bool;

  void splitPass(std::string_view text, bool special, Pass normalized,
                 const std::function<void(const AddedToken &)> &onToken,
                 const std::function<void(std::string_view)> &onText) const;
  /// The longest token of the pass at the text's beginning, or null.
  const AddedToken *longest(std::string_view text, Pass normalized) const;

  static constexpr uint32_t none = UINT32_MAX;
  /// Tries of both passes in one array: children by node and byte, and the
  /// token that ends at a node. Nodes 0 and 1 are the roots.
  std::map<std::pair<uint32_t, unsigned char>, uint32_t> children;
  std::vector<uint32_t> ends = {none, none};
  std::vector<AddedToken> tokens;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_ADDEDTOKENS_H
