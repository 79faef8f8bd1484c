//===- PrintCxxTest.cpp - Printed C++ against Halide's own code --------------===//
//
// Hand-written pipelines are printed, compiled by g++ and clang++, run, and
// compared with what Halide's JIT computes: once with the instructions of this
// machine and once with none but the plainest, so that every fallback runs.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/PrintCxx.h"
#include "codegen/source/RuntimePieces.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <sys/mman.h>
#include <unistd.h>

using namespace Halide;
using glmc::kernels::CxxFunction;
using glmc::kernels::Kernel;

namespace {

const char *const targetName = "x86-64-linux-sse41-avx-avx2-fma-f16c";

const std::vector<Type> &allTypes() {
  static const std::vector<Type> types = {Bool(),  Int(8),   UInt(8),   Int(16),    UInt(16),  Int(32),  UInt(32),
                                          Int(64), UInt(64), Float(16), BFloat(16), Float(32), Float(64)};
  return types;
}

std::string label(Type t) {
  return t.is_bool() ? "b"
                     : (t.is_bfloat()  ? "bf"
                        : t.is_float() ? "f"
                        : t.is_int()   ? "i"
                                       : "u") +
                           std::to_string(t.bits());
}

/// Memory that ends where a page ends that nobody may touch: one byte read or
/// written too far is a fault. It has its elements' alignment and no more.
class GuardedBytes {
public:
  void *allocate(size_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page * page;
    size = pages + page;
    start = (char *)mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE((void *)start, MAP_FAILED);
    mprotect(start + pages, page, PROT_NONE);
    std::memset(start, 0x5a, pages);
    return start + pages - bytes;
  }
  ~GuardedBytes() {
    if (start)
      munmap(start, size);
  }

private:
  char *start = nullptr;
  size_t size = 0;
};

/// Kernels with their inputs and what Halide computed.
class Suite {
public:
  struct Entry {
    std::string name;
    CxxFunction printed;
    std::vector<Buffer<>> inputs, expected;
  };
  bool threads = false; ///< Kernels take a pool, which starts three threads.
  std::vector<Entry> entries;

  /// Prints `f` and keeps what the JIT makes of it. Bounds are those of `sizes`.
  void add(const std::string &name, Func f, std::vector<ImageParam> params, std::vector<Buffer<>> inputs,
           std::vector<int> sizes) {
    try {
      addChecked(name, f, std::move(params), std::move(inputs), std::move(sizes));
    } catch (const Halide::Error &e) {
      ADD_FAILURE() << name << ": " << e.what();
    }
  }

  void addChecked(const std::string &name, Func f, std::vector<ImageParam> params, std::vector<Buffer<>> inputs,
                  std::vector<int> sizes) {
    Entry entry;
    entry.name = name;
    std::vector<Argument> arguments;
    for (size_t i = 0; i < params.size(); ++i) {
      int stride = 1;
      for (int d = 0; d < inputs[i].dimensions(); ++d) {
        params[i].dim(d).set_bounds(0, inputs[i].dim(d).extent()).set_stride(stride);
        stride *= inputs[i].dim(d).extent();
      }
      params[i].set(inputs[i]);
      arguments.push_back(params[i]);
    }
    bool first = true; // The other outputs follow its bounds.
    for (OutputImageParam output : f.output_buffers()) {
      int stride = 1;
      for (size_t d = 0; d < sizes.size(); ++d) {
        if (first)
          output.dim((int)d).set_bounds(0, sizes[d]);
        output.dim((int)d).set_stride(stride);
        stride *= sizes[d];
      }
      first = false;
    }
    entry.printed = print(name, f, arguments, {}, threads);
    entry.inputs = inputs;
    const Realization made = f.realize(sizes, Target("host"));
    for (size_t i = 0; i < made.size(); ++i)
      entry.expected.push_back(made[i]);
    entries.push_back(std::move(entry));
  }

  static CxxFunction print(const std::string &name, Func f, const std::vector<Argument> &arguments,
                           std::vector<std::pair<int, int>> inPlace = {}, bool threads = false) {
    const std::string flags = "-no_runtime-no_asserts-no_bounds_query";
    const Module module =
        f.compile_to_module(arguments, name, Target(targetName + flags + (threads ? "-user_context" : "")));
    Kernel kernel;
    kernel.name = name;
    kernel.arguments.resize(arguments.size());
    for (int i = 0; i < (int)f.outputs(); ++i)
      kernel.results.push_back(i);
    kernel.inPlace = std::move(inPlace);
    std::vector<Internal::LoweredFunc> tasks;
    for (const Internal::LoweredFunc &function : module.functions())
      if (function.linkage == LinkageType::Internal)
        tasks.push_back(function);
    return glmc::kernels::printCxx(module.get_function_by_name(name), kernel, tasks);
  }

