//===- WeightSource.cpp - Maps weight files and decodes what they hold ------===//
#include "dialects/glm/WeightSource.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstring>

using namespace mlir;

namespace glmc {
namespace {

std::string directoryOf(ModuleOp module) {
  auto attr = module ? module->getAttrOfType<StringAttr>(glm::GlmDialect::directoryAttr) : StringAttr();
  return attr && !attr.getValue().empty() ? attr.getValue().str() : ".";
}

std::string pathIn(StringRef directory, StringRef file) {
  SmallString<256> path(directory);
  llvm::sys::path::append(path, file);
  return std::string(path);
}

/// Whether real path `inner` is below real path `outer`.
bool isBelow(StringRef inner, StringRef outer) {
  auto part = llvm::sys::path::begin(inner), innerEnd = llvm::sys::path::end(inner);
  for (auto each = llvm::sys::path::begin(outer), end = llvm::sys::path::end(outer); each != end; ++each, ++part)
    if (part == innerEnd || *part != *each)
      return false;
  return part != innerEnd;
}

/// Bytes of an element in files and in memory, where a bool takes one; 0 for
/// types that weights do not have.
uint64_t bytesOfElement(Type element) {
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 32 && bits != 64)
    return 0;
  return glm::elementBytes(element);
}

/// Elements of a static shape, unless there are too many to count.
std::optional<uint64_t> countOf(RankedTensorType type) {
  uint64_t count = 1;
  for (int64_t dim : type.getShape()) {
    if (dim == 0)
      return 0;
    std::optional<uint64_t> next = dim < 0 ? std::nullopt : llvm::checkedMulUnsigned<uint64_t>(count, dim);
    if (!next)
      return std::nullopt;
    count = *next;
  }
  return count;
}

/// Reads one protobuf varint; advances `at`. Nothing if it is cut off or longer
/// than the ten bytes that 64 bits need.
std::optional<uint64_t> decodeVarint(ArrayRef<uint8_t> bytes, size_t &at) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && at < bytes.size(); shift += 7) {
    uint8_t byte = bytes[at++];
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return value;
  }
  return std::nullopt;
}

LogicalResult decodeVarints(ArrayRef<uint8_t> stored, uint64_t count, uint64_t elementBytes, Location loc,
                            StringRef file, std::vector<uint8_t> &elements) {
  // A varint has at least one byte, so a count from a hostile type cannot make
  // us allocate more than a few times the file.
  if (count > stored.size())
    return emitError(loc) << "weight data in '" << file << "' has at most " << stored.size() << " elements, expected "
                          << count;
  elements.resize(count * elementBytes);
  size_t at = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (at == stored.size())
      return emitError(loc) << "weight data in '" << file << "' has " << i << " elements, expected " << count;
    std::optional<uint64_t> value = decodeVarint(stored, at);
    if (!value)
      return emitError(loc) << "weight data in '" << file << "' has a malformed varint at element " << i;
    // Little-endian, as the elements are: the low bytes come first.
    for (uint64_t byte = 0; byte < elementBytes; ++byte)
      elements[i * elementBytes + byte] = static_cast<uint8_t>(*value >> (8 * byte));
  }
  if (at != stored.size())
    return emitError(loc) << "weight data in '" << file << "' has more than the expected " << count << " elements";
  return success();
}

} // namespace

WeightSource::WeightSource(ModuleOp module) : WeightSource(directoryOf(module)) {}

bool WeightSource::isInside(StringRef file, std::string &why) const {
  namespace path = llvm::sys::path;
  if (file.empty() || file.contains('\0')) {
    why = "is not a file name";
    return false;
  }
  if (path::is_absolute(file)) {
    why = "is an absolute path, expected one relative to the model";
    return false;
  }
  if (llvm::is_contained(llvm::make_range(path::begin(file), path::end(file)), "..")) {
    why = "leaves the model's folder by '..'";
    return false;
  }
  // What is missing cannot lead out; opening it will say so.
  SmallString<256> realDirectory, realFile;
  if (llvm::sys::fs::real_path(directory.empty() ? "." : directory, realDirectory) ||
      llvm::sys::fs::real_path(pathIn(directory, file), realFile))
    return true;
  if (isBelow(realFile, realDirectory))
    return true;
  why = "leaves the model's folder by a symbolic link";
  return false;
}

FailureOr<ArrayRef<uint8_t>> WeightSource::map(glm::StoredAttr stored, Location loc) {
  StringRef name = stored.getFile();
  std::unique_ptr<llvm::MemoryBuffer> &buffer = files[name.str()];
  if (!buffer) {
    std::string why;
    if (!isInside(name, why))
      return emitError(loc) << "weight file '" << name << "' " << why;
    std::string path = pathIn(directory, name);
    llvm::sys::fs::file_status status;
    if (std::error_code error = llvm::sys::fs::status(path, status))
      return emitError(loc) << "cannot open weight file '" << name << "': " << error.message();
    // A pipe or device could block or never end.
    if (!llvm::sys::fs::is_regular_file(status))
      return emitError(loc) << "weight file '" << name << "' is not a regular file";
    auto opened = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!opened)
      return emitError(loc) << "cannot open weight file '" << name << "': " << opened.getError().message();
    buffer = std::move(*opened);
  }
  uint64_t size = buffer->getBufferSize();
  if (stored.getOffset() > size || stored.getBytes() > size - stored.getOffset())
    return emitError(loc) << "weight file '" << name << "' has " << size << " bytes, expected " << stored.getBytes()
                          << " bytes at offset " << stored.getOffset();
  auto *begin = reinterpret_cast<const uint8_t *>(buffer->getBufferStart());
  return ArrayRef<uint8_t>(begin + stored.getOffset(), stored.getBytes());
}

