//===- Template.h - How a chat is written for a model ----------------------===//
//
// GLM-4, as its tokenizer_config.json renders it, and GLM-Edge the same without
// the first two tokens:
//
//     [gMASK]<sop><|system|>\n{system}<|user|>\n{text}<|assistant|>{answer}
//
// The answers of both begin with a newline, which is not shown. An answer ends
// with one of several tokens: the end of text, the user's turn, an observation.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_TEMPLATE_H
#define GLMC_EXAMPLES_CHAT_TEMPLATE_H

#include "Tokenizer.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

/// A token that ends an answer: its name, and its id in the checkpoints that
/// were published, for files that do not list it.
struct StopToken {
  const char *name;
  int64_t id;
};

class Template {
public:
  /// `glm4`, `glm-edge` or `plain` (the text as it is, special tokens in it
  /// included: for base models); null for any other name.
  static const Template *find(std::string_view name);

  /// The tokens of a turn up to where the answer begins. The system's text, if
  /// any, comes with the first turn. Throws if the tokenizer lacks one of the
  /// template's tokens: then it belongs to another kind of model.
  std::vector<int64_t> turn(const Tokenizer &tokenizer, bool first, std::string_view system,
                            std::string_view user) const;

  /// Ids of the tokens that end an answer.
  std::vector<int64_t> stopIds(const Tokenizer &tokenizer) const;

  const char *name;
  std::vector<const char *> begin; ///< tokens before the first turn
  std::vector<StopToken> stops;
  bool hasRoles; ///< otherwise a turn is its text alone
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_TEMPLATE_H
