//===- KernelDescription.h - A kernel as plain data -------------------------===//
//
// What code generation knows of one glm.kernel: its region as a list of nodes,
// and what its family decided (layouts, schedule, scratch). Plain data on
// purpose: MLIR is built without RTTI and Halide with it, so only std types
// cross between the two. Nothing in here is decided by code generation.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_KERNELDESCRIPTION_H
#define GLMC_CODEGEN_KERNELS_KERNELDESCRIPTION_H

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace glmc::kernels {

/// Storage formats of a tensor's elements. `boolean` takes one byte, 0 or 1; so do
/// i4 and u4, the former with its sign extended, but for panels: there two share one.
enum class Element : uint8_t {
  boolean, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64, i4, u4,
};

/// Bytes that one element takes in memory.
int64_t byteSize(Element element);
/// The name that MLIR prints: "f32", "i1", "ui8", ...
const char *name(Element element);
/// The C type of one element: "float", "int64_t", ... (`uint16_t` for f16/bf16).
const char *cType(Element element);

/// How a tensor's elements lie in memory.
///
/// plain:  row-major, dense, last dimension fastest.
/// panels: a 2-D weight cut along `dim` into panels of `width` columns. With
///         n = the index along `dim`, k = the other index, N and K their sizes:
///         element (n, k) is at ((n / width) * K + k) * width + n % width, and
///         the last panel is padded with zeros to full width. With a step,
///         element (n, k) is at ((n / width) * ceil(K / step) + k / step) * width
///         * step + n % width * step + k % step, K padded with zeros. Elements of
///         4 bits lie two a byte: byte i of the step / 2 of a column's step holds
///         element i in the low half and element step / 2 + i in the high half.
struct Layout {
  enum Kind : uint8_t { plain, panels } kind = plain;
  int dim = 0;
  int64_t width = 0;
  int64_t step = 1;
  bool operator==(const Layout &o) const {
    return kind == o.kind && dim == o.dim && width == o.width && step == o.step;
  }
};

struct TensorType {
  Element element = Element::f32;
  std::vector<int64_t> shape; ///< Logical shape; empty for a scalar.
  Layout layout;
  int64_t elements() const;    ///< Logical element count (1 for a scalar).
  int64_t storageBytes() const; ///< Bytes in memory, padding of panels included.
  bool operator==(const TensorType &o) const {
    return element == o.element && shape == o.shape && layout == o.layout;
  }
};

/// Attributes of a node, under the name that the dialect's ODS gives them.
using Attribute =
    std::variant<int64_t, double, std::string, std::vector<int64_t>>;

/// One op of a kernel's region. Values are numbered: the kernel's arguments
/// first, then one value a node in order.
struct Node {
  std::string op; ///< Mnemonic without dialect: "add", "matmul", ...
  std::vector<int> operands;
  std::map<std::string, Attribute> attributes;
  TensorType type; ///< Of its one result.
  /// Bytes of a "constant" node, row-major little-endian; empty otherwise.
  std::vector<uint8_t> data;
};

/// Numeric contract, see DESIGN.md's invariant 10.
enum class Math : uint8_t { fast, exact };

struct Kernel {
  std::string name;   ///< Symbol, unique in the module and a C identifier.
  std::string family; ///< Which schedule template applies: "matmul", ...
  /// Parameters that the family chose for the target, by the names that the
  /// family documents ("vector", "rows", ...).
  std::map<std::string, int64_t> schedule;
  std::vector<TensorType> arguments;
  std::vector<Node> nodes;
  std::vector<int> results; ///< Value numbers; each becomes one output buffer.
  std::vector<TensorType> scratch; ///< Extra output buffers, after the results.
  /// (argument, result) pairs that some launch places at the same address.
  std::vector<std::pair<int, int>> inPlace;
  Math math = Math::fast;

  const TensorType &typeOf(int value) const {
    return value < (int)arguments.size()
               ? arguments[value]
               : nodes[value - (int)arguments.size()].type;
  }
};

/// Whether the family made the kernel's outermost loop parallel (Schedules.h).
inline bool isParallel(const Kernel &kernel) {
  auto parallel = kernel.schedule.find("parallel");
  return parallel != kernel.schedule.end() && parallel->second != 0;
}

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_KERNELDESCRIPTION_H