  /// The whole file for a target attribute.
  std::string file(const std::string &cxxTarget) const {
    std::set<std::string> needs;
    std::string kernels, runners, error;
    for (const Entry &entry : entries) {
      EXPECT_EQ(entry.printed.error, "") << entry.name;
      needs.insert(entry.printed.needs.begin(), entry.printed.needs.end());
      kernels += "\n" + entry.printed.text;
      runners += "extern \"C\" void run_" + entry.name + "(void **b) { ";
      if (threads)
        runners += "alignas(64) static char pool[1024]; if (!glmc_pool_start(pool, 4)) __builtin_trap(); ";
      runners += entry.name + (threads ? "(pool, " : "(");
      const auto pointer = [&](const Buffer<> &b, size_t i, bool constant) {
        const Type t = b.type();
        const std::string element = t.is_bool()                                         ? "u8"
                                    : t.is_bfloat() || (t.is_float() && t.bits() == 16) ? "u16"
                                                                                        : label(t);
        runners +=
            (i ? ", (" : "(") + std::string(constant ? "const " : "") + element + " *)b[" + std::to_string(i) + "]";
      };
      size_t i = 0;
      for (const Buffer<> &b : entry.inputs)
        pointer(b, i++, true);
      for (const Buffer<> &b : entry.expected)
        pointer(b, i++, false);
      runners += threads ? "); glmc_pool_stop(pool); }\n" : "); }\n";
    }
    const std::string pieces = glmc::source::runtimePieces(needs, error);
    EXPECT_EQ(error, "");
    return "#include <stddef.h>\n#include <stdint.h>\n" + glmc::source::runtimePreamble(cxxTarget, true, threads) +
           pieces +
           kernels + runners;
  }

