//===- RunObject.cpp - Runs an object file of this machine ------------------===//
//
//   parent: map shared buffers, compile a trampoline that takes any number of
//           pointers, fork; wait; read what the child left in the mapping.
//   child:  link object and trampoline, init, call, write down what came out.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/RunObject.h"

#include "codegen/object/ChildProcess.h"
#include "codegen/object/MachineCode.h"
#include "codegen/object/RunnerMemory.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Format.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace glmc::object {
namespace {

/// What the child reports, in shared memory.
struct Report {
  bool finished;
  int initStatus, status;
  double seconds;
  uint64_t faultAddress;
  char error[2048];
  char statusText[256];
  char version[256];
};

/// `int glmc_invoke(function, pointers)` calls a function of `count` pointers.
std::unique_ptr<llvm::MemoryBuffer> compileTrampoline(size_t count, std::string &error) {
  initialiseTargets();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, "", "", llvm::TargetOptions(), llvm::Reloc::PIC_));
  llvm::LLVMContext context;
  llvm::Module module("trampoline", context);
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  llvm::IRBuilder<> builder(context);
  llvm::Type *pointer = builder.getPtrTy();
  auto *calleeType = llvm::FunctionType::get(builder.getInt32Ty(), std::vector<llvm::Type *>(count, pointer), false);
  auto *type = llvm::FunctionType::get(builder.getInt32Ty(), {pointer, pointer}, false);
  auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "glmc_invoke", module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", function));
  std::vector<llvm::Value *> arguments;
  for (size_t i = 0; i < count; i++)
    arguments.push_back(builder.CreateLoad(pointer, builder.CreateConstGEP1_64(pointer, function->getArg(1), i)));
  builder.CreateRet(builder.CreateCall(calleeType, function->getArg(0), arguments));
  llvm::SmallVector<char, 0> bytes;
  Frames frames;
  if (!emitCode(module, *machine, llvm::CodeGenFileType::ObjectFile, bytes, frames, error))
    return nullptr;
  return llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(bytes.data(), bytes.size()), "trampoline");
}

class Runner {
public:
  explicit Runner(const RunRequest &request) : request(request) {}

  RunResult run() {
    if (prepare())
      forkAndWait();
    return std::move(result);
  }

private:
  bool fail(const std::string &text) {
    result.error = text;
    return false;
  }

  static int64_t offsetOf(const std::vector<int64_t> &offsets, size_t i) {
    return i < offsets.size() ? offsets[i] : -1;
  }

  bool checkOffsets(const std::vector<int64_t> &offsets, size_t i, int64_t bytes) const {
    int64_t offset = offsetOf(offsets, i);
    return bytes >= 0 && (offset < 0 || (bytes <= request.contextBytes && offset <= request.contextBytes - bytes));
  }

  /// Everything that can be done before the fork.
  bool prepare() {
    if (request.contextBytes < 1)
      return fail("the context has no bytes");
    if (request.library.empty() && !(object = readObject(request.path, request.object, result.error)))
      return false;
    contextBuffer = memory.add("the context", request.contextBytes);
    for (size_t i = 0; i < request.inputs.size(); i++) {
      if (!checkOffsets(request.inputOffsets, i, request.inputs[i].size()))
        return fail("input " + std::to_string(i) + " does not fit in the context");
      inputBuffers.push_back(memory.add("input " + std::to_string(i), request.inputs[i].size()));
    }
    for (size_t i = 0; i < request.outputBytes.size(); i++) {
      if (!checkOffsets(request.outputOffsets, i, request.outputBytes[i]))
        return fail("output " + std::to_string(i) + " does not fit in the context");
      outputBuffers.push_back(memory.add("output " + std::to_string(i), request.outputBytes[i]));
    }
    reportBuffer = memory.add("the report", sizeof(Report) / 64 * 64 + 64);
    if (!memory.map(result.error))
      return false;
    // What nobody wrote reads as NaN: using it shows in the outputs.
    std::memset(memory[contextBuffer], request.initialise ? 0xFF : 0, request.contextBytes);
    for (size_t i = 0; i < request.inputs.size(); i++)
      std::copy(request.inputs[i].begin(), request.inputs[i].end(), memory[inputBuffers[i]]);
    for (size_t i = 0; i < request.outputBytes.size(); i++)
      std::memset(memory[outputBuffers[i]], 0xFF, request.outputBytes[i]);
    report = new (memory[reportBuffer]) Report();
    arguments.push_back(memory[contextBuffer]);
    for (size_t i = 0; i < inputBuffers.size(); i++)
      if (offsetOf(request.inputOffsets, i) < 0)
        arguments.push_back(memory[inputBuffers[i]]);
    for (size_t i = 0; i < outputBuffers.size(); i++)
      if (offsetOf(request.outputOffsets, i) < 0)
        arguments.push_back(memory[outputBuffers[i]]);
    if (request.nullPointer >= (int)arguments.size())
      return fail("the entry point has no pointer " + std::to_string(request.nullPointer));
    if (request.nullPointer >= 0)
      arguments[request.nullPointer] = nullptr;
    trampoline = compileTrampoline(arguments.size(), result.error);
    return trampoline != nullptr;
  }

