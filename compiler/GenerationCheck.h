//===- GenerationCheck.h - glmc verify --generate ------------------------------===//
//
// A folder's test_generation_0, test_generation_1, ... hold a prompt, input_0.pb,
// and the tokens that follow it greedily, output_0.pb, both i64 [1, tokens]. They
// were computed without state, each token from all before it (make_generations.py
// in test/models). A program with state has to come to the same tokens through
// prefill and decode, and again after a rollback and from a snapshot.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_GENERATIONCHECK_H
#define GLMC_COMPILER_GENERATIONCHECK_H

#include "compiler/StatefulRunner.h"

namespace glmc {

struct GenerationCase {
  std::string name;
  std::vector<int64_t> prompt, expected;
};

/// Of a folder, in order of their number; none if it has none. False: `error` is
/// the line to print.
bool readGenerations(mlir::MLIRContext &context, const std::string &folder, std::vector<GenerationCase> &cases,
                     std::string &error);

/// What came of one case.
struct GenerationOutcome {
  std::string error; ///< Empty: all tokens are the expected ones.
  double prefillSeconds = 0, decodeSeconds = 0;
  size_t decoded = 0; ///< Calls of decode that decodeSeconds are of.
};

/// Generates the first `count` expected tokens of a case.
GenerationOutcome checkGeneration(StatefulRunner &stateful, const GenerationCase &one, size_t count);

} // namespace glmc

#endif // GLMC_COMPILER_GENERATIONCHECK_H
