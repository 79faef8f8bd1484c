//===- KernelRunner.cpp - Builds and runs kernels in unit tests -------------===//
#include "test/unit/KernelRunner.h"
#include "codegen/source/RuntimePieces.h"
#include "runtime-min/Embedded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include <dlfcn.h>
#include <unistd.h>

namespace glmc::kernels::test {

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

namespace {
template <typename T> T load(const std::vector<uint8_t> &bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}
template <typename T> void store(std::vector<uint8_t> &bytes, int64_t i, T value) {
  std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
}

double halfToDouble(uint16_t h) {
  int exponent = (h >> 10) & 31, fraction = h & 1023;
  double value = exponent == 0    ? std::ldexp(fraction, -24)
                 : exponent == 31 ? (fraction ? NAN : INFINITY)
                                  : std::ldexp(1024 + fraction, exponent - 25);
  return h & 0x8000 ? -value : value;
}

/// Nearest representable by search among all halves: slow and plain.
uint16_t doubleToHalf(double value) {
  if (std::isnan(value))
    return 0x7e00;
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (magnitude >= 65520)
    return sign | 0x7c00;
  int low = 0, high = 0x7bff; // largest half <= magnitude
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (halfToDouble(middle) <= magnitude)
      low = middle;
    else
      high = middle - 1;
  }
  double below = halfToDouble(low), above = low == 0x7bff ? 65536 : halfToDouble(low + 1);
  bool up = magnitude - below > above - magnitude || (magnitude - below == above - magnitude && (low & 1));
  return sign | (low + up);
}

uint16_t doubleToBfloat(double value) {
  float f = static_cast<float>(value);
  if (std::isnan(value))
    return 0x7fc0;
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
double bfloatToDouble(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float f;
  std::memcpy(&f, &wide, 4);
  return f;
}
} // namespace

Array::Array(TensorType type) : type(type), bytes(type.storageBytes()) {}

double Array::get(int64_t i) const {
  switch (type.element) {
  case Element::f32:
    return load<float>(bytes, i);
  case Element::f64:
    return load<double>(bytes, i);
  case Element::f16:
    return halfToDouble(load<uint16_t>(bytes, i));
  case Element::bf16:
    return bfloatToDouble(load<uint16_t>(bytes, i));
  case Element::u64:
    return static_cast<double>(load<uint64_t>(bytes, i));
  default:
    return static_cast<double>(integer(i));
  }
}

int64_t Array::integer(int64_t i) const {
  switch (type.element) {
  case Element::i8:
  case Element::i4:
    return load<int8_t>(bytes, i);
  case Element::boolean:
  case Element::u8:
  case Element::u4:
    return load<uint8_t>(bytes, i);
  case Element::i16:
    return load<int16_t>(bytes, i);
  case Element::u16:
    return load<uint16_t>(bytes, i);
  case Element::i32:
    return load<int32_t>(bytes, i);
  case Element::u32:
    return load<uint32_t>(bytes, i);
  default:
    return load<int64_t>(bytes, i);
  }
}

void Array::set(int64_t i, double value) {
  switch (type.element) {
  case Element::f32:
    return store(bytes, i, static_cast<float>(value));
  case Element::f64:
    return store(bytes, i, value);
  case Element::f16:
    return store(bytes, i, doubleToHalf(value));
  case Element::bf16:
    return store(bytes, i, doubleToBfloat(value));
  case Element::boolean:
    return store(bytes, i, static_cast<uint8_t>(value != 0));
  default:
    return setInteger(i, static_cast<int64_t>(value));
  }
}

void Array::setInteger(int64_t i, int64_t value) {
  std::memcpy(bytes.data() + i * byteSize(type.element), &value, byteSize(type.element));
}

TensorType tensor(Element element, std::vector<int64_t> shape) { return {element, std::move(shape), {}}; }

Array randomArray(TensorType type, double low, double high, unsigned seed) {
  Array array(type);
  std::mt19937 random(seed);
  for (int64_t i = 0; i < array.size(); ++i)
    array.set(i, low + (high - low) * (random() / 4294967296.0));
  return array;
}

Array arrayOf(TensorType type, const std::vector<double> &values) {
  Array array(type);
  for (int64_t i = 0; i < array.size(); ++i)
    array.set(i, values[i % values.size()]);
  return array;
}

Array inPanels(const Array &matrix, int dim, int64_t width, int64_t step) {
  TensorType type = matrix.type;
  type.layout = {Layout::panels, dim, width, step};
  Array result(type);
  const bool isNarrow = type.element == Element::i4 || type.element == Element::u4;
  const int64_t columns = type.shape[dim], depth = type.shape[1 - dim], steps = (depth + step - 1) / step;
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t k = 0; k < depth; ++k) {
      const int64_t from = dim == 1 ? k * columns + n : n * depth + k, part = k % step;
      const int64_t column = ((n / width) * steps + k / step) * width + n % width;
      if (isNarrow) // Two a byte.
        result.bytes[column * step / 2 + part % (step / 2)] |=
            static_cast<uint8_t>((matrix.bytes[from] & 15) << (part < step / 2 ? 0 : 4));
      else
        result.set(column * step + part, matrix.get(from));
    }
  return result;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

int KernelMaker::argument(TensorType type) {
  kernel.arguments.push_back(type);
  return static_cast<int>(kernel.arguments.size()) - 1;
}

int KernelMaker::node(std::string op, std::vector<int> operands, TensorType type,
                      std::map<std::string, Attribute> attributes) {
  Node node;
  node.op = std::move(op);
  node.operands = std::move(operands);
  node.attributes = std::move(attributes);
  node.type = std::move(type);
  kernel.nodes.push_back(node);
  return static_cast<int>(kernel.arguments.size() + kernel.nodes.size()) - 1;
}

int KernelMaker::constant(TensorType type, const std::vector<double> &values) {
  int value = node("constant", {}, type);
  kernel.nodes.back().data = arrayOf(type, values).bytes;
  return value;
}

Kernel &KernelMaker::yield(std::vector<int> results, std::map<std::string, int64_t> schedule) {
  kernel.results = std::move(results);
  kernel.schedule = std::move(schedule);
  return kernel;
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

const std::vector<TestTarget> &targets() {
  static const std::vector<TestTarget> all = [] {
    std::vector<TestTarget> list;
#if defined(__x86_64__)
    const char *avx2 = "x86-64-linux-sse41-avx-avx2-fma-f16c";
    list.push_back({"avx512", {std::string(avx2) + "-avx512-avx512_skylake", 64},
                    "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,f16c", 16,
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")});
    list.push_back({"avx2", {avx2, 32}, "avx2,fma,f16c", 8,
                    __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")});
    list.push_back({"sse41", {"x86-64-linux-sse41", 16}, "sse4.1", 4, __builtin_cpu_supports("sse4.1") != 0});
#elif defined(__aarch64__)
    list.push_back({"arm64", {"arm-64-linux", 16}, "", 4, true});
#endif
    return list;
  }();
  return all;
}

const TestTarget &bestTarget() {
  for (const TestTarget &target : targets())
    if (target.runs)
      return target;
  std::abort();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {
const std::string &folder() {
  struct Folder {
    std::string path = (std::filesystem::temp_directory_path() / "glmc-test-XXXXXX").string();
    Folder() {
      if (!mkdtemp(path.data()))
        std::abort();
    }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static Folder folder;
  return folder.path;
}

bool shell(const std::string &command) { return std::system(command.c_str()) == 0; }

/// Compiles kernels and makes one library of their bitcode; empty on failure.
std::string makeLibrary(const std::vector<Kernel> &kernels, const TestTarget &target) {
  static int number = 0;
  std::string stem = folder() + "/k" + std::to_string(number++), files;
  for (const Kernel &kernel : kernels) {
    CompiledKernel compiled = compileKernel(kernel, target.halide, {true, false, false, false});
    EXPECT_EQ(compiled.error, "");
    if (!compiled.error.empty())
      return "";
    std::string file = stem + "-" + kernel.name + ".bc";
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char *>(compiled.bitcode.data()), compiled.bitcode.size());
    files += " " + file;
  }
  // Parallel loops, backwards: iterations may come in any order.
  std::string loop = stem + "-loop.ll";
  std::ofstream(loop) << R"(
define weak i32 @halide_do_par_for(ptr %c, ptr %task, i32 %min, i32 %size, ptr %closure) {
entry:
  %none = icmp sle i32 %size, 0
  br i1 %none, label %done, label %next
next:
  %left = phi i32 [ %size, %entry ], [ %less, %next ]
  %less = sub i32 %left, 1
  %i = add i32 %min, %less
  %r = call i32 %task(ptr %c, i32 %i, ptr %closure)
  %end = icmp eq i32 %less, 0
  br i1 %end, label %done, label %next
done:
  ret i32 0
}
)";
  files += " " + loop;
  bool made = shell("/usr/lib/llvm-22/bin/clang -Wno-override-module -O1 -shared -fPIC -nostdlib" + files + " -o " +
                    stem + ".so");
  EXPECT_TRUE(made) << files;
  return made ? stem + ".so" : "";
}

/// The same for one kernel by way of C++.
std::string makeCxxLibrary(const Kernel &kernel, const TestTarget &target) {
  CompiledKernel compiled = compileKernel(kernel, target.halide, {false, true, false, false});
  EXPECT_EQ(compiled.error, "");
  std::string error, parameters, arguments;
  std::vector<TensorType> types = kernel.arguments;
  for (int result : kernel.results)
    types.push_back(kernel.typeOf(result));
  types.insert(types.end(), kernel.scratch.begin(), kernel.scratch.end());
  for (size_t i = 0; i < types.size(); ++i) {
    std::string comma = i ? ", " : "", b = "b" + std::to_string(i);
    parameters += comma + "Buffer *" + b;
    arguments += comma + "(" + (i < kernel.arguments.size() ? "const " : "") + cType(types[i].element) + " *)" + b + "->host";
  }
  std::string text = "#include <stddef.h>\n#include <stdint.h>\n" +
                     source::runtimePreamble(target.cxx, kernel.math == Math::exact, compiled.takesPool) +
                     source::runtimePieces(compiled.cxxNeeds, error) + "\nnamespace {\n" + compiled.cxx +
                     "\n}\nstruct Buffer { uint64_t device; const void *interface; void *host; };\nextern \"C\" int run(" +
                     (compiled.takesPool ? "void *pool, " : "") + parameters + ") { " + kernel.name + "(" +
                     (compiled.takesPool ? "pool, " : "") + arguments + "); return 0; }\n";
  EXPECT_EQ(error, "");
  static int number = 0;
  std::string stem = folder() + "/c" + std::to_string(number++);
  std::ofstream(stem + ".cpp") << text;
  bool made = shell("g++ -std=c++17 -O2 -shared -fPIC -fno-exceptions -fno-rtti " + stem + ".cpp -o " + stem + ".so");
  EXPECT_TRUE(made) << kernel.name;
  return made ? stem + ".so" : "";
}

/// The part of halide_buffer_t that kernels read is `host`, at offset 16.
struct Buffer {
  uint64_t device = 0;
  const void *deviceInterface = nullptr;
  uint8_t *host = nullptr;
  uint64_t rest[8] = {};
};

/// Memory for one array: at an address that is a multiple of the element size
/// only, with guard bytes on both sides.
struct Guarded {
  std::vector<uint8_t> memory;
  uint8_t *data;
  size_t size;
  Guarded(const Array &array) : memory(array.bytes.size() + 512, 0xAB), size(array.bytes.size()) {
    uintptr_t base = (reinterpret_cast<uintptr_t>(memory.data()) + 64 + 63) / 64 * 64;
    size_t offset = array.type.layout.kind == Layout::panels ? 0 : byteSize(array.type.element);
    data = reinterpret_cast<uint8_t *>(base + offset);
    std::memcpy(data, array.bytes.data(), size);
  }
  bool intact() const {
    for (const uint8_t *p = memory.data(); p < memory.data() + memory.size(); ++p)
      if ((p < data || p >= data + size) && *p != 0xAB)
        return false;
    return true;
  }
};

template <size_t... I> void callWith(void *function, const std::vector<void *> &p, std::index_sequence<I...>) {
  reinterpret_cast<int (*)(decltype((void)I, static_cast<void *>(nullptr))...)>(function)(p[I]...);
}

/// Calls a function of as many pointers as there are, up to 16.
template <size_t N = 1> void call(void *function, const std::vector<void *> &pointers) {
  if (pointers.size() == N)
    return callWith(function, pointers, std::make_index_sequence<N>());
  if constexpr (N < 16)
    return call<N + 1>(function, pointers);
  FAIL() << "more buffers than the runner calls with";
}
} // namespace

namespace {
std::vector<Array> runLibrary(const std::string &library, const std::string &symbol, const Kernel &kernel,
                              const std::vector<Array> &inputs) {
  if (library.empty())
    return {};
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(handle, nullptr) << dlerror();
  void *function = handle ? dlsym(handle, symbol.c_str()) : nullptr;
  EXPECT_NE(function, nullptr) << kernel.name;
  if (!function)
    return {};

  std::vector<Array> outputs;
  for (int result : kernel.results)
    outputs.emplace_back(kernel.typeOf(result));
  for (const TensorType &type : kernel.scratch)
    outputs.emplace_back(type);
  std::vector<std::unique_ptr<Guarded>> memory;
  std::vector<Buffer> buffers;
  for (const Array &input : inputs)
    memory.push_back(std::make_unique<Guarded>(input));
  for (const Array &output : outputs)
    memory.push_back(std::make_unique<Guarded>(output));
  for (auto &m : memory) {
    buffers.emplace_back();
    buffers.back().host = m->data;
  }
  for (auto [argument, result] : kernel.inPlace)
    buffers[inputs.size() + result].host = buffers[argument].host;
  std::vector<void *> pointers;
  // A pool without threads: loops run here.
  alignas(64) uint8_t pool[poolBytes] = {};
  if (isParallel(kernel))
    pointers.push_back(pool);
  for (Buffer &buffer : buffers)
    pointers.push_back(&buffer);
  call(function, pointers);
  for (size_t i = 0; i < memory.size(); ++i) {
    EXPECT_TRUE(memory[i]->intact()) << kernel.name << ": wrote outside of buffer " << i;
    bool shared = i < inputs.size() && std::any_of(kernel.inPlace.begin(), kernel.inPlace.end(),
                                                   [&](auto pair) { return pair.first == static_cast<int>(i); });
    if (i < inputs.size() && !shared) {
      EXPECT_EQ(std::memcmp(memory[i]->data, inputs[i].bytes.data(), inputs[i].bytes.size()), 0)
          << kernel.name << ": wrote to argument " << i;
    }
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    std::memcpy(outputs[i].bytes.data(), buffers[inputs.size() + i].host, outputs[i].bytes.size());
  dlclose(handle);
  return outputs;
}
} // namespace

std::vector<std::vector<Array>> runEach(const Kernel &kernel, const std::vector<std::vector<Array>> &inputs,
                                        const TestTarget &target) {
  const std::string library = makeLibrary({kernel}, target);
  std::vector<std::vector<Array>> results;
  for (const std::vector<Array> &each : inputs)
    results.push_back(runLibrary(library, kernel.name, kernel, each));
  return results;
}

std::vector<std::vector<Array>> runCxxEach(const Kernel &kernel, const std::vector<std::vector<Array>> &inputs,
                                           const TestTarget &target) {
  const std::string library = makeCxxLibrary(kernel, target);
  std::vector<std::vector<Array>> results;
  for (const std::vector<Array> &each : inputs)
    results.push_back(runLibrary(library, "run", kernel, each));
  return results;
}

std::vector<Array> run(const Kernel &kernel, const std::vector<Array> &inputs, const TestTarget &target) {
  return runEach(kernel, {inputs}, target)[0];
}

std::vector<Array> runCxx(const Kernel &kernel, const std::vector<Array> &inputs, const TestTarget &target) {
  return runCxxEach(kernel, {inputs}, target)[0];
}

std::vector<std::string> undefinedSymbols(const std::vector<Kernel> &kernels, const TestTarget &target) {
  std::string library = makeLibrary(kernels, target);
  if (library.empty())
    return {"(not compiled)"};
  EXPECT_TRUE(shell("/usr/lib/llvm-22/bin/llvm-nm -u " + library + " > " + library + ".txt"));
  std::ifstream stream(library + ".txt");
  std::vector<std::string> symbols;
  for (std::string kind, symbol; stream >> kind >> symbol;)
    if (symbol != "memcpy" && symbol != "memset" && symbol != "memmove")
      symbols.push_back(symbol);
  return symbols;
}

std::vector<int64_t> unflatten(int64_t flat, const std::vector<int64_t> &shape) {
  std::vector<int64_t> index(shape.size());
  for (size_t i = shape.size(); i-- > 0; flat /= shape[i])
    index[i] = flat % shape[i];
  return index;
}

void expectNear(const Array &got, const std::function<double(const std::vector<int64_t> &)> &expected, double relative,
                const std::string &what) {
  for (int64_t i = 0; i < got.size(); ++i) {
    double value = expected(unflatten(i, got.type.shape));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(got.get(i))) << what << " at " << i << " is " << got.get(i);
    } else if (value != got.get(i)) {
      ASSERT_NEAR(got.get(i), value, relative * std::max(1.0, std::fabs(value))) << what << " at " << i;
    }
  }
}

} // namespace glmc::kernels::test
