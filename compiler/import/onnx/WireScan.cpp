//===- WireScan.cpp - Cuts weights out of a model's bytes -------------------===//
//
// A message is a list of fields: a varint tag (number * 8 + wire type), then a
// varint, 4 or 8 bytes, or a varint length and so many bytes. Only messages on
// the way to a tensor's payload are entered; their depth is fixed, so hostile
// nesting costs nothing here.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/WireScan.h"

#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace glmc::onnximport {
namespace {

enum Wire { varint = 0, eight = 1, bytes = 2, four = 5 };

struct Field {
  unsigned number, wire;
  size_t begin, value, end; ///< Where tag, value and next field start.
};

class Cursor {
public:
  Cursor(StringRef data, size_t begin, size_t end) : data(data), at(begin), end(end) {}

  bool done() const { return at == end; }
  size_t position() const { return at; }

  /// Reads one field; false if it is malformed or longer than the message.
  bool next(Field &field) {
    field.begin = at;
    uint64_t tag, length = 0;
    if (!readVarint(tag) || tag >> 3 == 0 || tag >> 32 != 0)
      return false;
    field.number = tag >> 3;
    field.wire = tag & 7;
    field.value = at;
    switch (field.wire) {
    case varint: {
      uint64_t value;
      if (!readVarint(value))
        return false;
      field.end = at;
      return true;
    }
    case eight: length = 8; break;
    case four: length = 4; break;
    case bytes:
      if (!readVarint(length))
        return false;
      field.value = at;
      break;
    default: return false;
    }
    if (length > end - at)
      return false;
    field.end = at += length;
    return true;
  }

private:
  bool readVarint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
      uint8_t byte = data[at++];
      value |= uint64_t(byte & 0x7f) << (shift < 64 ? shift : 63);
      if (!(byte & 0x80))
        return true;
    }
    return false;
  }

  StringRef data;
  size_t at, end;
};

enum class Message { model, graph, function, node, attribute, tensor, other };

/// The message that a field holds, if payloads may be inside.
Message child(Message message, unsigned field) {
  switch (message) {
  case Message::model: return field == 7 ? Message::graph : field == 25 ? Message::function : Message::other;
  case Message::graph: return field == 1 ? Message::node : field == 5 ? Message::tensor : Message::other;
  case Message::function: return field == 7 ? Message::node : Message::other;
  case Message::node: return field == 5 ? Message::attribute : Message::other;
  case Message::attribute: return field == 5 ? Message::tensor : Message::other;
  default: return Message::other;
  }
}

bool isPayload(unsigned field) {
  return field == 4 || field == 5 || field == 7 || field == 9 || field == 10 || field == 11;
}

void appendVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void appendMessage(std::string &out, unsigned field, StringRef content) {
  appendVarint(out, field << 3 | bytes);
  appendVarint(out, content.size());
  out += content;
}

class Scanner {
public:
  explicit Scanner(StringRef file) : file(file) {}

  bool strip(Message message, size_t begin, size_t end, std::string &out) {
    Cursor cursor(file, begin, end);
    while (!cursor.done()) {
      Field field;
      if (!cursor.next(field))
        return fail("is damaged: a field at byte " + std::to_string(cursor.position()) + " is malformed");
      StringRef content = file.slice(field.value, field.end);
      Message inner = field.wire == bytes ? child(message, field.number) : Message::other;
      if (inner != Message::other) {
        std::string stripped;
        if (!strip(inner, field.value, field.end, stripped))
          return false;
        appendMessage(out, field.number, stripped);
      } else if (message == Message::tensor && field.wire == bytes && isPayload(field.number) &&
                 content.size() > maxInlinePayload) {
        std::string entry;
        appendMessage(entry, 1, cutKey);
        appendMessage(entry, 2, std::to_string(model.cuts.size()));
        appendMessage(out, 13, entry);
        model.cuts.push_back({field.value, content.size(), field.number});
      } else if (message == Message::tensor && field.number == 13 && content.contains(cutKey)) {
        return fail("uses the reserved external data key '" + cutKey.str() + "'");
      } else {
        out += file.slice(field.begin, field.end);
      }
    }
    return true;
  }

  bool fail(std::string why) {
    error = std::move(why);
    return false;
  }

  StringRef file;
  ScannedModel model;
  std::string error;
};

/// What is wrong with the fields of the outermost message; empty if nothing.
std::string checkOutermost(StringRef file) {
  Cursor cursor(file, 0, file.size());
  bool hasVersion = false, hasGraph = false;
  while (!cursor.done()) {
    Field field;
    if (!cursor.next(field)) {
      // A graph that does not end in the file is what cutting a model leaves.
      if (hasVersion)
        return "is truncated or damaged: a field at byte " + std::to_string(field.begin) +
               " does not end within the file's " + std::to_string(file.size()) + " bytes";
      return "is not an ONNX model";
    }
    hasVersion |= field.number == 1 && field.wire == varint;
    hasGraph |= field.number == 7 && field.wire == bytes;
  }
  if (!hasVersion)
    return "is not an ONNX model";
  return hasGraph ? "" : "is truncated or damaged: it has no graph";
}

} // namespace

std::optional<ScannedModel> cutPayloads(StringRef file, std::string &error) {
  if (file.empty()) {
    error = "is empty, expected an ONNX model";
    return std::nullopt;
  }
  error = checkOutermost(file);
  if (!error.empty())
    return std::nullopt;
  Scanner scanner(file);
  if (!scanner.strip(Message::model, 0, file.size(), scanner.model.bytes)) {
    error = scanner.error;
    return std::nullopt;
  }
  // Protobuf counts in int.
  if (scanner.model.bytes.size() > INT32_MAX) {
    error = "has " + std::to_string(scanner.model.bytes.size()) + " bytes besides its weights, expected less than 2 GB";
    return std::nullopt;
  }
  return std::move(scanner.model);
}

std::optional<uint64_t> countVarints(StringRef packed) {
  if (!packed.empty() && (packed.back() & 0x80))
    return std::nullopt;
  return llvm::count_if(packed, [](char byte) { return !(byte & 0x80); });
}

} // namespace glmc::onnximport
