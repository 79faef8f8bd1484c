//===- ChildProcess.h - What runs objects in a child process ------------------===//
//
// Shared by RunObject and SessionRunner. The child starts as a copy of a process
// that may have other threads, so it links without threads, and leaves by _exit.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_CHILDPROCESS_H
#define GLMC_CODEGEN_OBJECT_CHILDPROCESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm::orc {
class ExecutionSession;
class JITDylib;
} // namespace llvm::orc

namespace glmc::object {

/// The object in the file `path` or, if that is empty, `bytes`, which must outlive
/// the result. Null with `error` set if it is not relocatable code for this machine.
std::unique_ptr<llvm::MemoryBuffer> readObject(const std::string &path, const std::vector<char> &bytes,
                                               std::string &error);

/// Objects that are linked, in the child.
class LoadedObject {
public:
  bool load(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects, std::string &error);
  /// Loads a shared library beside them, whose symbols come first.
  bool open(const std::string &path, std::string &error);
  /// The address of a symbol; null with `error` set if there is none.
  void *find(const std::string &symbol, std::string &error);

private:
  // Never deleted: the process ends without looking back.
  llvm::orc::ExecutionSession *session = nullptr;
  llvm::orc::JITDylib *library = nullptr;
  void *shared = nullptr;
};

/// In the child: a crash leaves no core file, ends it by the signal, and writes
/// the address that could not be touched to `*faultAddress`.
void catchFaults(uint64_t *faultAddress);

/// Cuts `text` to fit.
void copyText(char *to, size_t bytes, llvm::StringRef text);

/// "crashed: Segmentation fault", of a child that a signal ended.
std::string describeSignal(int waitState);

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_CHILDPROCESS_H
