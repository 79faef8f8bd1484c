//===- ModelLibrary.cpp - A compiled model, loaded for timing -----------------===//
#include "test/bench/ModelLibrary.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <map>
#include <stdexcept>
#include <sys/mman.h>

namespace glmc::bench {
namespace {

constexpr size_t pageBytes = 4096, largePageBytes = size_t(2) << 20;

size_t alignmentOf(size_t bytes) { return bytes < largePageBytes ? pageBytes : largePageBytes; }

template <typename T>
T *find(void *library, const char *name) {
  void *symbol = dlsym(library, name);
  if (!symbol)
    throw std::runtime_error(dlerror());
  return reinterpret_cast<T *>(symbol);
}

/// The weights file at `path`: read, not mapped, so that it is in large pages as
/// what peers allocate is. Nothing for an empty path: they are in the library.
const Buffer &weightsOf(const std::string &path) {
  static std::map<std::string, Buffer> files;
  auto found = files.find(path);
  if (found != files.end())
    return found->second;
  if (path.empty())
    return files.emplace(path, Buffer(0)).first->second;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    throw std::runtime_error(path + ": cannot be read");
  Buffer &buffer = files.emplace(path, Buffer(size_t(file.tellg()))).first->second;
  file.seekg(0);
  if (!file.read(buffer.data.get(), std::streamsize(buffer.bytes)))
    throw std::runtime_error(path + ": cannot be read");
  return buffer;
}

} // namespace

Buffer::Buffer(size_t bytes)
    : data(static_cast<char *>(
               std::aligned_alloc(alignmentOf(bytes), (bytes / alignmentOf(bytes) + 1) * alignmentOf(bytes))),
           std::free),
      bytes(bytes) {
  if (!data)
    throw std::bad_alloc();
  ::madvise(data.get(), bytes / pageBytes * pageBytes, MADV_HUGEPAGE); // It may well refuse.
  std::memset(data.get(), 0, bytes);
}

ModelLibrary::ModelLibrary(const std::string &path, const std::string &inputs) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw std::runtime_error(dlerror());
  parameters = find<const ModelParameter>(library, "bench_parameters");
  const int count = *find<const int>(library, "bench_parameter_count");
  runModel = find<int(void *, void *const *)>(library, "bench_run");
  for (int i = 0; i < count; ++i)
    buffers.emplace_back(parameters[i].bytes);
  for (const Buffer &buffer : buffers)
    pointers.push_back(buffer.data.get());
  fillInputs(inputs);
  context = std::make_unique<Buffer>(*find<const size_t>(library, "bench_context_bytes"));
  const Buffer &weights = weightsOf(find<const char>(library, "bench_weights"));
  auto *init = find<int(void *, const void *, size_t)>(library, "bench_init");
  if (int status = init(context->data.get(), weights.data.get(), weights.bytes))
    throw std::runtime_error(path + ": init returned status " + std::to_string(status));
}

void ModelLibrary::fillInputs(const std::string &inputs) {
  std::ifstream file(inputs, std::ios::binary);
  for (size_t i = 0; i < buffers.size(); ++i)
    if (!parameters[i].isOutput)
      file.read(buffers[i].data.get(), std::streamsize(buffers[i].bytes));
  if (!file)
    throw std::runtime_error(inputs + ": has fewer bytes than the model's inputs");
}

void ModelLibrary::run() {
  if (int status = runModel(context->data.get(), pointers.data()))
    throw std::runtime_error("the model returned status " + std::to_string(status));
}

void ModelLibrary::writeOutputs(const std::string &path) const {
  std::ofstream file(path, std::ios::binary);
  for (size_t i = 0; i < buffers.size(); ++i)
    if (parameters[i].isOutput)
      file.write(buffers[i].data.get(), std::streamsize(buffers[i].bytes));
  if (!file.flush())
    throw std::runtime_error(path + ": cannot be written");
}

} // namespace glmc::bench
