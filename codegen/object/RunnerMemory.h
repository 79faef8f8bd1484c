//===- RunnerMemory.h - Memory that the runner hands out ----------------------===//
//
// GuardedMemory holds what parent and child share. LowMemory is where the JIT
// linker puts code: in the lowest 2 GB where the machine lets us, since code that
// is not position independent cannot reach further.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_OBJECT_RUNNERMEMORY_H
#define GLMC_CODEGEN_OBJECT_RUNNERMEMORY_H

#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"

#include <cstdint>
#include <string>
#include <vector>

namespace glmc::object {

/// Buffers in one shared mapping, each with watched bytes before it and an
/// unreadable page behind it. A buffer of n bytes is aligned to the largest
/// power of two that divides n, up to a page.
class GuardedMemory {
public:
  GuardedMemory() = default;
  GuardedMemory(const GuardedMemory &) = delete;
  GuardedMemory &operator=(const GuardedMemory &) = delete;
  ~GuardedMemory();

  /// Before map(): asks for a buffer. Returns its number.
  int add(const std::string &name, int64_t bytes);
  bool map(std::string &error);

  uint8_t *operator[](int number) const { return buffers[number].data; }

  /// Which buffer's watched bytes were overwritten? Empty: none.
  std::string trespass() const;
  /// "12 bytes past output 0", if `address` is in the mapping; else empty.
  std::string describe(uint64_t address) const;

private:
  struct Buffer {
    std::string name;
    int64_t bytes;
    int64_t start; ///< Of its pages, in the mapping.
    int64_t pages; ///< Bytes of its pages, without the unreadable one.
    uint8_t *data;
  };
  std::vector<Buffer> buffers;
  uint8_t *mapping = nullptr;
  int64_t size = 0;
};

/// Never gives memory back: the process that uses it ends soon.
class LowMemory : public llvm::jitlink::JITLinkMemoryManager {
public:
  void allocate(const llvm::jitlink::JITLinkDylib *library, llvm::jitlink::LinkGraph &graph,
                OnAllocatedFunction onAllocated) override;
  void deallocate(std::vector<FinalizedAlloc> allocations, OnDeallocatedFunction onDeallocated) override;
  using JITLinkMemoryManager::allocate;
  using JITLinkMemoryManager::deallocate;
};

} // namespace glmc::object

#endif // GLMC_CODEGEN_OBJECT_RUNNERMEMORY_H
