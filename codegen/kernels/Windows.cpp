//===- Windows.cpp - Loops of what slides over space -------------------------===//
#include "codegen/kernels/Windows.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels {

namespace {
/// What names a sum: channel and pixel in a tile, tile of pixels, tile of channels;
/// then the loops around rows.
const Var vq("q"), vi("i"), vt("t"), vm("m");
} // namespace

WindowLoops::WindowLoops(Builder &builder, const Node &node, int value) : builder(builder), node(node), value(value) {
  kernel = integers(node, "kernel"), strides = integers(node, "strides");
  dilations = integers(node, "dilations"), pads = integers(node, "pads");
  const Shape &x = builder.kernel.typeOf(node.operands.at(0)).shape, &y = node.type.shape;
  const size_t dims = kernel.size();
  if (!flag(node, "channels_last"))
    throw BuildError("op '" + node.op + "' does not have channels last");
  if (x.size() != dims + 2 || y.size() != dims + 2 || strides.size() != dims || dilations.size() != dims ||
      pads.size() != 2 * dims || x[0] != y[0])
    throw BuildError("windows of op '" + node.op + "' do not fit its operand");
  spaceSizes.assign(x.begin() + 1, x.end() - 1);
  outputs.assign(y.begin() + 1, y.end() - 1);
  batch = y[0], channels = y.back();
  isFlat = true;
  for (size_t i = 0; i < dims; ++i)
    isFlat &= kernel[i] == 1 && strides[i] == 1 && pads[i] == 0 && pads[dims + i] == 0;
  if (isFlat) {
    rowPixels = product(y, 0, y.size() - 1);
    return;
  }
  rowPixels = outputs.back();
  outer.assign(y.begin(), y.end() - 2);
  for (size_t i = 0; i < outer.size(); ++i)
    outerVars.emplace_back("outer" + std::to_string(i));
}

Expr WindowLoops::positionOf(const Index &pixel) const {
  Shape sizes = {batch};
  sizes.insert(sizes.end(), spaceSizes.begin(), spaceSizes.end());
  return flatten(pixel, sizes);
}

//===----------------------------------------------------------------------===//
// Cutting
//===----------------------------------------------------------------------===//

std::vector<WindowLoops::Columns> WindowLoops::cutColumns() const {
  const int64_t vector = builder.schedule("vector", 1);
  std::vector<Columns> result;
  int lanes = powerOfTwoLanes(vector, width);
  while (width % lanes)
    lanes /= 2;
  if (channels >= width)
    result.push_back({0, width, channels / width, lanes});
  for (int64_t begin = channels / width * width; begin < channels;) {
    const int used = powerOfTwoLanes(vector, channels - begin);
    const int64_t tiles = (channels - begin) / used;
    result.push_back({begin, used * tiles, 1, used});
    begin += used * tiles;
  }
  return result;
}

bool WindowLoops::hasAllTaps(int64_t pixel) const {
  if (isFlat)
    return true;
  const size_t last = kernel.size() - 1;
  const int64_t first = pixel * strides[last] - pads[last];
  return first >= 0 && first + (kernel[last] - 1) * dilations[last] < spaceSizes[last];
}

/// Runs of tiles that have all taps are loops; others are tiles of their own, and of
/// one pixel each with `edges`.
std::vector<WindowLoops::Pixels> WindowLoops::cutPixels() const {
  const int64_t size = std::min<int64_t>(builder.schedule("rows", 1), std::max<int64_t>(rowPixels, 1));
  const bool alone = builder.kernel.schedule.count("edges") && builder.schedule("edges", 1, 1) == 1;
  std::vector<Pixels> result;
  for (int64_t begin = 0; begin < rowPixels;) {
    int64_t end = std::min(begin + size, rowPixels);
    bool whole = true;
    for (int64_t pixel = begin; pixel < end; ++pixel)
      whole &= hasAllTaps(pixel);
    if (!whole && alone) {
      // Up to the first pixel of the other kind.
      const bool first = hasAllTaps(begin);
      end = begin + 1;
      while (first && end < std::min(begin + size, rowPixels) && hasAllTaps(end))
        ++end;
      whole = first;
    }
    Pixels *last = result.empty() ? nullptr : &result.back();
    if (whole && last && last->size == end - begin && last->begin + last->size * last->tiles == begin &&
        hasAllTaps(last->begin) && hasAllTaps(last->begin + last->size - 1))
      ++last->tiles;
    else
      result.push_back({begin, end - begin, 1});
    begin = end;
  }
  return result;
}

