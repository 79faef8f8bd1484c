//===- KernelTimer.cpp - Times versions of one kernel --------------------------===//
#include "compiler/KernelTimer.h"

#include "codegen/ContextLayout.h"
#include "codegen/kernels/CompileKernel.h"
#include "codegen/object/EmitObject.h"
#include "codegen/object/RunObject.h"
#include "compiler/PeakMeter.h"
#include "compiler/SharedLists.h"

#include "llvm/Support/ThreadPool.h"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace glmc {
namespace {

using kernels::Element;
using kernels::TensorType;

constexpr const char *prefix = "tune";
/// Rounds, of which the median is taken, and how long one kernel runs in each.
constexpr int rounds = 7;
constexpr double roundSeconds = 0.004;
constexpr int64_t mostRuns = 1000;
/// Weights from so many bytes on are there in copies.
constexpr int64_t largeOperand = int64_t(1) << 18;
constexpr int64_t operandAlignment = 64;

/// More than caches hold, but no more than an eighth of what memory there is.
int64_t coldBytes() {
  int64_t cache = 0;
  for (int name : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
    cache = std::max<int64_t>(cache, ::sysconf(name));
  const int64_t memory = int64_t(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  return std::min(std::clamp<int64_t>(4 * cache, int64_t(64) << 20, int64_t(512) << 20), memory / 8);
}

/// Numbers that are no denormals, no NaN and no index outside anything.
void fill(const TensorType &type, uint8_t *data, int64_t bytes) {
  const float one = 0.5f;
  const uint16_t half = type.element == Element::f16 ? 0x2400 : 0x3c00; // About 1/64 in either.
  const double wide = 0.5;
  uint32_t state = 1;
  for (int64_t i = 0; i < bytes; ++i)
    switch (type.element) {
    case Element::f32:
      data[i] = reinterpret_cast<const uint8_t *>(&one)[i % 4];
      break;
    case Element::f64:
      data[i] = reinterpret_cast<const uint8_t *>(&wide)[i % 8];
      break;
    case Element::f16:
    case Element::bf16:
      data[i] = reinterpret_cast<const uint8_t *>(&half)[i % 2];
      break;
    case Element::i8:
    case Element::u8:
      state = state * 1664525 + 1013904223;
      data[i] = uint8_t(state >> 24);
      break;
    case Element::i4:
    case Element::u4: // A byte each in plain tensors, where 7 is one of either; two in panels.
      data[i] = type.layout.kind == kernels::Layout::panels ? 0x57 : 7;
      break;
    default:
      data[i] = 0;
    }
}

/// One entry point a kernel, all with the same operands.
Program programOf(const std::vector<kernels::Kernel> &versions, const Launch &launch, int64_t threads) {
  Program program;
  program.threads = threads;
  Launch own;
  EntryPoint entry;
  const kernels::Kernel &first = versions.front();
  auto parameter = [](std::vector<Parameter> &list, const TensorType &type, Memory memory, const char *name) {
    Parameter one;
    one.name = one.identifier = name + std::to_string(list.size());
    one.type = type;
    one.place = {memory, int(list.size()), 0, type.storageBytes()};
    list.push_back(one);
    return one.place;
  };
  for (const TensorType &type : first.arguments)
    own.reads.push_back(parameter(entry.inputs, type, Memory::input, "in"));
  for (int result : first.results)
    own.writes.push_back(parameter(entry.outputs, first.typeOf(result), Memory::output, "out"));
  for (const Place &place : launch.scratch) {
    own.scratch.push_back({Memory::arena, 0, program.arenaBytes, place.bytes});
    program.arenaBytes = alignedTo(program.arenaBytes + place.bytes, operandAlignment);
  }
  for (size_t i = 0; i < versions.size(); ++i) {
    program.kernels.push_back(versions[i]);
    program.kernelNodes.emplace_back();
    own.kernel = int(i);
    entry.name = "entry_" + std::to_string(i);
    entry.steps = {own};
    program.entryPoints.push_back(entry);
  }
  program.math = first.math;
  return program;
}

/// All that happens in the child.
class Measurement {
public:
  Measurement(const Program &program, const std::vector<bool> &isWeight, SharedLists &lists)
      : program(program), isWeight(isWeight), lists(lists) {}

  static constexpr int notEnoughMemory = -1;

  /// Symbols: the invoker, init, then the entry points.
  int run(const object::ChildCalls &found) {
    invoke = reinterpret_cast<int (*)(void *, void *const *)>(found.symbols[0]);
    if (!prepare())
      return notEnoughMemory;
    if (int status = reinterpret_cast<int (*)(void *)>(found.symbols[1])(context.get()))
      return status;
    for (int round = -1; round < rounds; ++round) // The first does not count.
      for (size_t i = 2; i < found.symbols.size(); ++i)
        if (int status = time(found.symbols[i], i - 2, round >= 0))
          return status;
    return 0;
  }

private:
  bool prepare() {
    const EntryPoint &entry = program.entryPoints.front();
    context = allocateLarge(contextLayout(program).bytes);
    int64_t large = 0;
    for (size_t i = 0; i < entry.inputs.size(); ++i)
      large += isWeight[i] ? entry.inputs[i].place.bytes : 0;
    copies = size_t(large >= largeOperand ? std::clamp<int64_t>(coldBytes() / large, 1, 64) : 1);
    pointers.assign(copies, {context.get()});
    for (size_t i = 0; i < entry.inputs.size(); ++i)
      if (!place(entry.inputs[i], isWeight[i] && large >= largeOperand))
        return false;
    for (const Parameter &output : entry.outputs)
      if (!place(output, false))
        return false;
    return context != nullptr;
  }

  bool place(const Parameter &parameter, bool inCopies) {
    const int64_t bytes = alignedTo(parameter.place.bytes, operandAlignment);
    const size_t count = inCopies ? copies : 1;
    buffers.push_back(allocateLarge(bytes * int64_t(count)));
    uint8_t *data = static_cast<uint8_t *>(buffers.back().get());
    if (!data)
      return false;
    fill(parameter.type, data, bytes);
    for (size_t copy = 1; copy < count; ++copy)
      std::memcpy(data + bytes * int64_t(copy), data, bytes);
    for (size_t copy = 0; copy < copies; ++copy)
      pointers[copy].push_back(data + (inCopies ? bytes * int64_t(copy) : 0));
    return true;
  }

  /// Runs an entry point for a while, on one copy after the other.
  int time(void *entry, size_t number, bool counts) {
    const double start = secondsNow();
    double end = start;
    int64_t runs = 0;
    for (; runs == 0 || (end - start < roundSeconds && runs < mostRuns); ++runs) {
      if (int status = invoke(entry, pointers[next].data()))
        return status;
      next = (next + 1) % copies;
      end = secondsNow();
    }
    if (counts)
      lists.add(number, (end - start) / double(runs));
    return 0;
  }

  const Program &program;
  const std::vector<bool> &isWeight;
  SharedLists &lists;
  int (*invoke)(void *, void *const *) = nullptr;
  std::unique_ptr<void, FreeMemory> context;
  std::vector<std::unique_ptr<void, FreeMemory>> buffers;
  std::vector<std::vector<void *>> pointers; ///< Of each copy: the context, inputs, outputs.
  size_t copies = 1, next = 0;
};

/// Leaves out of `versions` what does not compile, and says why in `timing`.
std::vector<kernels::CompiledKernel> compileAll(std::vector<kernels::Kernel> &versions, std::vector<size_t> &numbers,
                                                const targets::Target &target, unsigned jobs, KernelTiming &timing) {
  kernels::Wanted wanted;
  wanted.bitcode = true;
  for (size_t i = 0; i < versions.size(); ++i)
    versions[i].name = "version_" + std::to_string(i);
  std::vector<kernels::CompiledKernel> compiled(versions.size()), good;
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(jobs));
  for (size_t i = 0; i < versions.size(); ++i)
    pool.async([&, i] {
      compiled[i] = kernels::compileKernel(versions[i], {target.halide, int(target.vectorBytes)}, wanted);
    });
  pool.wait();
  std::vector<kernels::Kernel> kept;
  for (size_t i = 0; i < versions.size(); ++i) {
    timing.reasons[i] = compiled[i].error;
    if (!compiled[i].error.empty())
      continue;
    numbers.push_back(i);
    kept.push_back(versions[i]);
    good.push_back(std::move(compiled[i]));
  }
  versions = std::move(kept);
  return good;
}

object::RunRequest requestFor(const Program &program, object::ObjectResult object) {
  object::RunRequest request;
  request.object = std::move(object.object);
  request.prefix = prefix;
  request.entry = program.entryPoints.front().name;
  request.initialise = false; // The measurement does it, on a context of its own.
  // Only their number matters: the measurement has its own.
  request.inputs.assign(program.entryPoints.front().inputs.size(), std::vector<uint8_t>(1));
  request.outputBytes.assign(program.entryPoints.front().outputs.size(), 1);
  request.symbols = {"glmc_invoke", std::string(prefix) + "_init"};
  for (const EntryPoint &entry : program.entryPoints)
    request.symbols.push_back(std::string(prefix) + "_" + entry.name);
  request.timeoutSeconds = 600;
  return request;
}

} // namespace

std::optional<KernelTiming> timeKernels(const std::vector<kernels::Kernel> &kernels, const Launch &launch,
                                        const targets::Target &target, int64_t threads, unsigned jobs,
                                        std::string &error) {
  KernelTiming timing;
  timing.seconds.assign(kernels.size(), 0);
  timing.reasons.assign(kernels.size(), "");
  std::vector<kernels::Kernel> versions = kernels;
  std::vector<size_t> numbers; // Of those that compile.
  const std::vector<kernels::CompiledKernel> compiled = compileAll(versions, numbers, target, jobs, timing);
  if (compiled.empty()) {
    error = timing.reasons.empty() ? "there is nothing to time" : timing.reasons.front();
    return std::nullopt;
  }
  const Program program = programOf(versions, launch, threads);
  object::ObjectOptions options;
  options.prefix = prefix;
  options.buildId = prefix;
  options.target = target;
  object::ObjectResult object = object::emitObject(program, compiled, options);
  SharedLists lists(versions.size(), rounds);
  error = !object.error.empty() ? object.error : lists.isMapped() ? "" : "there is not enough memory";
  if (!error.empty())
    return std::nullopt;
  std::vector<bool> isWeight;
  for (const Place &place : launch.reads)
    isWeight.push_back(place.memory == Memory::weights);
  Measurement measurement(program, isWeight, lists);
  object::RunRequest request = requestFor(program, std::move(object));
  request.measure = [&](const object::ChildCalls &calls) { return measurement.run(calls); };
  const object::RunResult done = object::runObject(request);
  error = done.status == Measurement::notEnoughMemory ? "there is not enough memory for the measurements" : done.error;
  if (!error.empty())
    return std::nullopt;
  for (size_t i = 0; i < numbers.size(); ++i)
    timing.seconds[numbers[i]] = lists.take(i).median();
  return timing;
}

} // namespace glmc
