//===- Conversation.h - Turns of a chat over one context --------------------===//
//
// The model keeps what was said: a turn reads only its own new tokens. A turn
// that does not fit, or that is interrupted before its answer begins, leaves
// the conversation as it was.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_EXAMPLES_CHAT_CONVERSATION_H
#define GLMC_EXAMPLES_CHAT_CONVERSATION_H

#include "Model.h"
#include "Sampler.h"
#include "Template.h"
#include "Tokenizer.h"

#include <functional>
#include <string>

namespace chat {

struct Answer {
  enum End {
    Stop,        ///< the model ended it
    Limit,       ///< it has as many tokens as were allowed
    ContextFull, ///< there is no room for more; with no tokens: not even for the turn
    Interrupted,
  };
  End end = Stop;
  int64_t promptTokens = 0; ///< read in this turn
  int64_t tokens = 0;       ///< of the answer
  int64_t steps = 0;        ///< of decoding: how many of them were read to get the next one
  double promptSeconds = 0; ///< reading the turn
  double firstSeconds = 0;  ///< from the question to the first token
  double decodeSeconds = 0; ///< from the first token to the end
};

class Conversation {
public:
  struct Options {
    std::string system;
    std::vector<int64_t> stopIds;
    int64_t mostTokens = INT64_MAX; ///< of an answer
  };

  Conversation(Model &model, const Tokenizer &tokenizer, const Template &chatTemplate, Sampler sampler,
               Options options);

  /// Answers a text. `write` gets the answer in whole characters, as soon as
  /// they are known; `interrupted` is asked before every step.
  Answer ask(std::string_view text, const std::function<void(std::string_view)> &write,
             const std::function<bool()> &interrupted);

  /// Forgets all that was said. Random numbers go on where they are.
  void reset();

private:
  /// Reads the tokens of a turn; false, and nothing has changed, if that ended
  /// early for the reason in `end`.
  bool readTurn(const std::vector<int64_t> &tokens, const std::function<bool()> &interrupted, Answer::End &end);
  Answer::End generate(Answer &answer, const std::function<void(std::string_view)> &write,
                       const std::function<bool()> &interrupted);
  bool isStop(int64_t token) const;

  Model &model;
  const Tokenizer &tokenizer;
  const Template &chatTemplate;
  Sampler sampler;
  Options options;

  std::vector<int64_t> said;   ///< all tokens since the last reset
  std::vector<int64_t> unread; ///< the last of them, if the model has not read it
  std::vector<float> logits;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_CONVERSATION_H