std::vector<WindowLoops::Reach> WindowLoops::reachOf(const Pixels &pixels) const {
  const int64_t taps = isFlat || kernel.empty() ? 1 : kernel.back();
  std::vector<Reach> result;
  for (int64_t tap = 0; tap < taps; ++tap) {
    Reach reach = {tap, tap + 1, 0, pixels.size};
    if (!isFlat && pixels.tiles == 1) {
      const size_t last = kernel.size() - 1;
      auto isInside = [&](int64_t i) {
        const int64_t x = (pixels.begin + i) * strides[last] - pads[last] + tap * dilations[last];
        return x >= 0 && x < spaceSizes[last];
      };
      while (reach.low < pixels.size && !isInside(reach.low))
        ++reach.low;
      reach.high = reach.low;
      while (reach.high < pixels.size && isInside(reach.high))
        ++reach.high;
    }
    if (!result.empty() && result.back().low == reach.low && result.back().high == reach.high)
      result.back().end = reach.end;
    else
      result.push_back(reach);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Whether these taps of all dimensions but the last are inside, by their pixel's
/// outputs (outerVars).
Expr WindowLoops::areInside(const std::vector<Expr> &taps) const {
  Expr inside = Internal::const_true();
  for (size_t i = 0; i < taps.size(); ++i) {
    const int64_t last = (outputs[i] - 1) * strides[i] - pads[i] + (kernel[i] - 1) * dilations[i];
    Expr x = outerVars[i + 1] * asInt(strides[i]) - asInt(pads[i]) + taps[i] * asInt(dilations[i]);
    if (pads[i] > 0)
      inside = inside && x >= 0;
    if (last >= spaceSizes[i])
      inside = inside && x < asInt(spaceSizes[i]);
  }
  return Internal::simplify(inside);
}

void WindowLoops::addUpdate(Func f, const Columns &columns, const Pixels &pixels, const Update &update,
                            const std::string &name) {
  Region region;
  auto loop = [&](int64_t begin, int64_t size) { // The loop's place in the region; -1: there is none.
    if (size == 1)
      return -1;
    region.push_back({asInt(begin), asInt(size)});
    return static_cast<int>(region.size()) - 1;
  };
  const bool allPixels = update.low == 0 && update.high == pixels.size;
  const int i = allPixels ? -1 : loop(update.low, update.high - update.low), step = loop(0, steps);
  std::vector<int> rows;
  for (size_t d = 0; !isFlat && d + 1 < kernel.size(); ++d)
    rows.push_back(loop(0, kernel[d]));
  const int last = loop(update.first, update.end - update.first);
  RDom domain = region.empty() ? RDom() : RDom(region, name);
  auto at = [&](int place, int64_t otherwise) { return place < 0 ? Expr(asInt(otherwise)) : Expr(domain[place]); };
  std::vector<Expr> taps;
  for (int row : rows)
    taps.push_back(at(row, 0));
  Expr inside = areInside(taps);
  if (update.rows == Update::outside)
    inside = Internal::simplify(!inside);
  if (Internal::is_const_zero(inside))
    return;
  if (!Internal::is_const_one(inside)) {
    if (region.empty())
      domain = RDom(0, 1, name);
    domain.where(inside);
  }

  Expr pixel = allPixels ? Expr(vi) : at(i, update.low);
  Tap tap;
  tap.step = at(step, 0);
  tap.column = vm * asInt(columns.width) + vq + asInt(columns.begin);
  Expr position = vt * asInt(pixels.size) + pixel + asInt(pixels.begin), lastTap = at(last, update.first);
  if (isFlat) {
    Shape sizes = {batch};
    sizes.insert(sizes.end(), spaceSizes.begin(), spaceSizes.end());
    tap.pixel = unflatten(position, sizes);
    tap.number = 0;
  } else {
    tap.pixel.push_back(outerVars[0]);
    tap.number = 0;
    for (size_t d = 0; d < taps.size(); ++d) {
      tap.pixel.push_back(outerVars[d + 1] * asInt(strides[d]) - asInt(pads[d]) + taps[d] * asInt(dilations[d]));
      tap.number = tap.number * asInt(kernel[d]) + taps[d];
    }
    const size_t d = kernel.size() - 1;
    tap.pixel.push_back(position * asInt(strides[d]) - asInt(pads[d]) + lastTap * asInt(dilations[d]));
    tap.number = Internal::simplify(tap.number * asInt(kernel[d]) + lastTap);
  }
  std::vector<Expr> arguments = {vq, pixel, vt, vm};
  arguments.insert(arguments.end(), outerVars.begin(), outerVars.end());
  f(arguments) = withLets(update.isPad ? addPad(f(arguments), tap) : add(f(arguments), tap));
  Stage stage = f.update(f.num_update_definitions() - 1);
  std::vector<VarOrRVar> order = {vq};
  if (i >= 0)
    order.push_back(domain[i]);
  else if (allPixels)
    order.push_back(vi);
  for (int place = i + 1; place < static_cast<int>(region.size()); ++place)
    order.push_back(domain[place]);
  stage.reorder(order);
  if (columns.lanes > 1)
    stage.vectorize(vq, columns.lanes, TailStrategy::RoundUp);
  stage.unroll(vq);
  if (i >= 0)
    stage.unroll(domain[i]);
  else if (allPixels)
    stage.unroll(vi);
}

Func WindowLoops::makeSum(const Columns &columns, const Pixels &pixels, const std::string &name) {
  Func f(name);
  std::vector<Var> vars = {vq, vi, vt, vm};
  vars.insert(vars.end(), outerVars.begin(), outerVars.end());
  f(vars) = start;
  int number = 0;
  auto addAll = [&](const Reach &reach, int64_t low, int64_t high, bool outside, bool isPad) {
    if (low < high)
      addUpdate(f, columns, pixels, {low, high, reach.first, reach.end, outside ? Update::outside : Update::inside, isPad},
                name + "_tap" + std::to_string(number++) + "_");
  };
  for (const Reach &reach : reachOf(pixels)) {
    addAll(reach, reach.low, reach.high, false, false);
    if (!addPad)
      continue;
    addAll(reach, 0, reach.low, false, true);
    addAll(reach, reach.high, pixels.size, false, true);
    addAll(reach, 0, pixels.size, true, true);
  }
  f.bound(vq, 0, asInt(columns.width)).bound(vi, 0, asInt(pixels.size));
  if (columns.lanes > 1)
    f.vectorize(vq, columns.lanes);
  f.unroll(vq).unroll(vi).store_in(MemoryType::Register);
  return f;
}

//===----------------------------------------------------------------------===//
// Storing
//===----------------------------------------------------------------------===//

Index WindowLoops::outputIndex(const std::vector<Expr> &around, const Expr &pixel, const Expr &column) const {
  const Shape &shape = node.type.shape;
  Index index;
  if (isFlat) {
    index = unflatten(pixel, Shape(shape.begin(), shape.end() - 1));
  } else {
    index = around;
    index.push_back(pixel);
  }
  index.push_back(column);
  for (size_t i = 0; i < index.size(); ++i)
    if (shape[i] == 1)
      index[i] = builder.zero;
  return index;
}

void WindowLoops::storeTiles(Func output, const Columns &columns, const Pixels &pixels, int number) {
  const std::string suffix = "_" + std::to_string(number);
  if (columns.width * pixels.size * accumulator.bytes() > stackLimit)
    throw BuildError("a tile of " + std::to_string(pixels.size) + " pixels and " + std::to_string(columns.width) +
                     " channels needs more than " + std::to_string(stackLimit) + " bytes of accumulators");
  Region region = {{0, asInt(columns.width)}, {0, asInt(pixels.size)}, {0, asInt(pixels.tiles)}, {0, asInt(columns.tiles)}};
  for (int64_t size : outer)
    region.push_back({0, asInt(size)});
  RDom domain(region, "tile" + suffix);
  RVar q = domain[0], i = domain[1], t = domain[2], m = domain[3];
  std::vector<Expr> around;
  for (size_t d = 0; d < outer.size(); ++d)
    around.push_back(domain[static_cast<int>(4 + d)]);
  Expr column = m * asInt(columns.width) + q + asInt(columns.begin);
  Expr pixel = t * asInt(pixels.size) + i + asInt(pixels.begin);

  Func sum = makeSum(columns, pixels, "sum" + suffix);
  std::vector<Expr> place = {q, i, t, m};
  place.insert(place.end(), around.begin(), around.end());
  const Index index = outputIndex(around, pixel, column);
  Expr result = fromCompute(cast(computeType(node.type.element), finish(sum(place), index)), node.type.element);
  builder.define(value, [result](const Index &) { return result; });
  Loops loops;
  loops.arguments = {column, pixel};
  loops.arguments.insert(loops.arguments.end(), around.rbegin(), around.rend());
  const int stored = builder.kernel.results[0];
  Stage stage = builder.store(output, loops, builder.at(stored, index), builder.kernel.typeOf(stored).element);
  builder.forget();

  // Every element is stored once and read at its own place at most.
  stage.allow_race_conditions();
  RVar qo("qo" + suffix), qi("qi" + suffix);
  stage.split(q, qo, qi, columns.lanes);
  // Weights of a tile of channels stay in the cache while rows pass. Tasks are rows,
  // or tiles of channels where all pixels are one.
  std::vector<VarOrRVar> order = {qi, qo, i, t};
  const bool rowTasks = isParallel(builder.kernel) && !outer.empty();
  for (size_t d = outer.size() - (rowTasks ? 1 : 0); d-- > 0;)
    order.push_back(domain[static_cast<int>(4 + d)]);
  order.push_back(m);
  if (rowTasks)
    order.push_back(domain[static_cast<int>(3 + outer.size())]);
  stage.reorder(order).unroll(qo).unroll(i);
  if (isParallel(builder.kernel))
    stage.parallel(order.back().rvar);
  if (columns.lanes > 1)
    stage.vectorize(qi);
  sum.compute_at(LoopLevel(output, t));
  if (atColumns)
    atColumns(LoopLevel(output, m), columns.width, columns.lanes);
}

Func WindowLoops::build() {
  const Kernel &description = builder.kernel;
  if (description.results.size() != 1 || description.typeOf(description.results[0]).shape != node.type.shape)
    throw BuildError("family '" + description.family + "' yields one result of its window's shape");
  TensorType type = description.typeOf(description.results[0]);
  std::vector<int> dims;
  if (isFlat)
    type.shape = {rowPixels, channels};
  for (size_t i = 0; i < type.shape.size(); ++i)
    dims.push_back(static_cast<int>(i));
  Func output = builder.makeOutput("result0", type, dims);
  int number = 0;
  for (const Columns &columns : cutColumns())
    for (const Pixels &pixels : cutPixels())
      storeTiles(output, columns, pixels, number++);
  return output;
}

} // namespace glmc::kernels
