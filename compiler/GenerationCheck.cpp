//===- GenerationCheck.cpp - glmc verify --generate ----------------------------===//
#include "compiler/GenerationCheck.h"

#include "codegen/object/SessionRunner.h"
#include "compiler/HostObject.h"
#include "compiler/Outputs.h"
#include "compiler/TestFolder.h"

#include "llvm/Support/FileSystem.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using glmc::object::SessionAnswer;
using glmc::reference::Tensor;

namespace glmc {
namespace {

using Tokens = std::vector<int64_t>;

/// The tokens of a tensor of i64 [1, tokens].
bool tokensOf(const Tensor &tensor, Tokens &tokens) {
  if (!tensor.type.getElementType().isInteger(64) || tensor.type.getRank() != 2 || tensor.shape()[0] != 1 ||
      tensor.size() == 0)
    return false;
  for (int64_t i = 0; i < tensor.size(); ++i)
    tokens.push_back(tensor.getInt(i));
  return true;
}

/// The token of the largest logit, the first of equal ones; -1 if one is NaN.
int64_t best(const std::vector<float> &logits) {
  if (std::any_of(logits.begin(), logits.end(), [](float logit) { return std::isnan(logit); }))
    return -1;
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

/// One generation on a runner, which any step may end with an error.
class Generation {
public:
  Generation(object::SessionRunner &runner, const Tokens &expected, int64_t vocabulary)
      : runner(runner), expected(expected), vocabulary(vocabulary) {}

  /// Greedy tokens `first` to `end` have to be the expected ones; the logits of
  /// the first are those that the last call left.
  bool follow(size_t first, size_t end, const char *when) {
    for (size_t i = first; i < end; ++i) {
      const int64_t token = best(logits);
      if (token != expected[i]) {
        outcome.error = std::string("token ") + std::to_string(i) + when + " is " + std::to_string(token) +
                        ", expected " + std::to_string(expected[i]);
        return false;
      }
      if (i + 1 < end && !decode(token))
        return false;
    }
    return true;
  }

  bool prefill(const Tokens &tokens) {
    SessionAnswer answer = runner.prefill(tokens, logits);
    outcome.prefillSeconds += answer.seconds;
    if (logits.size() > size_t(vocabulary)) // Of all tokens: the last one's.
      logits.erase(logits.begin(), logits.end() - vocabulary);
    return isRight(answer, "prefill");
  }

  bool decode(int64_t token) {
    SessionAnswer answer = runner.decode(token, logits);
    outcome.decodeSeconds += answer.seconds;
    ++outcome.decoded;
    return isRight(answer, "decode");
  }

  bool isRight(const SessionAnswer &answer, const char *call) {
    if (!answer.error.empty())
      outcome.error = std::string(call) + ": " + answer.error;
    return answer.error.empty();
  }

  std::vector<float> logits;
  GenerationOutcome outcome;

private:
  object::SessionRunner &runner;
  const Tokens &expected;
  const int64_t vocabulary;
};

} // namespace

bool readGenerations(MLIRContext &context, const std::string &folder, std::vector<GenerationCase> &cases,
                     std::string &error) {
  for (int i = 0;; ++i) {
    const std::string name = "test_generation_" + std::to_string(i), path = folder + "/" + name;
    if (!llvm::sys::fs::is_directory(path))
      return true;
    auto set = readDataSet(context, path, error);
    if (!set)
      return false;
    GenerationCase one;
    one.name = name;
    if (set->inputs.size() != 1 || set->outputs.size() != 1 || !tokensOf(set->inputs[0].tensor, one.prompt) ||
        !tokensOf(set->outputs[0].tensor, one.expected)) {
      error = path + ": error: expected input_0.pb and output_0.pb of int64 [1, tokens]";
      return false;
    }
    cases.push_back(std::move(one));
  }
}

GenerationOutcome checkGeneration(StatefulRunner &stateful, const GenerationCase &one, size_t count) {
  object::SessionRunner &runner = stateful.session();
  Generation generation(runner, one.expected, stateful.program().session->vocabulary);
  count = std::min(count, one.expected.size());
  if (!generation.isRight(runner.reset(), "reset") || !generation.prefill(one.prompt) ||
      !generation.follow(0, count, ""))
    return generation.outcome;
  // What comes next needs a token to go back by and one to go on with.
  if (count < 3)
    return generation.outcome;
  const GenerationOutcome timed = generation.outcome;
  std::vector<uint8_t> snapshot;
  const size_t half = count / 2;
  // The caches hold the prompt and all tokens but the last: back to `half` of them.
  bool right = generation.isRight(runner.rollback(int64_t(count - 1 - half)), "rollback") &&
               generation.isRight(runner.snapshot(snapshot), "snapshot") && generation.decode(one.expected[half]) &&
               generation.follow(half + 1, count, " after a rollback") &&
               generation.isRight(runner.reset(), "reset") &&
               generation.isRight(runner.restore(snapshot), "restore") && generation.decode(one.expected[half]) &&
               generation.follow(half + 1, count, " from a snapshot");
  GenerationOutcome outcome = timed;
  if (!right)
    outcome.error = generation.outcome.error;
  return outcome;
}

} // namespace glmc
