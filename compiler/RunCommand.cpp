//===- RunCommand.cpp - glmc run ----------------------------------------------===//
#include "compiler/DiagnosticPrinter.h"
#include "compiler/GivenInputs.h"
#include "compiler/ModelRunner.h"
#include "compiler/TensorFile.h"
#include "compiler/WriteFile.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>

using namespace mlir;
using glmc::reference::Tensor;

namespace glmc {
namespace {

/// Elements of an output that are printed.
constexpr int64_t shownElements = 8;

std::string elementText(const Tensor &tensor, int64_t i) {
  return isa<FloatType>(tensor.type.getElementType()) ? shortNumber(tensor.getFloat(i), 6)
                                                      : std::to_string(tensor.getInt(i));
}

struct Statistics {
  double least = INFINITY, most = -INFINITY, sum = 0;
  int64_t notFinite = 0;
};

Statistics statisticsOf(const Tensor &tensor) {
  Statistics statistics;
  const bool isFloat = isa<FloatType>(tensor.type.getElementType());
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const double value = isFloat ? tensor.getFloat(i) : double(tensor.getInt(i));
    statistics.notFinite += !std::isfinite(value);
    statistics.least = std::min(statistics.least, value);
    statistics.most = std::max(statistics.most, value);
    statistics.sum += value;
  }
  return statistics;
}

void printOutput(const Slot &slot, const Tensor &tensor) {
  std::string text = slot.name + ": " + describeType(tensor.type) + "\n ";
  for (int64_t i = 0; i < std::min(tensor.size(), shownElements); ++i)
    text += " " + elementText(tensor, i);
  text += tensor.size() > shownElements ? " ...\n" : "\n";
  if (tensor.size() > 0) {
    const Statistics statistics = statisticsOf(tensor);
    text += "  min " + shortNumber(statistics.least, 6) + ", max " + shortNumber(statistics.most, 6) + ", mean " +
            shortNumber(statistics.sum / double(tensor.size()), 6);
    if (statistics.notFinite)
      text += ", " + std::to_string(statistics.notFinite) + " not finite";
    text += "\n";
  }
  std::fputs(text.c_str(), stdout);
}

/// Every output as a file of `command.output`, or none.
int writeAll(const RunCommand &command, const std::vector<Slot> &slots, std::vector<Tensor> outputs) {
  MadeFolders folders;
  std::string error;
  if (!folders.make(command.output, error))
    return fail(command.output + ": error: " + error);
  std::vector<std::string> written;
  for (auto [slot, tensor] : llvm::zip(slots, outputs)) {
    written.push_back(command.output + "/" + slot.identifier + "." + command.format);
    if (writeTensorFile(written.back(), {slot.name, std::move(tensor)}, error))
      continue;
    for (const std::string &path : written)
      ::unlink(path.c_str());
    return fail(error);
  }
  folders.keep();
  if (!command.build.quiet)
    for (const std::string &path : written)
      std::printf("%s\n", path.c_str());
  return 0;
}

std::string reportOf(const std::vector<Slot> &slots, const std::vector<Tensor> &outputs) {
  llvm::json::Array list;
  for (auto [slot, tensor] : llvm::zip(slots, outputs)) {
    const Statistics statistics = statisticsOf(tensor);
    list.push_back(llvm::json::Object{{"name", slot.name},
                                      {"type", describeType(slot.type)},
                                      {"min", jsonNumber(statistics.least)},
                                      {"max", jsonNumber(statistics.most)},
                                      {"mean", jsonNumber(statistics.sum / double(tensor.size()))},
                                      {"not_finite", statistics.notFinite}});
  }
  return textOf(llvm::json::Object{{"outputs", std::move(list)}});
}

} // namespace

int runRun(const RunCommand &command) {
  CompileOptions options;
  if (!fillOptionsToRun(command.build, command.model, options, /*mayKeepState=*/false, /*mayEmulate=*/true))
    return 1;
  options.entry = command.entry;
  MLIRContext context;
  prepareContext(context);
  DiagnosticPrinter printer(context, command.model);
  auto tensors = readGivenInputs(context, command.inputs);
  if (!tensors)
    return 1;
  auto runner = ModelRunner::create(context, command.build, options, command.emit == "cpp" ? command.cxx : "");
  if (!runner)
    return 1;
  if (const Emulator *emulator = runner->emulator(); emulator && !command.build.quiet)
    std::fprintf(stderr, "runs in %s, linked by %s\n", emulator->command().c_str(), emulator->compiler().c_str());
  std::string error;
  std::vector<Tensor> inputs, outputs;
  if (!placeGivenInputs(runner->inputs(), std::move(*tensors), inputs, error) || !runner->run(inputs, outputs, error))
    return fail(command.model + ": error: " + error);
  if (!writeReport(command.build.json, reportOf(runner->outputs(), outputs)))
    return 1;
  if (!command.output.empty())
    return writeAll(command, runner->outputs(), std::move(outputs));
  if (command.build.json != "-" && !command.build.quiet)
    for (auto [slot, tensor] : llvm::zip(runner->outputs(), outputs))
      printOutput(slot, tensor);
  return 0;
}

} // namespace glmc
