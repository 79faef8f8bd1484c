//===- GeneratedHeader.cpp - What a generated header says of its program -------===//
#include "compiler/GeneratedHeader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Regex.h"

#include <algorithm>

using namespace llvm;

namespace glmc {
namespace {

/// A header is a few kilobytes; what is much larger is something else.
constexpr uint64_t mostBytes = 1 << 20;
constexpr int64_t mostTokens = int64_t(1) << 30;
/// Of a parameter.
constexpr int64_t mostParameterBytes = int64_t(1) << 40;

class HeaderReader {
public:
  explicit HeaderReader(StringRef whole) : whole(whole), text(oneSpace(whole)) {}

  std::optional<GeneratedHeader> read(std::string &error) {
    SmallVector<StringRef> found;
    if (!Regex("typedef struct ([A-Za-z_][A-Za-z0-9_]*)_context \\{").match(text, &found)) {
      error = "is not a header that glmc generated";
      return std::nullopt;
    }
    header.prefix = found[1].str();
    macros = StringRef(header.prefix).upper();
    readRest();
    header.hasState = StringRef(text).contains(" " + header.prefix + "_prefill(");
    const bool good = macro("CONTEXT_BYTES", header.contextBytes) && header.contextBytes > 0 &&
                      (header.hasState ? readState() : readEntries());
    if (good)
      return header;
    error = "does not say what glmc's headers say; was it changed?";
    return std::nullopt;
  }

private:
  /// Any run of spaces and newlines as one space, so that lines may be broken.
  static std::string oneSpace(StringRef text) {
    std::string result;
    for (char c : text)
      if (!isSpace(c))
        result += c;
      else if (!result.empty() && result.back() != ' ')
        result += ' ';
    return result;
  }

  bool number(const std::string &pattern, int64_t &value) {
    SmallVector<StringRef> found;
    return Regex(pattern).match(text, &found) && !found[1].getAsInteger(10, value);
  }
  bool macro(const char *name, int64_t &value) { return number("#define " + macros + "_" + name + " ([0-9]+) ", value); }

  /// "the model was compiled for 1, 16 and 128 tokens at a time".
  bool readSteps() {
    SmallVector<StringRef> found, words;
    if (!Regex("the model was compiled for ([0-9, and]+) tokens? at a time").match(text, &found))
      return false;
    SplitString(found[1], words, ", and");
    for (StringRef word : words) {
      header.steps.emplace_back();
      if (word.getAsInteger(10, header.steps.back()))
        return false;
    }
    return !header.steps.empty();
  }

  /// What memory is asked for goes by this.
  bool readState() {
    auto within = [](int64_t value) { return value > 0 && value <= mostTokens; };
    int64_t all = 0;
    if (!macro("CONTEXT_TOKENS", header.contextTokens) || !macro("VOCABULARY", header.vocabulary) || !readSteps() ||
        !macro("ALL_LOGITS", all))
      return false;
    header.allLogits = all != 0;
    readCaches();
    return within(header.contextTokens) && within(header.vocabulary) &&
           std::all_of(header.steps.begin(), header.steps.end(), within);
  }

  /// Comments with each parameter and its bytes, then the function.
  bool readEntries() {
    Regex comment("^/\\* (input|output) '(.*)': ([a-z0-9]+) ([0-9x]+|scalar)( \\(in the arena\\))? \\*/$");
    Regex bytes("^#define [^ ]+_BYTES ([0-9]+)$");
    Regex function("^int " + header.prefix + "_([A-Za-z0-9_]+)\\(" + header.prefix + "_context \\*context");
    SmallVector<StringRef> lines, found;
    whole.split(lines, '\n');
    GeneratedEntry entry;
    std::optional<GeneratedParameter> pending;
    bool isSeen = false; // A parameter of the next function.
    for (StringRef line : lines)
      if (comment.match(line, &found)) {
        isSeen = true;
        pending.reset();
        if (found[5].empty()) // Else it is no pointer.
          pending = GeneratedParameter{found[1] == "output", found[2].str(), found[3].str(), 0};
      } else if (pending && bytes.match(line, &found)) {
        if (found[1].getAsInteger(10, pending->bytes) || pending->bytes > mostParameterBytes)
          return false;
        entry.parameters.push_back(std::move(*pending));
        pending.reset();
      } else if (isSeen && function.match(line, &found)) {
        entry.name = found[1].str();
        header.entries.push_back(std::move(entry));
        entry = {};
        isSeen = false;
      }
    return !header.entries.empty();
  }

  void readRest() {
    header.weightsApart =
        StringRef(text).contains(" " + header.prefix + "_init(" + header.prefix + "_context *context, const void *");
    number("\\* weights ([0-9]+), ", header.weightBytes);
    if (!number("\\* threads ([0-9]+), the caller", header.threads) || header.threads < 1 || header.threads > 1024)
      header.threads = 1;
  }

  void readCaches() {
    // "cache 2*L*h*d*T*bytes = 2*2*2*16*64*1 = 8192 of the state, i8", a line a kind.
    StringRef rest = text;
    SmallVector<StringRef> found;
    for (Regex line("\\* cache [^=]+= [^=]+= ([0-9]+) of the state"); line.match(rest, &found);) {
      int64_t bytes = 0;
      if (!found[1].getAsInteger(10, bytes))
        header.cacheBytes += bytes;
      rest = rest.substr(size_t(found[0].end() - rest.begin()));
    }
  }

  StringRef whole;
  std::string text, macros;
  GeneratedHeader header;
};

} // namespace

std::optional<GeneratedHeader> readGeneratedHeader(const std::string &path, std::string &error) {
  auto file = MemoryBuffer::getFile(path);
  if (!file) {
    error = "cannot be read: " + file.getError().message();
    return std::nullopt;
  }
  if ((*file)->getBufferSize() > mostBytes) {
    error = "is not a header that glmc generated";
    return std::nullopt;
  }
  return HeaderReader((*file)->getBuffer()).read(error);
}

} // namespace glmc