  void compileAndRun(const std::string &optimize = "-O1") const;

private:
  void runIn(void *library, const std::string &how) const;
};

/// The largest difference that counts as equal: none for integers.
void expectEqual(const Buffer<> &got, const Buffer<> &expected, const std::string &what) {
  const Type t = expected.type();
  const size_t count = expected.number_of_elements();
  const auto at = [&](const Buffer<> &b, size_t i) -> double {
    const void *p = b.data();
    if (t.is_bfloat())
      return (double)((const bfloat16_t *)p)[i];
    if (t.is_float() && t.bits() == 16)
      return (double)((const float16_t *)p)[i];
    return t.bits() == 32 ? ((const float *)p)[i] : ((const double *)p)[i];
  };
  for (size_t i = 0; i < count; ++i) {
    if (!t.is_float() && !t.is_bfloat()) {
      ASSERT_EQ(std::memcmp((const char *)got.data() + i * t.bytes(), (const char *)expected.data() + i * t.bytes(),
                            t.bytes()),
                0)
          << what << " element " << i;
      continue;
    }
    const double g = at(got, i), e = at(expected, i);
    if (std::isnan(e)) {
      ASSERT_TRUE(std::isnan(g)) << what << " element " << i;
      continue;
    }
    // exp and log are sums that Halide's own compiler may order differently.
    const double tolerance = t.bits() == 64 ? 1e-12 : t.bits() == 32 ? 2e-6 : 0;
    ASSERT_TRUE(g == e || std::fabs(g - e) <= tolerance * std::max(1.0, std::fabs(e)))
        << what << " element " << i << ": " << g << " instead of " << e;
  }
}

void Suite::runIn(void *library, const std::string &how) const {
  for (const Entry &entry : entries) {
    auto run = (void (*)(void **))dlsym(library, ("run_" + entry.name).c_str());
    ASSERT_NE(run, nullptr) << entry.name;
    std::vector<GuardedBytes> memory(entry.inputs.size() + entry.expected.size());
    std::vector<void *> pointers;
    for (const Buffer<> &b : entry.inputs) {
      pointers.push_back(memory[pointers.size()].allocate(b.size_in_bytes()));
      std::memcpy(pointers.back(), b.data(), b.size_in_bytes());
    }
    for (const Buffer<> &b : entry.expected)
      pointers.push_back(memory[pointers.size()].allocate(b.size_in_bytes()));
    run(pointers.data());
    for (size_t i = 0; i < entry.expected.size(); ++i) {
      Buffer<> output = entry.expected[i].copy();
      std::memcpy(output.data(), pointers[entry.inputs.size() + i], output.size_in_bytes());
      expectEqual(output, entry.expected[i], how + ": " + entry.name + " output " + std::to_string(i));
    }
  }
}

void Suite::compileAndRun(const std::string &optimize) const {
  const bool avx2 = get_host_target().has_feature(Target::AVX2);
  const std::string folder = ::testing::TempDir() + "glmc-printcxx-" + std::to_string(getpid()) + "-";
  const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  for (const std::string target : {avx2 ? "avx2,fma,f16c,popcnt" : "sse4.2", ""}) {
    const std::string path = folder + test + (target.empty() ? "-plain" : "-best");
    std::ofstream(path + ".cpp") << file(target);
    for (const char *compiler : {"g++", "clang++-14"}) {
      const std::string library = path + "-" + compiler + ".so";
      const std::string command = std::string(compiler) + " -std=c++17 " + optimize +
                                  " -Wall -Wextra -Werror -fno-exceptions -fno-rtti -fPIC -shared " + path +
                                  ".cpp -o " + library;
      ASSERT_EQ(std::system(command.c_str()), 0) << command;
      void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
      ASSERT_NE(handle, nullptr) << dlerror();
      runIn(handle, std::string(compiler) + " '" + target + "'");
      dlclose(handle);
      unlink(library.c_str());
    }
    unlink((path + ".cpp").c_str());
  }
}

/// Small numbers, negative ones too where the type has them.
Buffer<> numbers(Type t, std::vector<int> sizes, int seed, int low, int high) {
  Buffer<> b(t, sizes);
  uint32_t state = 12345u + seed;
  for (size_t i = 0; i < b.number_of_elements(); ++i) {
    state = state * 1664525u + 1013904223u;
    const int whole = low + int((state >> 8) % uint32_t(high - low + 1));
    const double v = t.is_float() || t.is_bfloat() ? whole + ((state >> 5) % 8) * 0.125 : whole;
    char *p = (char *)b.data() + i * t.bytes();
    const auto put = [&](auto x) { std::memcpy(p, &x, sizeof x); };
    if (t.is_bool())
      put(uint8_t(whole & 1));
    else if (t.is_bfloat())
      put(bfloat16_t((float)v));
    else if (t.is_float())
      t.bits() == 16 ? put(float16_t((float)v)) : t.bits() == 32 ? put((float)v) : put(v);
    else
      std::memcpy(p, std::vector<int64_t>{(int64_t)whole}.data(), t.bytes());
  }
  return b;
}

Buffer<> numbers(Type t, std::vector<int> sizes, int seed) {
  return numbers(t, sizes, seed, t.is_uint() ? 0 : -60, 60);
}

void vectorize(Func f, Var x, int lanes, TailStrategy tail = TailStrategy::Auto) {
  if (lanes > 1)
    f.vectorize(x, lanes, tail);
}

TEST(PrintCxx, CastsBetweenAllTypes) {
  Suite suite;
  for (Type from : allTypes())
    for (int lanes : {8, 1, 3}) {
      // Lanes that are no power of two: one type of each width will do.
      if (lanes == 3 && from != Bool() && from != UInt(8) && from != BFloat(16) && from != Float(32) && from != Int(64))
        continue;
      ImageParam in(from, 1, "in");
      Var x("x");
      std::vector<Expr> casts;
      for (Type to : allTypes())
        casts.push_back(cast(to, in(x)));
      Func f("casts");
      f(x) = Tuple(casts);
      vectorize(f, x, lanes);
      // Not negative: what a negative float is as unsigned is not defined.
      suite.add("cast_" + label(from) + "_" + std::to_string(lanes), f, {in}, {numbers(from, {24}, 1, 0, 60)}, {24});
      if (from.is_uint() || from.is_bool())
        continue;
      std::vector<Expr> negatives;
      for (Type to : allTypes())
        if (!to.is_uint())
          negatives.push_back(cast(to, in(x)));
      Func g("negatives");
      g(x) = Tuple(negatives);
      vectorize(g, x, lanes);
      suite.add("castn_" + label(from) + "_" + std::to_string(lanes), g, {in}, {numbers(from, {24}, 2)}, {24});
    }
  suite.compileAndRun("-O0");
}

TEST(PrintCxx, IntegerArithmetic) {
  Suite suite;
  for (Type t : {Int(8), UInt(8), Int(16), UInt(16), Int(32), UInt(32), Int(64), UInt(64)})
    for (int lanes : {8, 1, 5}) {
      if (lanes == 5 && t.is_uint() == (t.bits() > 16)) // One type of each width.
        continue;
      ImageParam a(t, 1, "a"), b(t, 1, "b");
      Var x("x");
      const Expr s = cast(t, 3);
      Func f("f");
      f(x) = Tuple(std::vector<Expr>{a(x) + b(x),
                                     a(x) - b(x),
                                     a(x) * b(x),
                                     a(x) / b(x),
                                     a(x) % b(x),
                                     min(a(x), b(x)),
                                     max(a(x), cast(t, 7)),
                                     a(x) & b(x),
                                     a(x) | b(x),
                                     a(x) ^ b(x),
                                     ~a(x),
                                     a(x) << s,
                                     a(x) >> s,
                                     cast(t, abs(a(x))),
                                     cast(t, absd(a(x), b(x))),
                                     select(a(x) < b(x), a(x), b(x) + 1),
                                     a(x) / 7,
                                     a(x) % 7,
                                     a(x) / 8,
                                     a(x) % 8,
                                     (a(x) * 2 + b(x)) / 3,
                                     cast<uint8_t>((a(x) < b(x) && a(x) != 3) || b(x) >= 9),
                                     popcount(a(x)),
                                     count_leading_zeros(a(x)),
                                     count_trailing_zeros(a(x))});
      vectorize(f, x, lanes);
      const int high = t.bits() == 8 ? 100 : 120;
      suite.add("int_" + label(t) + "_" + std::to_string(lanes), f, {a, b},
                {numbers(t, {40}, 3, t.is_uint() ? 0 : -high, high), numbers(t, {40}, 4, t.is_uint() ? 0 : -4, 5)},
                {40});
      if (!t.is_int())
        continue;
      Func g("g");
      g(x) = Tuple(std::vector<Expr>{
          a(x) / -3, a(x) % -3, a(x) / b(x),
          Internal::Call::make(t, Internal::Call::div_round_to_zero, {a(x), cast(t, 5)}, Internal::Call::PureIntrinsic),
          a(x) << b(x), a(x) >> b(x)});
      vectorize(g, x, lanes);
      suite.add("signed_" + label(t) + "_" + std::to_string(lanes), g, {a, b},
                {numbers(t, {40}, 5, 0, 100), numbers(t, {40}, 6, -3, 3)}, {40});
    }
  suite.compileAndRun("-O0");
}

TEST(PrintCxx, FixedPointIntrinsics) {
  Suite suite;
  for (Type t : {Int(8), UInt(8), Int(16), UInt(16)})
    for (int lanes : {16, 1}) {
      ImageParam a(t, 1, "a"), b(t, 1, "b");
      Var x("x");
      Func f("f");
      f(x) =
          Tuple(std::vector<Expr>{saturating_add(a(x), b(x)), saturating_sub(a(x), b(x)), halving_add(a(x), b(x)),
                                  rounding_halving_add(a(x), b(x)), widening_mul(a(x), b(x)), widening_add(a(x), b(x)),
                                  mul_shift_right(a(x), b(x), 7), rounding_mul_shift_right(a(x), b(x), 7),
                                  rounding_shift_right(a(x), 2), saturating_cast<uint8_t>(widening_add(a(x), b(x)))});
      vectorize(f, x, lanes);
      const int low = t.is_uint() ? 0 : -100;
      suite.add("fixed_" + label(t) + "_" + std::to_string(lanes), f, {a, b},
                {numbers(t, {32}, 7, low, 120), numbers(t, {32}, 8, low, 120)}, {32});
    }
  suite.compileAndRun();
}

TEST(PrintCxx, FloatArithmetic) {
  Suite suite;
  for (Type t : {Float(32), Float(64), Float(16), BFloat(16)})
    for (int lanes : {8, 4, 1, 3}) {
      ImageParam a(t, 1, "a"), b(t, 1, "b");
      Var x("x");
      std::vector<Expr> e = {
          a(x) + b(x),     a(x) - b(x) * cast(t, 0.5f),      a(x) / (b(x) + cast(t, 100)), min(a(x), b(x)),
          max(a(x), b(x)), select(a(x) < b(x), a(x), -b(x)), cast<uint8_t>(a(x) >= b(x)),  abs(a(x))};
      if (t.bits() != 16) // Halide's own code calls a library for the half types.
        for (Expr more : {sqrt(abs(a(x))), floor(a(x)), ceil(a(x)), trunc(a(x)), round(a(x)), round(a(x) * cast(t, 4)),
                          cast(t, is_nan(a(x) / (b(x) - b(x)))), cast(t, is_inf(a(x))), cast(t, is_finite(b(x)))})
          e.push_back(more);
      if (t == Float(32) && lanes > 1) {
        e.push_back(exp(a(x) * 0.125f));
        e.push_back(log(abs(a(x)) + 0.5f));
        e.push_back(fast_inverse(b(x) + 200.0f) * 0.0f);
      }
      Func f("f");
      f(x) = Tuple(e);
      vectorize(f, x, lanes);
      suite.add("float_" + label(t) + "_" + std::to_string(lanes), f, {a, b},
                {numbers(t, {24}, 9), numbers(t, {24}, 10)}, {24});
    }
  suite.compileAndRun();
}

TEST(PrintCxx, GathersAndScatters) {
  Suite suite;
  for (Type t : {Bool(), Int(8), UInt(16), Int(32), Int(64), BFloat(16), Float(32), Float(64)})
    for (int lanes : {8, 1, 6}) {
      ImageParam a(t, 1, "a"), at(Int(32), 1, "at");
      Var x("x");
      Func f("f");
      f(x) = Tuple(std::vector<Expr>{a(clamp(at(x), 0, 47)), a(2 * x), a(23 - x), a(x / 2), a((x * 5) % 48)});
      vectorize(f, x, lanes);
      const std::string name = label(t) + "_" + std::to_string(lanes);
      suite.add("gather_" + name, f, {a, at}, {numbers(t, {48}, 11), numbers(Int(32), {24}, 12, 0, 47)}, {24});
      Func g("g");
      RDom r(0, 24, "r");
      g(x) = cast(t, 1);
      g(23 - r) = a(r);
      g((r * 7) % 24) = a(r + 1);
      if (lanes > 1) {
        g.update(0).vectorize(r, lanes);
        g.update(1).allow_race_conditions().vectorize(r, lanes);
      }
      suite.add("scatter_" + name, g, {a}, {numbers(t, {48}, 13)}, {24});
    }
  suite.compileAndRun();
}

TEST(PrintCxx, TailsUnderPredicates) {
  Suite suite;
  for (Type t : {Bool(), Int(8), Int(16), Int(32), Int(64), Float(32), Float(64), BFloat(16)})
    for (TailStrategy tail : {TailStrategy::GuardWithIf, TailStrategy::Predicate, TailStrategy::ShiftInwards}) {
      ImageParam a(t, 1, "a"), b(t, 1, "b");
      Var x("x");
      Func f("f");
      f(x) = Tuple(select(a(x) != cast(t, 0), b(x), a(x)), b(x), b(2 * x));
      f.vectorize(x, 8, tail);
      const std::string name = "tail_" + label(t) + "_" + std::to_string((int)tail);
      suite.add(name, f, {a, b}, {numbers(t, {29}, 14), numbers(t, {57}, 15)}, {29});
    }
  suite.compileAndRun("-O3");
}

TEST(PrintCxx, Reductions) {
  Suite suite;
  for (Type t : {Int(8), UInt(16), Int(64), Float(32), Float(64)})
    for (int factor : {2, 3, 8}) {
      ImageParam a(t, 2, "a");
      Var x("x");
      RDom r(0, factor, "r");
      Func sum("sum"), low("low"), high("high"), product("product"), all("all");
      sum(x) += a(r, x);
      low(x) = t.max();
      low(x) = min(low(x), a(r, x));
      high(x) = t.min();
      high(x) = max(high(x), a(r, x));
      product(x) = cast(t, 1);
      product(x) *= a(r, x);
      Func f("f");
      f(x) = Tuple(sum(x), low(x), high(x), product(x));
      f.vectorize(x, 4);
      for (Func g : {sum, low, high, product}) {
        g.compute_at(f, x).vectorize(x, 4).store_in(MemoryType::Stack);
        g.update().atomic().vectorize(r).vectorize(x, 4);
      }
      const std::string name = label(t) + "_" + std::to_string(factor);
      suite.add("groups_" + name, f, {a}, {numbers(t, {factor, 16}, 16, t.is_uint() ? 0 : -2, 3)}, {16});
      Func total("total");
      total() = cast(t, 0);
      RDom k(0, 4 * factor, "k");
      ImageParam b(t, 1, "b");
      total() += b(k);
      total.update().atomic().vectorize(k, 4 * factor);
      suite.add("total_" + name, total, {b}, {numbers(t, {4 * factor}, 17, 0, 9)}, {});
    }
  ImageParam m(Bool(), 2, "m");
  Var x("x");
  RDom r(0, 8, "r");
  Func any("any"), every("every"), f("f");
  any(x) = cast<bool>(false);
  any(x) = any(x) || m(r, x);
  every(x) = cast<bool>(true);
  every(x) = every(x) && m(r, x);
  f(x) = Tuple(any(x), every(x));
  for (Func g : {any, every}) {
    g.compute_root().store_in(MemoryType::Stack);
    g.update().atomic().vectorize(r);
  }
  suite.add("logic", f, {m}, {numbers(Bool(), {8, 12}, 18)}, {12});
  suite.compileAndRun();
}

TEST(PrintCxx, DotProductsOfBytes) {
  Suite suite;
  for (Type t : {Int(8), UInt(8)})
    for (int lanes : {4, 8, 16}) {
      ImageParam w(Int(8), 2, "w"), v(t, 1, "v");
      Var n("n");
      RDom k(0, 4, 0, 6, "k");
      Func acc("acc"), f("f");
      acc(n) += cast<int>(v(k.y * 4 + k.x)) * cast<int>(w(k.x, n + k.y));
      f(n) = acc(n);
      f.bound(n, 0, 32).vectorize(n, lanes);
      acc.compute_at(f, n).vectorize(n, lanes).store_in(MemoryType::Register);
      acc.update().reorder(k.x, n, k.y).atomic().vectorize(k.x).vectorize(n, lanes);
      suite.add("dot_" + label(t) + "_" + std::to_string(lanes), f, {w, v},
                {numbers(Int(8), {4, 40}, 19, -128, 127),
                 numbers(t, {24}, 20, t.is_uint() ? 0 : -128, t.is_uint() ? 255 : 127)},
                {32});
    }
  suite.compileAndRun();
}

/// C = A * B with a register tile, and a softmax with a row on the stack.
Func matmul(ImageParam a, ImageParam b, int k) {
  Var n("n"), m("m"), ni("ni"), mi("mi");
  RDom r(0, k, "k");
  Func acc("acc"), c("c");
  acc(n, m) += a(r, m) * b(n, r);
  c(n, m) = acc(n, m);
  c.tile(n, m, ni, mi, 16, 2).vectorize(ni, 8).unroll(ni).unroll(mi);
  acc.compute_at(c, n).store_in(MemoryType::Register).vectorize(n, 8).unroll(n).unroll(m);
  acc.update().reorder(n, m, r).vectorize(n, 8).unroll(n).unroll(m);
  return c;
}

TEST(PrintCxx, MatmulAndSoftmax) {
  Suite suite;
  ImageParam a(Float(32), 2, "a"), b(Float(32), 2, "b");
  Func c = matmul(a, b, 24);
  suite.add("matmul", c, {a, b}, {numbers(Float(32), {24, 6}, 21, -3, 3), numbers(Float(32), {32, 24}, 22, -3, 3)},
            {32, 6});
  EXPECT_EQ(suite.entries[0].printed.text.find("[4]"), std::string::npos) << "accumulators are not in registers";
  Var n("n"), m("m");
  RDom r(0, 32, "r");
  Func high("high"), e("e"), sum("sum"), y("y");
  high(m) = Float(32).min();
  high(m) = max(high(m), a(r, m));
  e(n, m) = exp(a(n, m) - high(m));
  sum(m) += e(r, m);
  y(n, m) = e(n, m) / sum(m);
  y.vectorize(n, 8);
  e.compute_at(y, m).vectorize(n, 8).store_in(MemoryType::Stack);
  high.compute_at(y, m).store_in(MemoryType::Stack).update().atomic().vectorize(r, 8);
  sum.compute_at(y, m).store_in(MemoryType::Stack).update().atomic().vectorize(r, 8);
  suite.add("softmax", y, {a}, {numbers(Float(32), {32, 5}, 23, -5, 5)}, {32, 5});
  suite.compileAndRun("-O3");
}

TEST(PrintCxx, ShufflesMasksAndChoices) {
  Suite suite;
  ImageParam w(UInt(8), 1, "w"), a(Float(32), 1, "a"), b(Int(64), 1, "b"), c(Bool(), 1, "c");
  Var x("x");
  for (int lanes : {16, 8, 12}) {
    const std::string suffix = "_" + std::to_string(lanes);
    Func nibbles("nibbles");
    nibbles(x) = cast<float>(select(x % 2 == 0, cast<int>(w(x / 2) & 15), cast<int>(w(x / 2) >> 4)) - 8);
    nibbles.vectorize(x, lanes);
    suite.add("nibbles" + suffix, nibbles, {w}, {numbers(UInt(8), {24}, 24, 0, 255)}, {48});
    // Masks of 8, 32 and 64 bits meet.
    Func masks("masks");
    const Expr narrow = w(x)<30, single = a(x)> 1.5f, wide = b(x) != 3;
    masks(x) =
        Tuple(std::vector<Expr>{narrow && single, (wide || c(x)) && !narrow, select(wide && narrow, a(x), 2.0f),
                                select(c(x), b(x), cast<int64_t>(x)), select(single, narrow, wide), narrow != wide,
                                cast<float>(wide), cast<int8_t>(single), select(narrow, w(x), cast<uint8_t>(9)),
                                min(c(x), narrow), cast<double>(c(x)), a(x) != 0.0f});
    masks.vectorize(x, lanes);
    suite.add("masks" + suffix, masks, {w, a, b, c},
              {numbers(UInt(8), {48}, 25), numbers(Float(32), {48}, 26, -4, 4), numbers(Int(64), {48}, 27, 0, 5),
               numbers(Bool(), {48}, 28)},
              {48});
    Func zipped("zipped");
    Var y("y");
    zipped(y, x) = mux(y, {a(x), a(x + 1), cast<float>(b(x))});
    zipped.bound(y, 0, 3).reorder(y, x).unroll(y).vectorize(x, lanes);
    Func joined("joined");
    joined(x) = zipped(x % 3, x / 3);
    zipped.compute_root().store_in(MemoryType::Stack);
    joined.vectorize(x, lanes);
    suite.add("zipped" + suffix, joined, {a, b}, {numbers(Float(32), {49}, 29), numbers(Int(64), {48}, 30)}, {144});
  }
  // An index that only the taken side may use.
  Func guarded("guarded");
  ImageParam at(Int(32), 1, "at");
  guarded(x) =
      Internal::Call::make(Float(32), Internal::Call::if_then_else,
                           {at(x) < 20, a(unsafe_promise_clamped(at(x), 0, 19)), 0.5f}, Internal::Call::PureIntrinsic);
  suite.add("guarded", guarded, {a, at}, {numbers(Float(32), {20}, 31), numbers(Int(32), {24}, 32, 0, 2000000)}, {24});
  Func bits("bits");
  bits(x) = Tuple(reinterpret<uint32_t>(a(x)), reinterpret<float>(reinterpret<int>(a(x)) & 0x7fffff00),
                  strict_float(a(x) * 3.0f + 1.0f));
  bits.vectorize(x, 8);
  suite.add("bits", bits, {a}, {numbers(Float(32), {24}, 33)}, {24});
  suite.compileAndRun();
}

TEST(PrintCxx, HalfConversionsRoundToEven) {
  Suite suite;
  Buffer<float> values(4096);
  uint32_t state = 1;
  for (int i = 0; i < values.width(); ++i) {
    state = state * 1664525u + 1013904223u;
    // Exponents around the half formats' limits and subnormals, any sign.
    uint32_t bits = (state & 0x807fffffu) | (uint32_t)(90 + i % 60) << 23;
    if (i % 3 == 1) // Half way between two f16.
      bits = (bits & ~0x1fffu) | 0x1000u;
    if (i % 3 == 2) // And between two bf16.
      bits = (bits & ~0xffffu) | 0x8000u;
    std::memcpy(&values(i), &bits, 4);
  }
  ImageParam a(Float(32), 1, "a");
  Var x("x");
  for (int lanes : {8, 1}) {
    Func f("f");
    f(x) = Tuple(cast<float16_t>(a(x)), cast<bfloat16_t>(a(x)), cast<float>(cast<float16_t>(a(x))));
    vectorize(f, x, lanes);
    suite.add("half_" + std::to_string(lanes), f, {a}, {values}, {values.width()});
  }
  suite.compileAndRun();
}

TEST(PrintCxx, NamesDoNotDependOnWhatWasPrintedBefore) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3; ++i) {
    ImageParam a(Float(32), 2, "a"), b(Float(32), 2, "b");
    Func c = matmul(a, b, 24);
    a.dim(0).set_bounds(0, 24), a.dim(1).set_bounds(0, 6).set_stride(24);
    b.dim(0).set_bounds(0, 32), b.dim(1).set_bounds(0, 24).set_stride(32);
    c.output_buffer().dim(0).set_bounds(0, 32), c.output_buffer().dim(1).set_bounds(0, 6).set_stride(32);
    texts.push_back(Suite::print("same", c, {a, b}).text);
  }
  EXPECT_NE(texts[0], "");
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_EQ(texts[0], texts[2]);
}