  void forkAndWait() {
    pid_t parent = getpid(), child = fork();
    if (child < 0) {
      fail(std::string("cannot start a child process: ") + std::strerror(errno));
      return;
    }
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() == parent)
        runChild();
      _exit(0);
    }
    auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(request.timeoutSeconds);
    auto pause = std::chrono::microseconds(200);
    int state = 0;
    while (waitpid(child, &state, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) {
        kill(child, SIGKILL);
        waitpid(child, &state, 0);
        llvm::raw_string_ostream(result.error)
            << name() << " did not end within " << llvm::format("%g", request.timeoutSeconds) << " seconds";
        return;
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::microseconds(5000));
    }
    readReport(state);
  }

  std::string name() const { return request.prefix + "_" + request.entry; }

  void readReport(int state) {
    if (WIFSIGNALED(state)) {
      fail(name() + " " + describeSignal(state));
      std::string where = memory.describe(report->faultAddress);
      if (!where.empty())
        result.error += ", " + where;
      return;
    }
    report->error[sizeof report->error - 1] = report->statusText[sizeof report->statusText - 1] = 0;
    if (report->error[0] || !report->finished) {
      fail(report->error[0] ? report->error : "the child process ended early");
      return;
    }
    result.status = report->initStatus ? report->initStatus : report->status;
    result.statusText = report->statusText;
    report->version[sizeof report->version - 1] = 0;
    result.version = report->version;
    result.seconds = report->seconds;
    if (result.status != 0) {
      fail(request.prefix + "_" + (report->initStatus ? "init" : request.entry) + " returned status " +
           std::to_string(result.status) + ": " + result.statusText);
      return;
    }
    readOutputs();
  }

  void readOutputs() {
    for (size_t i = 0; i < outputBuffers.size(); i++) {
      int64_t offset = offsetOf(request.outputOffsets, i);
      const uint8_t *data = offset < 0 ? memory[outputBuffers[i]] : memory[contextBuffer] + offset;
      result.outputs.emplace_back(data, data + request.outputBytes[i]);
    }
    std::string trespassed = memory.trespass();
    if (!trespassed.empty())
      fail(name() + " wrote outside " + trespassed);
    for (size_t i = 0; i < inputBuffers.size(); i++)
      if (!std::equal(request.inputs[i].begin(), request.inputs[i].end(), memory[inputBuffers[i]]))
        fail(name() + " changed input " + std::to_string(i));
  }

  /// In the child, from here on.
  void runChild() {
    catchFaults(&report->faultAddress);
    std::string error;
    LoadedObject loaded;
    std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
    if (object)
      objects.push_back(std::move(object));
    objects.push_back(std::move(trampoline));
    for (const std::vector<char> &more : request.moreObjects)
      objects.push_back(llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(more.data(), more.size()), "more",
                                                         /*RequiresNullTerminator=*/false));
    if (loaded.load(std::move(objects), error) && (request.library.empty() || loaded.open(request.library, error)))
      callObject(loaded, error);
    copyText(report->error, sizeof report->error, error);
    report->finished = true;
  }

  /// Ends the threads, then runs once more without them.
  void callReleased(LoadedObject &loaded, void *entry, int (*invoke)(void *, void **), std::string &error) {
    auto release = (int (*)(void *))loaded.find(request.prefix + "_release", error);
    if (!release)
      return;
    report->status = release(memory[contextBuffer]);
    if (report->status != 0)
      return;
    placeInputs();
    report->status = invoke(entry, arguments.data());
  }

  void callObject(LoadedObject &loaded, std::string &error) {
    void *addresses[4];
    const std::string symbols[4] = {request.prefix + "_init", request.prefix + "_status_text", name(), "glmc_invoke"};
    for (int i = 0; i < 4; i++)
      if (!(addresses[i] = loaded.find(symbols[i], error)))
        return;
    auto text = (const char *(*)(int))addresses[1];
    void *entry = addresses[2];
    auto invoke = (int (*)(void *, void **))addresses[3];
    if (request.initialise)
      report->initStatus = initialise(loaded, addresses[0], error);
    if (request.hasVersions && !askVersion(loaded, error))
      return;
    if (request.measure && report->initStatus == 0)
      measure(loaded, invoke, error);
    const int repeat = request.measure ? 0 : std::max(request.repeat, 1);
    for (int i = 0; i < repeat && report->initStatus == 0 && report->status == 0; i++) {
      placeInputs();
      auto start = std::chrono::steady_clock::now();
      report->status = invoke(entry, arguments.data());
      double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      report->seconds = i == 0 ? seconds : std::min(report->seconds, seconds);
    }
    if (request.release && report->initStatus == 0 && report->status == 0)
      callReleased(loaded, entry, invoke, error);
    const char *words = text(report->initStatus ? report->initStatus : report->status);
    if (words)
      copyText(report->statusText, sizeof report->statusText, words);
  }

  bool askVersion(LoadedObject &loaded, std::string &error) {
    auto version = (const char *(*)(const void *))loaded.find(request.prefix + "_version", error);
    if (version)
      copyText(report->version, sizeof report->version, version(memory[contextBuffer]));
    return version != nullptr;
  }

  int initialise(LoadedObject &loaded, void *init, std::string &error) {
    if (request.version >= 0) {
      void *chosen = loaded.find(request.prefix + "_init_version", error);
      if (!chosen)
        return 0;
      return request.weightsApart ? ((int (*)(void *, const void *, int64_t, int))chosen)(
                                        memory[contextBuffer], request.weights, request.weightsBytes, request.version)
                                  : ((int (*)(void *, int))chosen)(memory[contextBuffer], request.version);
    }
    if (!request.weightsApart)
      return ((int (*)(void *))init)(memory[contextBuffer]);
    const int status = ((int (*)(void *, const void *, int64_t))init)(memory[contextBuffer], request.weights,
                                                                      request.weightsBytes);
    void *check = request.checkWeights ? loaded.find(request.prefix + "_check_weights", error) : nullptr;
    return status == 0 && check ? ((int (*)(const void *))check)(memory[contextBuffer]) : status;
  }

  void measure(LoadedObject &loaded, int (*invoke)(void *, void **), std::string &error) {
    ChildCalls calls;
    for (const std::string &symbol : request.symbols) {
      calls.symbols.push_back(loaded.find(symbol, error));
      if (!calls.symbols.back())
        return;
    }
    calls.call = [&](void *function) { return invoke(function, arguments.data()); };
    report->status = request.measure(calls);
  }

  /// The arena may reuse the bytes of an input once it was read.
  void placeInputs() {
    for (size_t i = 0; i < request.inputs.size(); i++) {
      int64_t offset = offsetOf(request.inputOffsets, i);
      if (offset >= 0)
        std::copy(request.inputs[i].begin(), request.inputs[i].end(), memory[contextBuffer] + offset);
    }
  }

  const RunRequest &request;
  RunResult result;
  GuardedMemory memory;
  int contextBuffer = 0, reportBuffer = 0;
  std::vector<int> inputBuffers, outputBuffers;
  std::vector<void *> arguments;
  Report *report = nullptr;
  std::unique_ptr<llvm::MemoryBuffer> object, trampoline;
};

} // namespace

RunResult runObject(const RunRequest &request) { return Runner(request).run(); }

} // namespace glmc::object
