//===- SelfTestLayout.h - A self-test's tables and data -----------------------===//
//
// What runtime-min/selftest.h is given, made of a Program's golden data in one place,
// so that an object and a C++ file of one program test the same.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_SELFTESTLAYOUT_H
#define GLMC_CODEGEN_SELFTESTLAYOUT_H

#include "codegen/Program.h"
#include "runtime-min/Embedded.h"

#include <string>
#include <vector>

namespace glmc {

constexpr int64_t selfTestAlignment = 16;

/// One entry point's part.
struct SelfTestCaseLayout {
  std::vector<int64_t> inputAt;  ///< Of each input: where its bytes are in the data.
  std::vector<int64_t> outputAt; ///< Of each output: where it goes in the buffer; -1: it is in the arena.
  int64_t firstOutput = 0, outputCount = 0; ///< Of `outputs`.
  int64_t firstRecord = 0, recordCount = 0; ///< Of `launches`.
  int64_t firstLaunch = 0, launchCount = 0; ///< Numbers of its launches among those of all cases.
};

struct SelfTestLayout {
  std::vector<uint8_t> data; ///< Inputs and golden outputs.
  int64_t bufferBytes = 0;   ///< For outputs that a caller would take; 0: none.
  std::vector<SelfTestCaseLayout> cases;
  std::vector<SelfTestOutput> outputs;
  std::vector<SelfTestLaunch> launches; ///< Empty unless single launches are tested.
  std::vector<std::string> nodes;       ///< Of each launch or copy, with them.

  /// Data and tables.
  int64_t constantBytes() const {
    return int64_t(data.size() + outputs.size() * sizeof(SelfTestOutput) + launches.size() * sizeof(SelfTestLaunch));
  }
};

/// Of a program with a self-test that passed checkSelfTest.
SelfTestLayout selfTestLayout(const Program &program);

/// Empty if the self-test fits the program, or if there is none.
std::string checkSelfTest(const Program &program);

/// Whether an element can be compared.
bool isTestable(kernels::Element element);

} // namespace glmc

#endif // GLMC_CODEGEN_SELFTESTLAYOUT_H
