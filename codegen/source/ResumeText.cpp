//===- ResumeText.cpp - Runs in pieces, as text --------------------------------===//
//
// Each entry point has a function that runs one of its launches or copies by number;
// step counts them. Of a session, runtime-min's functions do.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/ResumeText.h"

#include "codegen/ResumeLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/source/SessionText.h"
#include "codegen/source/SourcePrinter.h"

#include <sstream>

namespace glmc::source {

std::string startSignature(const EntryPoint &entry, const EmitOptions &options) {
  EntryPoint start = entry;
  start.name += "_start";
  return entrySignature(start, options);
}

/// `text`, each line of it two columns further in.
static std::string indented(const std::string &text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);)
    out += "  " + line + "\n";
  return out;
}

/// What a run in pieces does between two calls, in a comment of the header.
std::string resumeDeclarations(const Program &program, const EmitOptions &options) {
  const std::string &prefix = options.prefix, macros = macroPrefix(options);
  const std::vector<bool> steps = sessionSteps(program);
  std::string enders, first = program.session ? "prefill" : "", arguments = "prompt, promptTokens, logits";
  if (program.session)
    for (const char *name : {"prefill", "decode", "reset", "rollback", "restore"})
      enders += prefix + "_" + name + ", ";
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i])
      continue;
    const EntryPoint &entry = program.entryPoints[i];
    enders += prefix + "_" + entry.name + ", ";
    if (first.empty()) {
      first = entry.name;
      arguments = "...";
    }
  }
  std::string text = "/* Runs in pieces, for whoever has something else to do meanwhile:\n\n     " + prefix + "_" +
                     first + "_start(&context, " + arguments + ");\n     while (" + prefix +
                     "_step(&context, 4) == " + macros + "_MORE)\n       feed_the_watchdog();\n\n";
  std::string what = "A start function takes what the function of its name takes, checks it and writes it down. " +
                     prefix + "_step then goes on by `budget` launches or copies and returns " + macros + "_MORE, or " +
                     macros + "_OK once the run is done. The results are those of " + prefix + "_" + first +
                     ", bit for bit. Until then inputs have to stay as they are, and outputs are not complete.";
  what += "\nA context remembers one run: another start forgets it; " + enders + prefix + "_init end it.";
  if (program.session)
    what += " What it took by then is taken: " + prefix + "_length says how many tokens that is.";
  what +=
      "\n" + macros + "_ERROR_IDLE: there is no run to go on with. " + macros + "_ERROR_COUNT: budget is less than 1.";
  text += commentLines(what, "   ");
  text.insert(text.size() - 1, " */");
  text += "int " + prefix + "_step(" + prefix + "_context *context, int32_t budget);\n\n";
  if (program.session)
    text += "int " + prefix + "_prefill_start(" + prefix +
            "_context *context, const int64_t *tokens, int64_t count, float *logits);\nint " + prefix +
            "_decode_start(" + prefix + "_context *context, int64_t token, float *logits);\n\n";
  return text;
}

/// Runs launch or copy number `position`; 1 if it was the last.
std::string SourcePrinter::advanceCases(const EntryPoint &entry) {
  std::string text = "  switch (position) {\n";
  for (size_t i = 0; i < entry.steps.size(); ++i) {
    const bool isLast = i + 1 == entry.steps.size();
    text += (isLast ? std::string("  default:\n") : "  case " + std::to_string(i) + ":\n") +
            indented(step(entry, entry.steps[i])) + "    return " + (isLast ? "1" : "0") + ";\n";
  }
  return (entry.steps.empty() ? "  (void)position;\n  return 1;\n" : text + "  }\n") + "}\n";
}

std::string SourcePrinter::advanceEntry(const EntryPoint &entry) {
  const ParameterNames names = parameterNames(entry);
  std::string text = "static int advance_" + entry.name + "(" + prefix + "_context *context, uint32_t position) {\n";
  int64_t word = 0;
  const auto load = [&](const std::vector<Parameter> &list, const std::vector<std::string> &cNames, Memory memory) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (list[i].place.memory == Memory::arena)
        continue;
      if (uses(memory, entry, int(i)))
        text += std::string("  ") + (memory == Memory::input ? "const " : "") + "void *" + cNames[i] +
                ";\n  __builtin_memcpy(&" + cNames[i] + ", &context->run[" + std::to_string(word) + "], sizeof " +
                cNames[i] + ");\n";
      ++word;
    }
  };
  load(entry.inputs, names.inputs, Memory::input);
  load(entry.outputs, names.outputs, Memory::output);
  const std::string body = locals(entry) + advanceCases(entry);
  if ((text + body).find("context->") == std::string::npos && body.find("weightsOf(") == std::string::npos)
    text += "  (void)context;\n";
  return text + body;
}

