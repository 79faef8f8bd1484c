//===- WeightText.h - Weights in a C++ file ----------------------------------===//
#ifndef GLMC_CODEGEN_SOURCE_WEIGHTTEXT_H
#define GLMC_CODEGEN_SOURCE_WEIGHTTEXT_H

#include "codegen/Program.h"

#include <functional>
#include <string>
#include <string_view>

namespace glmc::source {

/// Turns bytes into adjacent string literals, a comment before each weight.
class WeightPrinter {
public:
  WeightPrinter(const Program &program, const std::function<void(std::string_view)> &write)
      : program(program), write(write) {}
  void take(const uint8_t *bytes, size_t count);
  void finish();
  int64_t position() const { return at; }

private:
  void byte(uint8_t b);
  void endLine();
  const Program &program;
  const std::function<void(std::string_view)> &write;
  std::string text, line;
  size_t next = 0; ///< The weight whose bytes come next.
  int64_t at = 0;
};

} // namespace glmc::source

#endif // GLMC_CODEGEN_SOURCE_WEIGHTTEXT_H
