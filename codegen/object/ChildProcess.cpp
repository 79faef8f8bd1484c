//===- ChildProcess.cpp - What runs objects in a child process --------------===//
#include "codegen/object/ChildProcess.h"

#include "codegen/object/ObjectFile.h"
#include "codegen/object/RunnerMemory.h"

#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace glmc::object {
namespace {

/// Where the child's signal handler leaves the address.
uint64_t *faultPlace = nullptr;

void noteFault(int, siginfo_t *info, void *) {
  *faultPlace = reinterpret_cast<uint64_t>(info->si_addr);
  // The handler is gone now (SA_RESETHAND): returning crashes for good.
}

bool fail(llvm::Error problem, std::string &error) {
  std::string text = llvm::toString(std::move(problem));
  error += (error.empty() ? "" : "; ") + text;
  return false;
}

} // namespace

std::unique_ptr<llvm::MemoryBuffer> readObject(const std::string &path, const std::vector<char> &bytes,
                                               std::string &error) {
  std::unique_ptr<llvm::MemoryBuffer> object;
  if (path.empty()) {
    object = llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(bytes.data(), bytes.size()), "object",
                                              /*RequiresNullTerminator=*/false);
  } else {
    auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!file) {
      error = path + ": the object cannot be read: " + file.getError().message();
      return nullptr;
    }
    object = std::move(*file);
  }
  auto parsed = llvm::object::ObjectFile::createObjectFile(object->getMemBufferRef());
  if (!parsed) {
    error = "the object cannot be read: " + llvm::toString(parsed.takeError());
    return nullptr;
  }
  llvm::Triple here(llvm::sys::getProcessTriple());
  if ((*parsed)->getArch() != here.getArch() || !(*parsed)->isRelocatableObject()) {
    error = "found an object of format " + (*parsed)->getFileFormatName().str() + ", expected a relocatable one for " +
            here.getArchName().str();
    return nullptr;
  }
  return object;
}

bool LoadedObject::load(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects, std::string &error) {
  auto control = llvm::orc::SelfExecutorProcessControl::Create(
      nullptr, std::make_unique<llvm::orc::InPlaceTaskDispatcher>(), std::make_unique<LowMemory>());
  if (!control)
    return fail(control.takeError(), error);
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

bool LoadedObject::open(const std::string &path, std::string &error) {
  shared = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!shared)
    error = dlerror();
  return shared;
}

void *LoadedObject::find(const std::string &symbol, std::string &error) {
  if (void *address = shared ? dlsym(shared, symbol.c_str()) : nullptr)
    return address;
  auto found = session->lookup({library}, session->intern(symbol));
  if (found)
    return found->getAddress().toPtr<void *>();
  fail(found.takeError(), error);
  return nullptr;
}

void catchFaults(uint64_t *faultAddress) {
  rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  static char stack[16384];
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  faultPlace = faultAddress;
  struct sigaction action = {};
  action.sa_sigaction = noteFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  for (int signal : {SIGSEGV, SIGBUS})
    sigaction(signal, &action, nullptr);
  // A sanitizer's own reports would hide that these were signals.
  for (int signal : {SIGILL, SIGFPE, SIGABRT, SIGTRAP})
    std::signal(signal, SIG_DFL);
}

void copyText(char *to, size_t bytes, llvm::StringRef text) {
  size_t count = std::min(bytes - 1, text.size());
  std::memcpy(to, text.data(), count);
  to[count] = 0;
}

std::string describeSignal(int waitState) { return std::string("crashed: ") + strsignal(WTERMSIG(waitState)); }

} // namespace glmc::object
