//===- Windows.cpp - Kernels, strides and pads as nodes give them -----------===//
#include "compiler/import/onnx/Windows.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

/// Sizes are below this, so that what follows from two of them fits 64 bits.
constexpr int64_t limit = int64_t(1) << 31;

/// Numbers of an attribute, `otherwise` each if there is none; each at least
/// `least`.
FailureOr<SmallVector<int64_t>> numbersOf(OnnxNode &node, StringRef name, size_t count, int64_t least,
                                          int64_t otherwise) {
  SmallVector<int64_t> numbers = node.intsAttribute(name).value_or(SmallVector<int64_t>(count, otherwise));
  if (numbers.size() != count)
    return node.error() << "'" << name << "' has " << numbers.size() << " values, expected " << count;
  for (int64_t number : numbers)
    if (number < least || number >= limit)
      return node.error() << "'" << name << "' has " << number << ", expected " << least << " to " << limit - 1;
  return numbers;
}

/// Pads so that there are ceil(size / stride) windows.
void padToSame(Windows &windows, ArrayRef<int64_t> space, bool moreBehind) {
  const size_t count = space.size();
  for (size_t i = 0; i < count; ++i) {
    const int64_t extent = (windows.kernel[i] - 1) * windows.dilations[i] + 1;
    const int64_t outputs = llvm::divideCeil(space[i], windows.strides[i]);
    const int64_t all = std::max<int64_t>(0, (outputs - 1) * windows.strides[i] + extent - space[i]);
    windows.pads[i] = moreBehind ? all / 2 : all - all / 2;
    windows.pads[count + i] = all - windows.pads[i];
  }
}

} // namespace

FailureOr<Windows> windowsOf(OnnxNode &node, Value x, ArrayRef<int64_t> kernel) {
  if (shapeOf(x).size() < 3)
    return node.error() << "input is " << x.getType() << ", expected a batch, channels and a dimension of space at least";
  ArrayRef<int64_t> space = shapeOf(x).drop_front(2);
  Windows windows;
  auto given = node.intsAttribute("kernel_shape");
  if (!given && kernel.empty())
    return node.error() << "has no 'kernel_shape'";
  if (given && !kernel.empty() && ArrayRef<int64_t>(*given) != kernel)
    return node.error() << "'kernel_shape' is not that of the weights";
  windows.kernel.assign(given ? given->begin() : kernel.begin(), given ? given->end() : kernel.end());
  if (windows.kernel.size() != space.size())
    return node.error() << "'kernel_shape' has " << windows.kernel.size() << " values, expected " << space.size();
  for (int64_t size : windows.kernel)
    if (size < 1 || size >= limit)
      return node.error() << "the kernel has a size of " << size << ", expected 1 to " << limit - 1;
  auto strides = numbersOf(node, "strides", space.size(), 1, 1);
  auto dilations = failed(strides) ? strides : numbersOf(node, "dilations", space.size(), 1, 1);
  auto pads = failed(dilations) ? dilations : numbersOf(node, "pads", 2 * space.size(), 0, 0);
  if (failed(pads))
    return failure();
  windows.strides = *strides, windows.dilations = *dilations, windows.pads = *pads;
  const std::string mode = node.stringAttribute("auto_pad", "NOTSET");
  if (mode == "VALID")
    llvm::fill(windows.pads, 0);
  else if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    padToSame(windows, space, mode == "SAME_UPPER");
  else if (mode != "NOTSET")
    return node.error() << "'auto_pad' is '" << mode << "', expected NOTSET, SAME_UPPER, SAME_LOWER or VALID";
  return windows;
}

} // namespace glmc::onnximport
