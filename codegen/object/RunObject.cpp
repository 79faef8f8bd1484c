//===- RunObject.cpp - Runs an object file of this machine ------------------===//
//
//   parent: map shared buffers, compile a trampoline that takes any number of
//           pointers, fork; wait; read what the child left in the mapping.
//   child:  link object and trampoline, init, call, write down what came out.
// The child starts as a copy of a process that may have other threads, so it
// uses the JIT linker without threads and leaves by _exit.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/RunObject.h"

#include "codegen/object/MachineCode.h"
#include "codegen/object/ObjectFile.h"
#include "codegen/object/RunnerMemory.h"

#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <sys/prctl.h>
#include <sys/resource.h>
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
};

/// Where the child's signal handler leaves the address.
Report *faultReport = nullptr;

void noteFault(int, siginfo_t *info, void *) {
  faultReport->faultAddress = reinterpret_cast<uint64_t>(info->si_addr);
  // The handler is gone now (SA_RESETHAND): returning crashes for good.
}

void copyText(char *to, size_t bytes, llvm::StringRef text) {
  size_t count = std::min(bytes - 1, text.size());
  std::memcpy(to, text.data(), count);
  to[count] = 0;
}

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
  std::map<std::string, int64_t> frames;
  if (!emitCode(module, *machine, llvm::CodeGenFileType::ObjectFile, bytes, frames, error))
    return nullptr;
  return llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(bytes.data(), bytes.size()), "trampoline");
}

/// The linked object, in the child.
class LoadedObject {
public:
  bool load(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects, std::string &error) {
    auto control = llvm::orc::SelfExecutorProcessControl::Create(
        nullptr, std::make_unique<llvm::orc::InPlaceTaskDispatcher>(), std::make_unique<LowMemory>());
    if (!control)
      return fail(control.takeError(), error);
    // Never deleted: the process ends without looking back.
    session = new llvm::orc::ExecutionSession(std::move(*control));
    session->setErrorReporter([&](llvm::Error problem) { fail(std::move(problem), error); });
    auto *layer = new llvm::orc::ObjectLinkingLayer(*session);
    library = &session->createBareJITDylib("object");
    auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
        '\0', [](const llvm::orc::SymbolStringPtr &symbol) { return isAllowedSymbol((*symbol).str(), true); });
    if (!process)
      return fail(process.takeError(), error);
    library->addGenerator(std::move(*process));
    for (auto &object : objects)
      if (llvm::Error problem = layer->add(*library, std::move(object)))
        return fail(std::move(problem), error);
    return true;
  }

  void *find(const std::string &symbol, std::string &error) {
    auto found = session->lookup({library}, session->intern(symbol));
    if (found)
      return found->getAddress().toPtr<void *>();
    fail(found.takeError(), error);
    return nullptr;
  }

private:
  static bool fail(llvm::Error problem, std::string &error) {
    std::string text = llvm::toString(std::move(problem));
    error += (error.empty() ? "" : "; ") + text;
    return false;
  }

  llvm::orc::ExecutionSession *session = nullptr;
  llvm::orc::JITDylib *library = nullptr;
};

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

  bool readObject() {
    if (request.path.empty()) {
      object = llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(request.object.data(), request.object.size()), "object",
                                                /*RequiresNullTerminator=*/false);
    } else {
      auto file = llvm::MemoryBuffer::getFile(request.path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
      if (!file)
        return fail(request.path + ": the object cannot be read: " + file.getError().message());
      object = std::move(*file);
    }
    auto parsed = llvm::object::ObjectFile::createObjectFile(object->getMemBufferRef());
    if (!parsed)
      return fail("the object cannot be read: " + llvm::toString(parsed.takeError()));
    llvm::Triple here(llvm::sys::getProcessTriple());
    if ((*parsed)->getArch() != here.getArch() || !(*parsed)->isRelocatableObject())
      return fail("found an object of format " + (*parsed)->getFileFormatName().str() +
                  ", expected a relocatable one for " + here.getArchName().str());
    return true;
  }

  /// Everything that can be done before the fork.
  bool prepare() {
    if (request.contextBytes < 1)
      return fail("the context has no bytes");
    if (!readObject())
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
      fail(name() + " crashed: " + strsignal(WTERMSIG(state)));
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
    rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    catchFaults();
    std::string error;
    LoadedObject loaded;
    std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
    objects.push_back(std::move(object));
    objects.push_back(std::move(trampoline));
    for (const std::vector<char> &more : request.moreObjects)
      objects.push_back(llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(more.data(), more.size()), "more",
                                                         /*RequiresNullTerminator=*/false));
    if (loaded.load(std::move(objects), error))
      callObject(loaded, error);
    copyText(report->error, sizeof report->error, error);
    report->finished = true;
  }

  void catchFaults() {
    static char stack[16384];
    stack_t alternative = {};
    alternative.ss_sp = stack;
    alternative.ss_size = sizeof stack;
    sigaltstack(&alternative, nullptr);
    faultReport = report;
    struct sigaction action = {};
    action.sa_sigaction = noteFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
    for (int signal : {SIGSEGV, SIGBUS})
      sigaction(signal, &action, nullptr);
    // A sanitizer's own reports would hide that these were signals.
    for (int signal : {SIGILL, SIGFPE, SIGABRT, SIGTRAP})
      std::signal(signal, SIG_DFL);
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
    auto init = (int (*)(void *))addresses[0];
    auto text = (const char *(*)(int))addresses[1];
    void *entry = addresses[2];
    auto invoke = (int (*)(void *, void **))addresses[3];
    if (request.initialise)
      report->initStatus = init(memory[contextBuffer]);
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
