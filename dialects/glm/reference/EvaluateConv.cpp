//===- EvaluateConv.cpp - Convolutions and pools by definition --------------===//
#include "dialects/glm/reference/Elements.h"
#include "dialects/glm/reference/Families.h"

#include "dialects/glm/GlmOps.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace glmc::reference {
namespace {

/// Sizes of x and y with names for their dimensions, and the windows between.
struct Windows {
  ArrayRef<int64_t> kernel, strides, dilations, pads;
  bool channelsLast;
  Dims space, outputs; ///< Sizes along the dimensions of space.
  int64_t batch, channels, outputChannels;

  template <typename Op>
  Windows(Op op, ArrayRef<int64_t> x, ArrayRef<int64_t> y)
      : kernel(op.getKernel()), strides(op.getStrides()), dilations(op.getDilations()), pads(op.getPads()),
        channelsLast(op.getChannelsLast()), batch(x[0]), channels(channelsLast ? x.back() : x[1]),
        outputChannels(channelsLast ? y.back() : y[1]) {
    ArrayRef<int64_t> from = channelsLast ? x.drop_front().drop_back() : x.drop_front(2);
    ArrayRef<int64_t> to = channelsLast ? y.drop_front().drop_back() : y.drop_front(2);
    space.assign(from.begin(), from.end());
    outputs.assign(to.begin(), to.end());
  }

  /// Where element (n, place in space, c) is.
  static int64_t position(int64_t n, int64_t place, int64_t c, ArrayRef<int64_t> space, int64_t channels, bool last) {
    const int64_t places = product(space);
    return last ? (n * places + place) * channels + c : (n * channels + c) * places + place;
  }

  /// The index of row-major element `flat`.
  static Dims indexOf(int64_t flat, ArrayRef<int64_t> sizes) {
    Dims index(sizes.size());
    for (size_t i = sizes.size(); i-- > 0; flat /= sizes[i])
      index[i] = flat % sizes[i];
    return index;
  }

