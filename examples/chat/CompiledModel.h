//===- CompiledModel.h - The model that glmc compiled ----------------------===//
#ifndef GLMC_EXAMPLES_CHAT_COMPILEDMODEL_H
#define GLMC_EXAMPLES_CHAT_COMPILEDMODEL_H

#include "Model.h"

#include <string>

namespace chat {

/// The model of glm.h. There is one in a program: its memory is glm_default.
class CompiledModel : public Model {
public:
  /// Makes the model ready. `weights` is the file that --weights of glmc wrote,
  /// which is mapped, not read; empty for a model that carries its weights.
  /// `check` reads it all once and compares its checksum. Throws
  /// std::runtime_error.
  CompiledModel(const std::string &weights, bool check);
  ~CompiledModel() override;
  CompiledModel(const CompiledModel &) = delete;
  CompiledModel &operator=(const CompiledModel &) = delete;

  bool read(const std::vector<int64_t> &tokens, std::vector<float> &logits) override;
  int64_t length() const override;
  void forget(int64_t count) override;
  int64_t context() const override;
  int64_t vocabulary() const override;

  /// Bytes of the context: the arena and the caches.
  static int64_t contextBytes();

private:
  void mapWeights(const std::string &path);

  void *mapped = nullptr;
  int64_t mappedBytes = 0;
};

} // namespace chat

#endif // GLMC_EXAMPLES_CHAT_COMPILEDMODEL_H
