//===- RunnerMemory.cpp - Memory that the runner hands out ------------------===//
#include "codegen/object/RunnerMemory.h"

#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/Orc/Shared/AllocationActions.h"
#include "llvm/Support/Memory.h"
#include "llvm/Support/Process.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace glmc::object {
namespace {

constexpr int64_t watchedBytes = 256;
constexpr uint8_t watchedValue = 0xA5;

int64_t pageSize() { return llvm::sys::Process::getPageSizeEstimate(); }
int64_t wholePages(int64_t bytes) { return (bytes + pageSize() - 1) / pageSize() * pageSize(); }

} // namespace

GuardedMemory::~GuardedMemory() {
  if (mapping)
    munmap(mapping, size);
}

int GuardedMemory::add(const std::string &name, int64_t bytes) {
  int64_t pages = wholePages(bytes + watchedBytes);
  buffers.push_back({name, bytes, size, pages, nullptr});
  size += pages + pageSize();
  return buffers.size() - 1;
}

bool GuardedMemory::map(std::string &error) {
  void *address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    error = "cannot get " + std::to_string(size) + " bytes for buffers: " + std::strerror(errno);
    return false;
  }
  mapping = static_cast<uint8_t *>(address);
  for (Buffer &buffer : buffers) {
    uint8_t *end = mapping + buffer.start + buffer.pages;
    buffer.data = end - buffer.bytes;
    std::memset(buffer.data - watchedBytes, watchedValue, watchedBytes);
    if (mprotect(end, pageSize(), PROT_NONE) != 0) {
      error = std::string("cannot protect pages: ") + std::strerror(errno);
      return false;
    }
  }
  return true;
}

std::string GuardedMemory::trespass() const {
  for (const Buffer &buffer : buffers)
    if (!std::all_of(buffer.data - watchedBytes, buffer.data, [](uint8_t byte) { return byte == watchedValue; }))
      return buffer.name;
  return "";
}

std::string GuardedMemory::describe(uint64_t address) const {
  uint64_t begin = reinterpret_cast<uint64_t>(mapping);
  if (address < begin || address >= begin + size)
    return "";
  // The only pages that cannot be touched are those behind buffers.
  for (const Buffer &buffer : buffers) {
    uint64_t end = begin + buffer.start + buffer.pages;
    if (address >= end && address < end + pageSize())
      return std::to_string(address - end) + " bytes past " + buffer.name;
  }
  return "";
}

namespace {

/// One object's segments, on the way to being code.
class LowAllocation : public llvm::jitlink::JITLinkMemoryManager::InFlightAlloc {
public:
  struct Part {
    char *start;
    size_t bytes;
    llvm::orc::MemProt protection;
  };

  LowAllocation(llvm::jitlink::LinkGraph &graph, std::vector<Part> parts) : graph(graph), parts(std::move(parts)) {}

  void finalize(OnFinalizedFunction onFinalized) override {
    for (const Part &part : parts) {
      llvm::sys::MemoryBlock block(part.start, part.bytes);
      if (std::error_code problem =
              llvm::sys::Memory::protectMappedMemory(block, llvm::orc::toSysMemoryProtectionFlags(part.protection)))
        return onFinalized(llvm::errorCodeToError(problem));
    }
    auto undo = llvm::orc::shared::runFinalizeActions(graph.allocActions());
    if (!undo)
      return onFinalized(undo.takeError());
    auto address = llvm::orc::ExecutorAddr::fromPtr(parts.empty() ? nullptr : parts.front().start);
    onFinalized(llvm::jitlink::JITLinkMemoryManager::FinalizedAlloc(address));
  }

  void abandon(OnAbandonedFunction onAbandoned) override { onAbandoned(llvm::Error::success()); }

private:
  llvm::jitlink::LinkGraph &graph;
  std::vector<Part> parts;
};

char *mapLow(size_t bytes) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *address = MAP_FAILED;
#ifdef MAP_32BIT
  address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_32BIT, -1, 0);
#endif
  if (address == MAP_FAILED)
    address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  return address == MAP_FAILED ? nullptr : static_cast<char *>(address);
}

} // namespace

void LowMemory::allocate(const llvm::jitlink::JITLinkDylib *library, llvm::jitlink::LinkGraph &graph,
                         OnAllocatedFunction onAllocated) {
  llvm::jitlink::BasicLayout layout(graph);
  auto sizes = layout.getContiguousPageBasedLayoutSizes(pageSize());
  if (!sizes)
    return onAllocated(sizes.takeError());
  char *next = sizes->total() == 0 ? nullptr : mapLow(sizes->total());
  if (!next && sizes->total() > 0)
    return onAllocated(
        llvm::createStringError("cannot get " + std::to_string(sizes->total()) + " bytes for the object"));
  std::vector<LowAllocation::Part> parts;
  for (auto &[group, segment] : layout.segments()) {
    size_t bytes = wholePages(segment.ContentSize + segment.ZeroFillSize);
    segment.WorkingMem = next;
    segment.Addr = llvm::orc::ExecutorAddr::fromPtr(next);
    parts.push_back({next, bytes, group.getMemProt()});
    next += bytes;
  }
  if (llvm::Error problem = layout.apply())
    return onAllocated(std::move(problem));
  onAllocated(std::make_unique<LowAllocation>(graph, std::move(parts)));
}

void LowMemory::deallocate(std::vector<FinalizedAlloc> allocations, OnDeallocatedFunction onDeallocated) {
  for (FinalizedAlloc &allocation : allocations)
    allocation.release();
  onDeallocated(llvm::Error::success());
}

} // namespace glmc::object
