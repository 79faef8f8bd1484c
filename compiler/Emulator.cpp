//===- Emulator.cpp - Runs a model for a machine of another kind --------------===//
#include "compiler/Emulator.h"

#include "codegen/Status.h"
#include "compiler/EmulatorProgram.h"
#include "compiler/WriteFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <cstring>

namespace glmc {
namespace {

using llvm::StringRef;

/// An emulator is some 20 times slower than a machine.
constexpr unsigned emulatorTimeout = 1200, linkerTimeout = 600;
/// Of other programs' messages, as many characters are shown.
constexpr size_t shownMessages = 2000;

std::string contentsOf(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

/// Debian's package of a command.
std::string packageOf(StringRef command) {
  if (command == "arm-none-eabi-g++")
    return "gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib";
  if (command.starts_with("qemu-system-"))
    return command.str();
  if (command.starts_with("qemu-"))
    return "qemu-user";
  if (command.consume_back("-g++"))
    return "g++-" + command.str();
  return command.str();
}

/// `command` with the path of its program.
bool locate(const targets::Target &target, std::vector<std::string> command, const char *purpose,
            std::vector<std::string> &located, std::string &error) {
  auto path = llvm::sys::findProgramByName(command.front());
  if (!path) {
    error = "'" + command.front() + "', which " + purpose + " target '" + target.name +
            "' on this machine, is not installed: apt-get install " + packageOf(command.front());
    return false;
  }
  command.front() = *path;
  located = std::move(command);
  return true;
}

int execute(const std::vector<std::string> &command, const std::string &messages, unsigned seconds,
            std::string &error) {
  llvm::SmallVector<StringRef> words(command.begin(), command.end());
  const std::optional<StringRef> redirects[] = {StringRef(), StringRef(messages), StringRef(messages)};
  return llvm::sys::ExecuteAndWait(command.front(), words, std::nullopt, redirects, seconds, 0, &error);
}

} // namespace

bool isForeign(const targets::Target &target) {
  const llvm::Triple wanted(target.triple), here(llvm::sys::getDefaultTargetTriple());
  return wanted.getArch() != here.getArch() || wanted.getOS() != here.getOS();
}

std::optional<Emulator> Emulator::find(const targets::Target &target, std::string &error) {
  error.clear();
  if (!isForeign(target))
    return std::nullopt;
  Emulator found;
  found.machine = target;
  if (target.emulator.empty() && !target.board.empty()) {
    auto board = targets::findTarget(target.board, error);
    if (!board)
      return std::nullopt;
    found.machine = std::move(*board);
  }
  if (found.machine.emulator.empty() || target.compiler.empty())
    return std::nullopt;
  if (isFreestanding(target) && emulatorLinkerScript(found.machine, 0, 0).empty()) {
    error = "target '" + found.machine.name + "': found no memory of kind 'flash' or none of RAM, and both are needed to run on it";
    return std::nullopt;
  }
  if (!locate(target, found.machine.emulator, "runs", found.emulator, error) ||
      !locate(target, target.compiler, "links programs for", found.linker, error))
    return std::nullopt;
  found.commandText = llvm::join(found.machine.emulator, " ");
  found.compilerText = llvm::join(target.compiler, " ");
  return found;
}

bool Emulator::link(const object::RunRequest &request, const std::string &folder, std::string &error) const {
  const std::string source = folder + "/main.cpp", object = folder + "/model.o", script = folder + "/memory.ld",
                    messages = folder + "/messages.txt";
  const bool bare = isFreestanding(machine);
  int64_t data = request.contextBytes;
  for (const auto &input : request.inputs)
    data += int64_t(input.size()) + 128;
  for (int64_t bytes : request.outputBytes)
    data += bytes + 128;
  if (!writeFile(source, emulatorProgram(request, folder + "/in", folder + "/out"), error) ||
      !writeFile(object, StringRef(request.object.data(), request.object.size()), error) ||
      (bare && !writeFile(script, emulatorLinkerScript(machine, int64_t(request.object.size()), data), error)))
    return false;
  std::vector<std::string> command = linker;
  command.insert(command.end(), {"-std=gnu++17", "-O1", "-fno-exceptions", "-fno-rtti", source, object, "-o",
                                 folder + "/program"});
  if (bare)
    command.insert(command.end(), {"-ffreestanding", "-nostdlib", "-nostartfiles", "-T", script, "-lc", "-lgcc"});
  else
    command.insert(command.end(), {"-static", "-pthread"});
  if (glmc::execute(command, messages, linkerTimeout, error) == 0)
    return true;
  const std::string text = error + contentsOf(messages);
  const size_t overflow = text.find("overflowed by");
  if (overflow != std::string::npos) {
    const size_t begin = text.rfind('`', overflow), end = text.find('\n', overflow);
    error = "it does not fit the memories of board '" + machine.name + "': " +
            text.substr(begin == std::string::npos ? overflow : begin, end - std::min(begin, overflow));
  } else {
    error = "'" + compilerText + "' does not link it: " + text.substr(0, shownMessages);
  }
  return false;
}

bool Emulator::execute(const std::string &folder, std::string &error) const {
  std::vector<std::string> command = emulator;
  if (isFreestanding(machine))
    command.insert(command.end(), {"-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config",
                                   "enable=on,target=native", "-kernel"});
  command.push_back(folder + "/program");
  const std::string messages = folder + "/messages.txt";
  const int code = glmc::execute(command, messages, emulatorTimeout, error);
  if (code == 0 || !contentsOf(folder + "/out").empty())
    return true;
  error = "'" + commandText + "' ended with " + std::to_string(code) + ": " + error +
          contentsOf(messages).substr(0, shownMessages);
  return false;
}

void Emulator::readReport(const object::RunRequest &request, const std::string &folder,
                          object::RunResult &result) const {
  const std::string bytes = contentsOf(folder + "/out");
  EmulatorReport report;
  size_t expected = sizeof report;
  for (int64_t output : request.outputBytes)
    expected += size_t(output);
  for (const auto &input : request.inputs)
    expected += input.size();
  const std::string name = request.prefix + "_" + request.entry;
  if (bytes.size() >= sizeof report)
    std::memcpy(&report, bytes.data(), sizeof report);
  if (bytes.size() >= sizeof report && report.initStatus == emulatorFault) {
    result.error = name + " crashed: the processor took a fault";
    return;
  }
  if (bytes.size() != expected) {
    result.error = name + " ended early";
    return;
  }
  result.status = report.initStatus ? report.initStatus : report.status;
  result.statusText = result.status >= 0 && result.status < int(std::size(statusTable))
                          ? statusTable[result.status].text
                          : statusUnknownText;
  if (result.status != 0) {
    result.error = request.prefix + "_" + (report.initStatus ? "init" : request.entry) + " returned status " +
                   std::to_string(result.status) + ": " + result.statusText;
    return;
  }
  const char *next = bytes.data() + sizeof report;
  for (int64_t output : request.outputBytes) {
    result.outputs.emplace_back(next, next + output);
    next += output;
  }
  const std::vector<std::string> names = emulatorBuffers(request);
  if (report.trespass >= 0 && report.trespass < int32_t(names.size()))
    result.error = name + " wrote outside " + names[report.trespass];
  for (size_t i = 0; i < request.inputs.size(); next += request.inputs[i++].size())
    if (std::memcmp(next, request.inputs[i].data(), request.inputs[i].size()) != 0)
      result.error = name + " changed input " + std::to_string(i);
}

object::RunResult Emulator::run(const object::RunRequest &request) const {
  object::RunResult result;
  TemporaryFolder folder;
  std::string inputs;
  for (const auto &input : request.inputs)
    inputs.append(input.begin(), input.end());
  if (folder.path().empty())
    result.error = "no folder for temporary files can be made";
  else if (writeFile(folder.path() + "/in", inputs, result.error) && link(request, folder.path(), result.error) &&
           execute(folder.path(), result.error))
    readReport(request, folder.path(), result);
  return result;
}

} // namespace glmc