std::string SourcePrinter::startFunction(const EntryPoint &entry, int64_t first) {
  const ParameterNames names = parameterNames(entry);
  std::string text = startSignature(entry, options) + " {\n" + entryChecks(entry);
  int64_t word = 0;
  const auto store = [&](const std::vector<Parameter> &list, const std::vector<std::string> &cNames) {
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].place.memory != Memory::arena)
        text += "  __builtin_memcpy(&context->run[" + std::to_string(word++) + "], &" + cNames[i] + ", sizeof " +
                cNames[i] + ");\n";
  };
  store(entry.inputs, names.inputs);
  store(entry.outputs, names.outputs);
  return text + "  context->position = " + std::to_string(first) + ";\n  return " + macros + "_OK;\n}\n";
}

/// One launch or copy of a session's step.
std::string SourcePrinter::advanceSessionStep(const EntryPoint &entry) {
  const ParameterNames names = parameterNames(entry);
  std::string signature = stepSignature(entry, options);
  signature.replace(0, signature.find('('), "static int advance_" + entry.name);
  signature.insert(signature.size() - 1, ", uint32_t position");
  const std::string body = locals(entry) + advanceCases(entry);
  std::string text = signature + " {\n";
  if (body.find("context->") == std::string::npos && body.find("weightsOf(") == std::string::npos)
    text += "  (void)context;\n";
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    if (!uses(Memory::input, entry, int(i)))
      text += "  (void)" + names.inputs[i] + ";\n";
  return text + body;
}

/// As runtime-min's glmc_session_advance.
std::string SourcePrinter::advanceSession() {
  std::string text;
  bool choosesRow = false;
  std::string cases;
  for (size_t i = 0; i < program.session->steps.size(); ++i) {
    const EntryPoint &entry = program.entryPoints[program.session->steps[i].entry];
    text += "\n" + advanceSessionStep(entry);
    choosesRow |= entry.inputs.size() > 1;
    const bool isLast = i + 1 == program.session->steps.size();
    cases += (isLast ? std::string("  default:\n") : "  case " + std::to_string(i) + ":\n") + "    return advance_" +
             entry.name + "(context, tokens, " + (entry.inputs.size() > 1 ? "last, " : "") + "logits, at);\n";
  }
  return text +
         "\nstatic int advanceStep(void *storage, int step, uint32_t at, const int64_t *tokens, const int64_t "
         "*last,\n" +
         "                       float *logits) {\n  " + prefix + "_context *const context = (" + prefix +
         "_context *)storage;\n" + (choosesRow ? "" : "  (void)last;\n") + "  switch (step) {\n" + cases + "  }\n}\n";
}

/// What step and the start functions call, before the public functions.
std::string SourcePrinter::resumeInternals() {
  std::string text = banner("Runs in pieces");
  for (size_t i = 0; i < program.entryPoints.size(); ++i)
    if (resumeLayout(program).first[i])
      text += "\n" + advanceEntry(program.entryPoints[i]);
  return text + (program.session ? advanceSession() : "");
}

std::string SourcePrinter::resumeFunctions() {
  const ResumeLayout resume = resumeLayout(program);
  std::string text, advance;
  for (size_t i = 0; i < program.entryPoints.size(); ++i) {
    const EntryPoint &entry = program.entryPoints[i];
    const int64_t first = resume.first[i];
    if (!first)
      continue;
    text += "\n" + startFunction(entry, first);
    advance += "at < " + std::to_string(first + positionsOf(entry)) + " ? advance_" + entry.name + "(context, at - " +
               std::to_string(first) + ") : ";
  }
  if (program.session)
    text += "\nint " + prefix + "_prefill_start(" + prefix +
            "_context *context, const int64_t *tokens, int64_t count, float *logits) {\n" +
            "  return glmc_session_start_prefill(&sessionTable, context, tokens, count, logits);\n}\n\nint " + prefix +
            "_decode_start(" + prefix + "_context *context, int64_t token, float *logits) {\n" +
            "  return glmc_session_start_decode(&sessionTable, context, token, logits);\n}\n";
  text += "\nint " + prefix + "_step(" + prefix + "_context *context, int32_t budget) {\n  if (!context)\n    return " +
          macros + "_ERROR_NULL;\n  if (context->ready != readyMark)\n    return " + macros +
          "_ERROR_NOT_INITIALISED;\n  if (budget < 1)\n    return " + macros + "_ERROR_COUNT;\n" +
          (advance.empty() ? "" : "  uint32_t at = context->position;\n") + "  if (!" +
          (advance.empty() ? "context->position" : "at") + ")\n    return " + macros + "_ERROR_IDLE;\n";
  const std::string forward = "return glmc_session_step(&sessionTable, advanceStep, context, budget);\n";
  if (advance.empty())
    return text + "  " + forward + "}\n";
  if (program.session)
    text += "  if (at <= " + std::to_string(resume.sessionPositions) + ")\n    " + forward;
  return text + "  for (; budget > 0; --budget, ++at)\n    if (const int done = " + advance +
         "-1) {\n      context->position = 0;\n      return done > 0 ? " + macros + "_OK : " + macros +
         "_ERROR_IDLE;\n    }\n  context->position = at;\n  return " + macros + "_MORE;\n}\n";
}

} // namespace glmc::source
