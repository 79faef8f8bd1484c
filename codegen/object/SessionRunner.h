//===- SessionRunner.h - Runs a stateful object of this machine ----------------===//
//
// As RunObject, but the child process lives as long as the runner and is told one
// call after another: prefill, decode, rollback, ... An object that crashes or does
// not end gives an error text, and so does every call after it. No LLVM header is
// needed to use it. One thread at a time, and the one that started it must live on.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_SESSIONRUNNER_H
#define GLMC_CODEGEN_OBJECT_SESSIONRUNNER_H

#include "codegen/Program.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace glmc::object {

struct SessionRequest {
  std::string path;         ///< The object file, whether LLVM, g++ or clang made it, or
  std::vector<char> object; ///< its bytes, if `path` is empty.
  std::string prefix;
  double timeoutSeconds = 60; ///< For one call.
  bool initialise = true;     ///< False: every call meets a zeroed context.
  // Of the program.
  int64_t contextBytes = 0, contextTokens = 0, vocabulary = 0, snapshotBytes = 0;
  bool allLogits = false;
  /// Its weights are in a file of their own: that file in memory, which init is given.
  bool weightsApart = false;
  const void *weights = nullptr;
  int64_t weightsBytes = 0;
};

/// A request with all that `program`, which has a session, knows: neither object,
/// prefix nor weights.
SessionRequest sessionRequest(const Program &program);

struct SessionAnswer {
  /// Not empty if anything was not as it should be, a status other than 0 included.
  std::string error;
  int status = 0;
  int64_t value = 0;  ///< What length gives.
  double seconds = 0; ///< Of the call in the child.
};

class SessionRunner {
public:
  /// Starts a child with an initialised context. Null with `error` set if it cannot.
  static std::unique_ptr<SessionRunner> start(const SessionRequest &request, std::string &error);
  ~SessionRunner();
  SessionRunner(const SessionRunner &) = delete;
  SessionRunner &operator=(const SessionRunner &) = delete;

  /// `logits` gets [vocabulary], or with allLogits [tokens, vocabulary]; nothing
  /// if the answer has an error.
  SessionAnswer prefill(const std::vector<int64_t> &tokens, std::vector<float> &logits);
  SessionAnswer decode(int64_t token, std::vector<float> &logits);
  SessionAnswer length();
  SessionAnswer reset();
  SessionAnswer rollback(int64_t count);
  SessionAnswer snapshot(std::vector<uint8_t> &bytes);
  SessionAnswer restore(const std::vector<uint8_t> &bytes);

private:
  class Child;
  explicit SessionRunner(std::unique_ptr<Child> child);
  std::unique_ptr<Child> child;
};

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_SESSIONRUNNER_H
