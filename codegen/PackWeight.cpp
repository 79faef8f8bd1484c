//===- PackWeight.cpp - Writes a constant in the layout that kernels read ---===//
//
// Panels are made a few at a time in one buffer. Each way of lying in memory is
// read along its lines of cache: columns that lie side by side a row of several
// panels at once, columns that are rows in tiles, since sixteen rows of a power
// of two bytes would drive each other out of the cache.
//
//===----------------------------------------------------------------------===//
#include "codegen/PackWeight.h"

#include <algorithm>
#include <cstring>

namespace glmc {
namespace {

/// Of the panels that are made at once; one is made in any case.
constexpr int64_t bufferBytes = int64_t(4) << 20;
/// Elements of a row that a tile takes: a line of cache of most types.
constexpr int64_t tileDepth = 16;

struct Panels {
  const uint8_t *elements;
  int64_t columns, depth, width; ///< Columns in all, and of a panel.
};

int64_t columnsOf(const Panels &panels, int64_t panel) {
  return std::min(panels.width, panels.columns - panel * panels.width);
}

/// Columns side by side.
void packRows(const Panels &panels, int64_t bytes, int64_t first, int64_t count, uint8_t *out) {
  for (int64_t k = 0; k < panels.depth; ++k)
    for (int64_t p = 0; p < count; ++p)
      std::memcpy(out + (p * panels.depth + k) * panels.width * bytes,
                  panels.elements + (k * panels.columns + (first + p) * panels.width) * bytes,
                  columnsOf(panels, first + p) * bytes);
}

/// Columns one behind the other.
template <int64_t bytes> void packColumns(const Panels &panels, int64_t first, int64_t count, uint8_t *out) {
  for (int64_t p = 0; p < count; ++p, out += panels.depth * panels.width * bytes) {
    const uint8_t *from = panels.elements + (first + p) * panels.width * panels.depth * bytes;
    const int64_t columns = columnsOf(panels, first + p);
    for (int64_t tile = 0; tile < panels.depth; tile += tileDepth) {
      const int64_t end = std::min(tile + tileDepth, panels.depth);
      for (int64_t n = 0; n < columns; ++n)
        for (int64_t k = tile; k < end; ++k)
          std::memcpy(out + (k * panels.width + n) * bytes, from + (n * panels.depth + k) * bytes, bytes);
    }
  }
}

void packColumns(const Panels &panels, int64_t bytes, int64_t first, int64_t count, uint8_t *out) {
  switch (bytes) {
  case 1:
    return packColumns<1>(panels, first, count, out);
  case 2:
    return packColumns<2>(panels, first, count, out);
  case 4:
    return packColumns<4>(panels, first, count, out);
  default:
    return packColumns<8>(panels, first, count, out);
  }
}

//===----------------------------------------------------------------------===//
// Steps: several k of a column together
//===----------------------------------------------------------------------===//

struct Steps {
  const uint8_t *elements;
  int64_t columns, depth, width, step;
  int64_t columnStride, depthStride; ///< In elements.
  int64_t count() const { return (depth + step - 1) / step; }
};

/// A step of elements of a byte each, or of 4 bits: 32 bits in all.
template <int step> uint32_t wordOf(const uint8_t *from, int64_t stride, int64_t count) {
  uint32_t word = 0;
  for (int i = 0; i < step; ++i) {
    if (i >= count)
      break;
    const uint32_t element = from[i * stride];
    word |= step == 4 ? element << (8 * i) : (element & 15) << (8 * (i % 4) + 4 * (i / 4));
  }
  return word;
}

/// A panel of words. Where columns lie side by side the inner loop is along them.
template <int step> void packWords(const Steps &panels, int64_t first, uint8_t *out) {
  const int64_t columns = std::min(panels.width, panels.columns - first), whole = panels.depth / step;
  auto put = [&](int64_t at, int64_t column, int64_t count) {
    const uint8_t *from =
        panels.elements + (first + column) * panels.columnStride + at * step * panels.depthStride;
    const uint32_t word = count == step ? wordOf<step>(from, panels.depthStride, step)
                                        : wordOf<step>(from, panels.depthStride, count);
    for (int i = 0; i < 4; ++i)
      out[(at * panels.width + column) * 4 + i] = static_cast<uint8_t>(word >> (8 * i));
  };
  if (panels.columnStride == 1) {
    for (int64_t at = 0; at < whole; ++at)
      for (int64_t column = 0; column < columns; ++column)
        put(at, column, step);
  } else {
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t at = 0; at < whole; ++at)
        put(at, column, step);
  }
  if (panels.depth % step)
    for (int64_t column = 0; column < columns; ++column)
      put(whole, column, panels.depth % step);
}

/// A panel of any steps, element by element.
void packElements(const Steps &panels, int64_t bytes, bool isNarrow, int64_t first, uint8_t *out) {
  const int64_t step = panels.step, columns = std::min(panels.width, panels.columns - first);
  for (int64_t k = 0; k < panels.depth; ++k)
    for (int64_t n = 0; n < columns; ++n) {
      const uint8_t *from =
          panels.elements + ((first + n) * panels.columnStride + k * panels.depthStride) * bytes;
      const int64_t column = (k / step * panels.width + n) * step, r = k % step;
      if (isNarrow)
        out[column / 2 + r % (step / 2)] |= uint8_t((*from & 15) << (r < step / 2 ? 0 : 4));
      else
        std::memcpy(out + (column + r) * bytes, from, bytes);
    }
}

/// Panels whose columns have several k together. A panel at a time.
void packSteps(const kernels::TensorType &type, const uint8_t *elements,
               const std::function<void(const uint8_t *, size_t)> &write) {
  const int64_t columns = type.shape[type.layout.dim], depth = type.shape[1 - type.layout.dim];
  const bool isRows = type.layout.dim == 0;
  const Steps panels = {elements, columns, depth, type.layout.width, type.layout.step, isRows ? depth : 1,
                        isRows ? 1 : columns};
  const int64_t bytes = kernels::byteSize(type.element);
  const bool isNarrow = type.element == kernels::Element::i4 || type.element == kernels::Element::u4;
  const int64_t panelBytes = panels.count() * panels.width * panels.step * bytes / (isNarrow ? 2 : 1);
  std::vector<uint8_t> panel(panelBytes);
  for (int64_t first = 0; first < columns; first += panels.width) {
    std::fill(panel.begin(), panel.end(), 0);
    if (isNarrow && panels.step == 8)
      packWords<8>(panels, first, panel.data());
    else if (!isNarrow && bytes == 1 && panels.step == 4)
      packWords<4>(panels, first, panel.data());
    else
      packElements(panels, bytes, isNarrow, first, panel.data());
    write(panel.data(), panel.size());
  }
}

} // namespace

