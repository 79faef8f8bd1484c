//===- KernelRunner.h - Builds and runs kernels in unit tests ---------------===//
//
// Runs the artefact that glmc ships: bitcode through clang-22 into a shared
// library, called as the driver calls it. Buffers are aligned to one element
// only and have guard bytes around them.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_UNIT_KERNELRUNNER_H
#define GLMC_TEST_UNIT_KERNELRUNNER_H

#include "codegen/kernels/CompileKernel.h"

#include <functional>
#include <string>
#include <vector>

namespace glmc::kernels::test {

/// A tensor's elements in memory, read and written as doubles.
struct Array {
  TensorType type;
  std::vector<uint8_t> bytes;

  explicit Array(TensorType type);
  double get(int64_t i) const;
  void set(int64_t i, double value); ///< Converts as C++ does; halves to nearest.
  int64_t size() const { return type.elements(); }
  int64_t integer(int64_t i) const;
  void setInteger(int64_t i, int64_t value);
};

/// Deterministic values in [low, high).
Array randomArray(TensorType type, double low, double high, unsigned seed);
Array arrayOf(TensorType type, const std::vector<double> &values);
/// The same matrix in panels of `width` along `dim`, `step` elements of a column
/// together (KernelDescription.h, Layout).
Array inPanels(const Array &matrix, int dim, int64_t width, int64_t step = 1);

TensorType tensor(Element element, std::vector<int64_t> shape);

/// Builds kernels by hand.
struct KernelMaker {
  Kernel kernel;
  KernelMaker(std::string name, std::string family) {
    kernel.name = std::move(name);
    kernel.family = std::move(family);
  }
  int argument(TensorType type);
  int node(std::string op, std::vector<int> operands, TensorType type, std::map<std::string, Attribute> attributes = {});
  int constant(TensorType type, const std::vector<double> &values);
  Kernel &yield(std::vector<int> results, std::map<std::string, int64_t> schedule = {});
};

struct TestTarget {
  std::string name;
  HalideTarget halide;
  std::string cxx; ///< The same for a C++ compiler's target attribute.
  int lanes; ///< f32 in a vector
  bool runs; ///< On this machine.
};
/// sse41, avx2 and avx512, the last that runs here first.
const std::vector<TestTarget> &targets();
const TestTarget &bestTarget();

/// Results, then scratch. Fails the running test (and returns nothing) on an
/// error, a write outside of the outputs or one to an argument.
std::vector<Array> run(const Kernel &kernel, const std::vector<Array> &inputs, const TestTarget &target = bestTarget());
/// The same through the C++ that is printed of the kernel, and g++ -O2.
std::vector<Array> runCxx(const Kernel &kernel, const std::vector<Array> &inputs, const TestTarget &target = bestTarget());

/// Compiles once, and runs on each of several inputs, through bitcode and through
/// C++; as many results as inputs, empty ones where that failed.
std::vector<std::vector<Array>> runEach(const Kernel &kernel, const std::vector<std::vector<Array>> &inputs,
                                        const TestTarget &target = bestTarget());
std::vector<std::vector<Array>> runCxxEach(const Kernel &kernel, const std::vector<std::vector<Array>> &inputs,
                                           const TestTarget &target = bestTarget());

/// Symbols that the compiled kernels need from elsewhere, other than memcpy,
/// memset and memmove.
std::vector<std::string> undefinedSymbols(const std::vector<Kernel> &kernels, const TestTarget &target);

/// The index of row-major position `flat`.
std::vector<int64_t> unflatten(int64_t flat, const std::vector<int64_t> &shape);

/// Every element is what `expected` gives for its index, within `relative` of
/// the larger of it and 1; NaN is equal to NaN.
void expectNear(const Array &got, const std::function<double(const std::vector<int64_t> &)> &expected, double relative,
                const std::string &what);

} // namespace glmc::kernels::test

#endif // GLMC_TEST_UNIT_KERNELRUNNER_H