TEST(PrintCxx, ParallelLoops) {
  Suite suite;
  suite.threads = true;
  ImageParam a(Float(32), 2, "a"), b(Float(32), 2, "b"), c(Bool(), 1, "c");
  const Buffer<> left = numbers(Float(32), {24, 6}, 34, -3, 3), right = numbers(Float(32), {32, 24}, 35, -3, 3);
  Var n("n"), m("m");
  // Two outputs, sums on each task's stack.
  Func product = matmul(a, b, 24);
  product.parallel(m);
  suite.add("product", product, {a, b}, {left, right}, {32, 6});
  EXPECT_NE(suite.entries[0].printed.text.find("void product_task0(int m, const f32 *__restrict a0, "
                                               "const f32 *__restrict a1, f32 *__restrict r0) {"),
            std::string::npos)
      << suite.entries[0].printed.text;
  EXPECT_NE(suite.entries[0].printed.text.find("void product(void *pool, const f32 *__restrict a0"), std::string::npos);
  // A row that all tasks share and an array of each; two loops one after the
  // other; a loop that does not start at 0.
  Func row("row"), own("own"), scaled("scaled");
  RDom k(0, 24);
  row(n) += a(n, k % 6);
  own(n, m) = row(n) * a(n, m) + cast<float>(m);
  scaled(n, m) = own(n, m) + own(23 - n, m);
  own.compute_at(scaled, m).store_in(MemoryType::Stack);
  row.compute_root().store_in(MemoryType::Stack);
  scaled.parallel(m).vectorize(n, 8);
  suite.add("scaled", scaled, {a}, {left}, {24, 6});
  EXPECT_NE(suite.entries[1].printed.text.find("[=, row = &row[0]](int "), std::string::npos)
      << suite.entries[1].printed.text;
  Func first("first"), second("second");
  first(n, m) = a(n, m) * 2.0f;
  second(n, m) = first(n, m) + first(n, 5 - m);
  first.compute_root().store_in(MemoryType::Stack).parallel(m);
  second.parallel(m).vectorize(n, 4);
  suite.add("both", second, {a}, {left}, {24, 6});
  // A value computed before the loop that tasks take along.
  Func chosen("chosen"), taken("taken");
  chosen() = sum(cast<int>(c(RDom(0, 8).x)));
  taken(n, m) = select(chosen() > 2, a(n, m), a(n, 5 - m));
  chosen.compute_root().store_in(MemoryType::Stack);
  taken.parallel(m).vectorize(n, 8);
  suite.add("taken", taken, {a, c}, {left, numbers(Bool(), {8}, 36)}, {24, 6});
  suite.compileAndRun("-O2");
}