  /// Calls body(number of the tap, place in space or -1 outside of it, whether it
  /// is in the padded space) for each tap of the window of output `o`.
  template <typename Body> void walkTaps(int64_t o, Body body) const {
    const Dims at = indexOf(o, outputs);
    for (int64_t tap = 0, taps = product(kernel); tap < taps; ++tap) {
      const Dims k = indexOf(tap, kernel);
      int64_t place = 0;
      bool inside = true, padded = true;
      for (size_t i = 0; i < kernel.size(); ++i) {
        const int64_t x = at[i] * strides[i] - pads[i] + k[i] * dilations[i];
        inside &= x >= 0 && x < space[i];
        padded &= x < space[i] + pads[kernel.size() + i];
        place = place * space[i] + x;
      }
      body(tap, inside ? place : -1, padded);
    }
  }
};

/// `Number` is double, or uint64_t so that integers wrap.
template <typename Number>
std::vector<Number> convolve(glm::ConvOp op, const Windows &windows, const std::vector<Number> &x,
                             const std::vector<Number> &w, Number padValue) {
  const int64_t groups = op.getGroups(), taps = product(windows.kernel), places = product(windows.outputs);
  const int64_t depth = windows.channels / groups, rows = windows.outputChannels / groups;
  std::vector<Number> y(windows.batch * windows.outputChannels * places);
  for (int64_t n = 0; n < windows.batch; ++n)
    for (int64_t m = 0; m < windows.outputChannels; ++m)
      for (int64_t o = 0; o < places; ++o) {
        Number sum = 0;
        windows.walkTaps(o, [&](int64_t tap, int64_t place, bool) {
          for (int64_t c = 0; c < depth; ++c) {
            const int64_t column = windows.channelsLast ? tap * depth + c : c * taps + tap;
            const Number value = place < 0 ? padValue
                                           : x[Windows::position(n, place, m / rows * depth + c, windows.space,
                                                                 windows.channels, windows.channelsLast)];
            sum += value * w[m * depth * taps + column];
          }
        });
        y[Windows::position(n, o, m, windows.outputs, windows.outputChannels, windows.channelsLast)] = sum;
      }
  return y;
}

FailureOr<Tensor> evaluateConv(Operation *operation, Operands operands, RankedTensorType type) {
  auto op = cast<glm::ConvOp>(operation);
  const Tensor &x = operands[0], &w = operands[1];
  const Windows windows(op, x.shape(), type.getShape());
  if (isFloat(x))
    return tensorOfFloats(type, convolve<double>(op, windows, floatsOf(x), floatsOf(w), 0));
  auto wrapping = [](const std::vector<int64_t> &values) { return std::vector<uint64_t>(values.begin(), values.end()); };
  const std::vector<uint64_t> y = convolve<uint64_t>(op, windows, wrapping(integersOf(x)), wrapping(integersOf(w)),
                                                     uint64_t(op.getPadValue().value_or(0)));
  return tensorOfIntegers(type, std::vector<int64_t>(y.begin(), y.end()));
}

/// Calls body(output position, values of its window, elements of the window).
template <typename Number, typename Body>
void walkWindows(glm::PoolOp op, const Windows &windows, const std::vector<Number> &x, Body body) {
  for (int64_t n = 0; n < windows.batch; ++n)
    for (int64_t c = 0; c < windows.channels; ++c)
      for (int64_t o = 0, places = product(windows.outputs); o < places; ++o) {
        std::vector<Number> values;
        int64_t count = 0;
        windows.walkTaps(o, [&](int64_t, int64_t place, bool padded) {
          if (place >= 0)
            values.push_back(
                x[Windows::position(n, place, c, windows.space, windows.channels, windows.channelsLast)]);
          count += op.getCountIncludePad() ? padded : place >= 0;
        });
        body(Windows::position(n, o, c, windows.outputs, windows.channels, windows.channelsLast), values, count);
      }
}

FailureOr<Tensor> evaluatePool(Operation *operation, Operands operands, RankedTensorType type) {
  auto op = cast<glm::PoolOp>(operation);
  const Tensor &x = operands[0];
  const Windows windows(op, x.shape(), type.getShape());
  const bool isMax = op.getKind() == "max";
  if (isFloat(x)) {
    std::vector<double> y(type.getNumElements());
    walkWindows(op, windows, floatsOf(x), [&](int64_t at, const std::vector<double> &values, int64_t count) {
      double result = isMax ? -HUGE_VAL : 0;
      for (double value : values) // NaN wins over every number.
        result = !isMax ? result + value : std::isnan(value) || value > result ? value : result;
      y[at] = isMax ? result : result / double(count);
    });
    return tensorOfFloats(type, y);
  }
  std::vector<int64_t> y(type.getNumElements());
  Type element = x.type.getElementType();
  const unsigned width = element.getIntOrFloatBitWidth();
  const bool isUnsigned = element.isUnsignedInteger();
  const int64_t least = isUnsigned ? 0 : -(std::numeric_limits<int64_t>::max() >> (64 - width)) - 1;
  walkWindows(op, windows, integersOf(x), [&](int64_t at, const std::vector<int64_t> &values, int64_t) {
    uint64_t result = isMax ? uint64_t(least) : 0;
    for (int64_t value : values) {
      const bool isLarger = isUnsigned ? uint64_t(value) > result : value > int64_t(result);
      result = !isMax ? result + uint64_t(value) : isLarger ? uint64_t(value) : result;
    }
    y[at] = int64_t(result);
  });
  return tensorOfIntegers(type, y);
}

} // namespace

void addConv(Registry &registry) {
  registry[glm::ConvOp::getOperationName()] = evaluateConv;
  registry[glm::PoolOp::getOperationName()] = evaluatePool;
}

} // namespace glmc::reference
