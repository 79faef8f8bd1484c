//===- Footprint.cpp - What a program takes of a machine's memories ------------===//
#include "compiler/Footprint.h"

#include "codegen/SelfTestLayout.h"

#include "llvm/Support/raw_ostream.h"

namespace glmc {

Footprint footprintOf(const Program &program, const object::ObjectResult &object) {
  Footprint footprint;
  footprint.code = object.codeBytes;
  footprint.constants = object.constantBytes;
  footprint.weights = object.weightBytes;
  footprint.context = object.contextBytes;
  footprint.variables = object.variableBytes;
  footprint.stack = object.stackBytes;
  footprint.functions = object.stack;
  footprint.selfTestCode = object.selfTestCodeBytes;
  if (program.selfTest) {
    footprint.selfTestConstants = selfTestLayout(program).constantBytes();
    footprint.selfTestVariables =
        object.variableBytes - object.contextBytes - (program.arenaApart ? program.arenaBytes : 0);
  }
  return footprint;
}

std::string footprintText(const Footprint &footprint) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "  flash " << footprint.flash() << " B: code " << footprint.code << ", constants " << footprint.constants
      << "; RAM " << footprint.ram() << " B: variables " << footprint.variables << " (context " << footprint.context
      << "), stack " << footprint.stack << "\n";
  if (footprint.selfTestCode)
    out << "  self-test: " << footprint.selfTestCode + footprint.selfTestConstants << " B of flash ("
        << footprint.selfTestConstants << " B constants, " << footprint.selfTestCode << " B code), "
        << footprint.selfTestVariables << " B of RAM\n";
  return text;
}

void addFootprint(llvm::json::Object &report, const Footprint &footprint, const Program &program) {
  report["code_bytes"] = footprint.code;
  report["constant_bytes"] = footprint.constants;
  report["flash_bytes"] = footprint.flash();
  report["context_bytes"] = footprint.context;
  report["variable_bytes"] = footprint.variables;
  report["ram_bytes"] = footprint.ram();
  llvm::json::Array stack;
  for (const object::StackUse &use : footprint.functions)
    stack.push_back(llvm::json::Object{{"function", use.function}, {"bytes", use.bytes}});
  report["stack"] = std::move(stack);
  if (program.selfTest)
    report["selftest"] = llvm::json::Object{{"launches", program.selfTest->launches},
                                            {"code_bytes", footprint.selfTestCode},
                                            {"constant_bytes", footprint.selfTestConstants},
                                            {"ram_bytes", footprint.selfTestVariables}};
}

} // namespace glmc