Func plusOne(ImageParam a) {
  Var x("x");
  Func f("f");
  f(x) = a(x) + 1.0f;
  a.dim(0).set_bounds(0, 16);
  f.output_buffer().dim(0).set_bounds(0, 16);
  return f;
}

TEST(PrintCxx, BuffersAtOneAddressAreNotRestrict) {
  ImageParam a(Float(32), 1, "a");
  Func f = plusOne(a);
  EXPECT_NE(Suite::print("apart", f, {a}).text.find("void apart(const f32 *__restrict a0, f32 *__restrict r0)"),
            std::string::npos);
  EXPECT_NE(Suite::print("same", f, {a}, {{0, 0}}).text.find("void same(const f32 *a0, f32 *r0)"), std::string::npos);
}

TEST(PrintCxx, RefusesWhatItCannotPrint) {
  ImageParam a(Float(32), 1, "a");
  Var x("x");
  a.dim(0).set_bounds(0, 16);
  Func f("f"), g("g");
  f(x) = sin(a(x));
  f.output_buffer().dim(0).set_bounds(0, 16);
  EXPECT_EQ(Suite::print("sine", f, {a}).error, "kernel 'sine': cannot print the call of 'sin_f32' as C++");
  g(x) = a(x);
  g.parallel(x);
  g.output_buffer().dim(0).set_bounds(0, 16);
  // Without a pool, and within another such loop.
  const CxxFunction refused = Suite::print("threads", g, {a});
  EXPECT_NE(refused.error.find("halide_do_par_for"), std::string::npos) << refused.error;
  EXPECT_EQ(refused.text, "");
  Var y("y"), z("z");
  g.split(x, y, z, 4).parallel(y).parallel(z);
  EXPECT_EQ(Suite::print("nested", g, {a}, {}, true).error,
            "kernel 'nested': cannot print a parallel loop in a parallel loop as C++");
}

} // namespace