void packWeight(const kernels::TensorType &type, const uint8_t *elements,
                const std::function<void(const uint8_t *, size_t)> &write) {
  if (type.layout.kind == kernels::Layout::plain) {
    write(elements, type.storageBytes());
    return;
  }
  if (type.layout.step > 1) {
    packSteps(type, elements, write);
    return;
  }
  const int64_t bytes = kernels::byteSize(type.element);
  const Panels panels = {elements, type.shape[type.layout.dim], type.shape[1 - type.layout.dim], type.layout.width};
  const int64_t panelBytes = panels.depth * panels.width * bytes;
  const int64_t all = (panels.columns + panels.width - 1) / panels.width;
  const int64_t together = std::clamp<int64_t>(bufferBytes / std::max<int64_t>(panelBytes, 1), 1, std::max<int64_t>(all, 1));
  std::vector<uint8_t> buffer(together * panelBytes);
  for (int64_t first = 0; first < all; first += together) {
    const int64_t count = std::min(together, all - first);
    if (columnsOf(panels, first + count - 1) < panels.width) // Padding.
      std::fill(buffer.begin(), buffer.end(), 0);
    if (type.layout.dim == 0)
      packColumns(panels, bytes, first, count, buffer.data());
    else
      packRows(panels, bytes, first, count, buffer.data());
    write(buffer.data(), count * panelBytes);
  }
}

} // namespace glmc
