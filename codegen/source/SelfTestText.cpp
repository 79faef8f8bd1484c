//===- SelfTestText.cpp - A self-test, as text --------------------------------===//
#include "codegen/source/SelfTestText.h"

#include "codegen/SelfTestLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/source/RuntimePieces.h"
#include "codegen/source/SourcePrinter.h"

#include <cstdio>
#include <sstream>

namespace glmc::source {

std::string selfTestDeclarations(const Program &program, const EmitOptions &options) {
  const SelfTestLayout layout = selfTestLayout(program);
  const std::string &prefix = options.prefix, macros = macroPrefix(options);
  const bool launches = program.selfTest->launches;
  std::string what =
      "Runs the model on inputs that are compiled in and compares its outputs with what they should be: "
      "floats to a thousandth of the largest, integers and all of exact arithmetic bit for bit. " +
      macros + "_OK: they are. " + macros + "_ERROR_SELFTEST: they are not, and *first_bad_launch is " +
      (launches ? "the number of the first launch that leaves something else, from 0 on over all entry "
                  "points"
                : "-1: compiled with --selftest=layers it is the first launch that departs") +
      ". A run in the same context is at an end" + (program.session ? ", and its tokens are forgotten.\n" : ".\n") +
      "It takes " + std::to_string(layout.constantBytes()) + " bytes of constants and " +
      std::to_string(layout.bufferBytes) + " of RAM beside the context's, if something calls it; one call at a time.";
  std::string text = commentLines(what, "   ");
  text.replace(0, 3, "/* ");
  text.insert(text.size() - 1, " */");
  text += "int " + prefix + "_selftest(" + prefix + "_context *context, int32_t *first_bad_launch);\n\n";
  if (launches)
    text += "/* The nodes of the model that a launch computes; \"\" of other numbers. */\nconst char *" + prefix +
            "_launch_nodes(int32_t launch);\n\n";
  return text;
}

/// A string literal of any bytes, in lines.
static std::string literal(const std::vector<uint8_t> &bytes) {
  std::string text, line;
  for (uint8_t byte : bytes) {
    const bool plain = byte >= ' ' && byte < 127 && byte != '"' && byte != '\\' && byte != '?';
    const char octal[] = {'\\', (char)('0' + (byte >> 6)), (char)('0' + (byte >> 3 & 7)), (char)('0' + (byte & 7)), 0};
    line += plain ? std::string(1, (char)byte) : octal;
    if (line.size() >= 108) {
      text += "    \"" + line + "\"\n";
      line.clear();
    }
  }
  return text + "    \"" + line + "\"";
}

/// A float that reads back as it is.
static std::string number(float value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  const std::string plain = text;
  return plain + (plain.find_first_of(".e") == std::string::npos ? ".0f" : "f");
}

static std::string placeText(int32_t inArena, int32_t at, int32_t element, int32_t count) {
  return "{" + std::to_string(inArena) + ", " + std::to_string(at) + ", " + std::to_string(element) + ", " +
         std::to_string(count) + "}";
}

/// Data, tables and what walks over them.
static std::string selfTestTables(const SelfTestLayout &layout, bool launches) {
  std::ostringstream out;
  out << "#define GLMC_SELFTEST_LINKAGE static\n"
      << runtimePiece("selftest.h", "selftest_types") << "\n"
      << runtimePiece("selftest.cpp", "selftest") << (launches ? runtimePiece("selftest.cpp", "selftest_launches") : "")
      << "#undef GLMC_SELFTEST_LINKAGE\n\n"
      << "// Inputs and what comes out of them.\nalignas(16) static const char selftestData[] =\n"
      << literal(layout.data) << ";\n\n"
      << "// Where an output is, as what, how many elements; where it is in the data; whether its bits count.\n"
      << "static const struct glmc_selftest_output selftestOutputs[] = {\n";
  for (const SelfTestOutput &output : layout.outputs)
    out << "    {" << placeText(output.inArena, output.at, output.element, output.count) << ", " << output.expected
        << ", " << output.isExact << ", " << number(output.tolerance) << "},\n";
  out << "};\n";
  if (launches) {
    out << "\n// Launch, where it writes, then mean, mean magnitude, least, greatest and tolerance.\n"
           "static const struct glmc_selftest_launch selftestLaunches[] = {\n";
    for (const SelfTestLaunch &launch : layout.launches)
      out << "    {" << launch.launch << ", " << placeText(launch.inArena, launch.at, launch.element, launch.count)
          << ", " << number(launch.mean) << ", " << number(launch.magnitude) << ", " << number(launch.least) << ", "
          << number(launch.most) << ", " << number(launch.tolerance) << "},\n";
    if (layout.launches.empty()) // Nothing that can be looked at.
      out << "    {-1, {0, 0, 0, 0}, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f},\n";
    out << "};\n";
  }
  if (layout.bufferBytes)
    out << "\nalignas(16) static uint8_t selftestBuffer[" << layout.bufferBytes << "];\n";
  return out.str();
}

/// Runs one entry point, or starts it, and compares.
std::string SourcePrinter::selfTestCase(size_t number, const SelfTestLayout &layout) {
  const SelfTestCaseLayout &one = layout.cases[number];
  const int entryNumber = program.selfTest->cases[number].entry;
  const EntryPoint &entry = program.entryPoints[entryNumber];
  const bool launches = program.selfTest->launches;
  const std::string start = launches ? "_start" : "", buffer = layout.bufferBytes ? "selftestBuffer" : "0",
                    arena = program.arenaBytes ? arenaText(program) : "0";
  const auto in = [&](size_t i) { return "selftestData + " + std::to_string(one.inputAt[i]); };
  std::string text;
  std::vector<std::string> arguments = {"context"};
  if (sessionSteps(program)[entryNumber]) {
    text += "  " + prefix + "_reset(context);\n";
    arguments.insert(arguments.end(),
                     {"(const int64_t *)(const void *)(" + in(0) + ")", std::to_string(entry.inputs[0].type.elements()),
                      "(float *)(void *)selftestBuffer"});
    text += callLines("  status = " + prefix + "_prefill" + start + "(", arguments, ");");
  } else {
    for (size_t i = 0; i < entry.inputs.size(); ++i) {
      const Place &place = entry.inputs[i].place;
      if (place.memory == Memory::arena)
        text += "  __builtin_memcpy(" + arenaText(program) + " + " + std::to_string(place.offset) + ", " + in(i) +
                ", " + std::to_string(entry.inputs[i].type.storageBytes()) + ");\n";
      else
        arguments.push_back("(const " + pointee(entry.inputs[i].type.element) + " *)(const void *)(" + in(i) + ")");
    }
    for (size_t i = 0; i < entry.outputs.size(); ++i)
      if (one.outputAt[i] >= 0)
        arguments.push_back("(" + pointee(entry.outputs[i].type.element) + " *)(void *)(selftestBuffer + " +
                            std::to_string(one.outputAt[i]) + ")");
    text += callLines("  status = " + prefix + "_" + entry.name + start + "(", arguments, ");");
  }
  text += "  if (status != " + macros + "_OK)\n    return status;\n";
  if (launches)
    text += callLines("  *first_bad_launch = glmc_selftest_launches(",
                      {"selftestLaunches + " + std::to_string(one.firstRecord), std::to_string(one.recordCount),
                       std::to_string(one.firstLaunch), "selftestStep", "context", arena, buffer},
                      ");") +
            "  if (*first_bad_launch >= 0)\n    return " + macros + "_ERROR_SELFTEST;\n";
  text += callLines("  if (!glmc_selftest_outputs(",
                    {"selftestOutputs + " + std::to_string(one.firstOutput), std::to_string(one.outputCount), arena,
                     buffer, "selftestData"},
                    ")) {");
  if (launches)
    text += "    *first_bad_launch = " + std::to_string(one.firstLaunch + one.launchCount - 1) + ";\n";
  return text + "    return " + macros + "_ERROR_SELFTEST;\n  }\n";
}

std::string SourcePrinter::selfTestInternals() {
  const bool launches = program.selfTest->launches;
  std::string text = banner("Self-test") + "\n" + selfTestTables(selfTestLayout(program), launches);
  if (launches)
    text += "\nstatic int selftestStep(void *context, int32_t budget) {\n  return " + prefix + "_step((" + prefix +
            "_context *)context, budget);\n}\n";
  return text;
}

std::string SourcePrinter::selfTestFunctions() {
  const SelfTestLayout layout = selfTestLayout(program);
  std::string text =
      "\nint " + prefix + "_selftest(" + prefix +
      "_context *context, int32_t *first_bad_launch) {\n  if (!context || !first_bad_launch)\n    return " + macros +
      "_ERROR_NULL;\n  if (context->ready != readyMark)\n    return " + macros +
      "_ERROR_NOT_INITIALISED;\n  *first_bad_launch = -1;\n  int status;\n";
  for (size_t i = 0; i < layout.cases.size(); ++i)
    text += selfTestCase(i, layout);
  if (program.session)
    text += "  " + prefix + "_reset(context);\n";
  text += "  return " + macros + "_OK;\n}\n";
  if (!program.selfTest->launches)
    return text;
  text += "\nconst char *" + prefix + "_launch_nodes(int32_t launch) {\n  switch (launch) {\n";
  for (size_t i = 0; i < layout.nodes.size(); ++i)
    text += "  case " + std::to_string(i) + ":\n    return " + quoted(layout.nodes[i]) + ";\n";
  return text + "  default:\n    return \"\";\n  }\n}\n";
}

} // namespace glmc::source