LogicalResult WeightSource::read(Attribute source, RankedTensorType logical, Location loc,
                                 std::vector<uint8_t> &elements) {
  if (auto stored = dyn_cast<glm::StoredAttr>(source))
    return readStored(stored, logical, loc, elements);
  auto list = dyn_cast<ArrayAttr>(source);
  auto stored = list && list.size() == 2 ? dyn_cast<glm::StoredAttr>(list[0]) : glm::StoredAttr();
  auto rounding = stored ? dyn_cast<glm::RoundingAttr>(list[1]) : glm::RoundingAttr();
  if (!rounding || rounding.type() != logical)
    return emitError(loc) << "weight of type " << logical << " has source " << source
                          << ", expected #glm.stored, perhaps with a #glm.rounding to that type";
  // As it is mapped, where it can be: weights of a big model are many megabytes.
  std::vector<uint8_t> decoded;
  FailureOr<ArrayRef<uint8_t>> from = ArrayRef<uint8_t>();
  if (stored.getEncoding() != "raw") {
    if (failed(readStored(stored, rounding.getFrom(), loc, decoded)))
      return failure();
    from = ArrayRef<uint8_t>(decoded);
  } else if (failed(from = map(stored, loc))) {
    return failure();
  }
  if (int64_t(from->size()) != glm::denseBytes(rounding.getFrom()))
    return emitError(loc) << "weight data in '" << stored.getFile() << "' has " << from->size() << " bytes, type "
                          << rounding.getFrom() << " takes " << glm::denseBytes(rounding.getFrom());
  round(stored, rounding, *from, elements);
  return success();
}

void WeightSource::round(glm::StoredAttr stored, glm::RoundingAttr rounding, ArrayRef<uint8_t> from,
                         std::vector<uint8_t> &elements) {
  if (isa<FloatType>(rounding.getTo()))
    return glm::roundWeight(rounding, from, elements);
  auto whole = glm::RoundingAttr::get(stored.getContext(), rounding.getFrom(), rounding.getTo(), "values",
                                      rounding.getAxis(), rounding.getGroup());
  auto [known, isNew] = scales.try_emplace({stored, whole});
  KnownScales &entry = known->second;
  if (isNew)
    entry.scales = glm::findScales(rounding, from);
  if (rounding.getPart() == "values")
    glm::roundValues(rounding, from, entry.scales, elements);
  else
    entry.scales.copyPart(rounding.getPart(), elements);
  const unsigned parts = rounding.getTo().isUnsignedInteger() ? 3 : 2;
  if (++entry.reads == parts) // The image has each part once.
    scales.erase(known);
}

LogicalResult WeightSource::readStored(glm::StoredAttr stored, RankedTensorType logical, Location loc,
                                       std::vector<uint8_t> &elements) {
  Type element = logical.getElementType();
  uint64_t elementBytes = bytesOfElement(element);
  std::optional<uint64_t> count = countOf(logical);
  std::optional<uint64_t> expected = count ? llvm::checkedMulUnsigned(*count, elementBytes) : std::nullopt;
  if (elementBytes == 0 || !expected)
    return emitError(loc) << "no weight can have type " << logical;
  FailureOr<ArrayRef<uint8_t>> bytes = map(stored, loc);
  if (failed(bytes))
    return failure();
  if (stored.getEncoding() == "raw") {
    if (bytes->size() != *expected)
      return emitError(loc) << "weight data in '" << stored.getFile() << "' has " << bytes->size() << " bytes, type "
                            << logical << " takes " << *expected;
    elements.assign(bytes->begin(), bytes->end());
  } else if (stored.getEncoding() == "nibbles") {
    if (!element.isInteger(4) || bytes->size() != llvm::divideCeil(*count, 2))
      return emitError(loc) << "weight data in '" << stored.getFile() << "' has " << bytes->size()
                            << " bytes of nibbles, expected " << llvm::divideCeil(*count, 2) << " for " << logical;
    const uint8_t sign = element.isUnsignedInteger() ? 0 : 8;
    elements.resize(*count);
    for (uint64_t i = 0; i < *count; ++i) {
      const uint8_t bits = ((*bytes)[i / 2] >> (i % 2 * 4)) & 15;
      elements[i] = uint8_t((bits ^ sign) - sign); // Extends the sign, if there is one.
    }
  } else {
    // ONNX keeps every integer, and 16-bit floats as their bits, in such fields.
    if (isa<FloatType>(element) && elementBytes != 2)
      return emitError(loc) << "weight data in '" << stored.getFile() << "' is varint, which " << logical
                            << " is never stored as";
    if (element.isInteger(1)) {
      if (failed(decodeVarints(*bytes, *count, 8, loc, stored.getFile(), elements)))
        return failure();
      for (uint64_t i = 0; i < *count; ++i)
        elements[i] = std::any_of(&elements[i * 8], &elements[i * 8] + 8, [](uint8_t byte) { return byte != 0; });
      elements.resize(*count);
    } else if (failed(decodeVarints(*bytes, *count, elementBytes, loc, stored.getFile(), elements))) {
      return failure();
    }
  }
  if (element.isInteger(1))
    for (uint8_t &byte : elements)
      byte = byte != 0;
  return success();
}

} // namespace glmc
