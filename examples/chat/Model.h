//===- Model.h - What a chat needs of a language model ---------------------===//
#ifndef GLMC_EXAMPLES_CHAT_MODEL_H
#define GLMC_EXAMPLES_CHAT_MODEL_H

#include <cstdint>
#include <vector>

namespace chat {

/// A model that keeps what it has read. Faults throw std::runtime_error.
class Model {
public:
  virtual ~Model() = default;

  /// Reads tokens, one at least; false, and nothing has changed, if the context
  /// has no room for them. `logits` are those behind the last one.
  virtual bool read(const std::vector<int64_t> &tokens, std::vector<float> &logits) = 0;
  /// Tokens read so far.
  virtual int64_t length() const = 0;
  /// Forgets the last `count` of them.
  virtual void forget(int64_t count) = 0;
  /// Tokens that the context has room for.
  virtual int64_t context() const = 0;
  /// Tokens are 0 to vocabulary() - 1.
  virtual int64_t vocabulary() const = 0;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_MODEL_H
