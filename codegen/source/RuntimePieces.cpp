//===- RuntimePieces.cpp - Cuts runtime-min at its markers -------------------===//
//
// A piece runs from `//# piece NAME : NEEDS` to the next marker. Pieces come
// out in the order of their files, so one that another needs stands before it.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/RuntimePieces.h"

#include "runtime-min/Embedded.h"

#include <map>
#include <sstream>
#include <vector>

namespace glmc::source {

namespace {
struct Piece {
  std::string name, text;
  std::vector<std::string> needs;
};
} // namespace

static std::vector<Piece> piecesOf(const std::string &file) {
  std::vector<Piece> pieces;
  std::istringstream in{std::string(runtimeText(file))};
  bool inPiece = false;
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, 3, "//#") != 0) {
      if (inPiece)
        pieces.back().text += line + "\n";
      continue;
    }
    std::istringstream words(line.substr(3));
    std::string word;
    words >> word;
    inPiece = word == "piece";
    if (!inPiece)
      continue;
    pieces.push_back({});
    words >> pieces.back().name >> word; // The name and a colon.
    while (words >> word)
      pieces.back().needs.push_back(word);
  }
  return pieces;
}

std::string runtimePiece(const std::string &file, const std::string &name) {
  for (const Piece &piece : piecesOf(file))
    if (piece.name == name)
      return piece.text;
  return {};
}

/// Compilers compare vectors into vectors of their own idea of an integer, so
/// the 32- and 64-bit elements are spelled as they do.
static std::string elementType(const std::string &element) {
  static const std::map<std::string, const char *> types = {{"f32", "float"},      {"f64", "double"},
                                                            {"i8", "signed char"}, {"u8", "unsigned char"},
                                                            {"i16", "short"},      {"u16", "unsigned short"},
                                                            {"i32", "int"},        {"u32", "unsigned int"},
                                                            {"i64", "GLM_INT64"},  {"u64", "unsigned GLM_INT64"}};
  const auto found = types.find(element);
  return found == types.end() ? "" : found->second;
}

/// "f32x8" -> its typedef; empty when `name` is no vector type.
static std::string vectorTypedef(const std::string &name) {
  const size_t cut = name.find('x');
  if (cut == std::string::npos || cut + 1 == name.size() ||
      name.find_first_not_of("0123456789", cut + 1) != std::string::npos)
    return "";
  const std::string type = elementType(name.substr(0, cut));
  if (type.empty())
    return "";
  const int bytes = std::stoi(name.substr(cut + 1)) * std::stoi(name.substr(1, cut - 1)) / 8;
  return "typedef " + type + " " + name + " __attribute__((vector_size(" + std::to_string(bytes) + ")));\n";
}

std::string runtimePieces(const std::set<std::string> &needs, std::string &error,
                          const std::set<std::string> &present) {
  std::vector<Piece> pieces;
  for (const char *file : {"vector.h", "dots.h", "math.h", "pool.cpp", "parallel.h"})
    for (Piece &piece : piecesOf(file))
      pieces.push_back(std::move(piece));
  std::set<std::string> wanted, known;
  std::string types;
  for (const std::string &name : needs) {
    const std::string type = vectorTypedef(name);
    types += type;
    if (type.empty())
      wanted.insert(name);
  }
  // A piece needs only pieces before it: one pass backwards finds them all.
  for (size_t i = pieces.size(); i-- > 0;) {
    known.insert(pieces[i].name);
    if (wanted.count(pieces[i].name))
      wanted.insert(pieces[i].needs.begin(), pieces[i].needs.end());
  }
  for (const std::string &name : wanted)
    if (!known.count(name)) {
      error = "runtime-min has no piece '" + name + "'";
      return {};
    }
  std::string text = "// Elements in memory; they may lie in bytes of any other type.\n";
  for (const char *element : {"f32", "f64", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"}) {
    const std::string name = element;
    const std::string fixed = (name[0] == 'i' ? "int" : "uint") + name.substr(1) + "_t";
    text += "typedef " + (name[0] == 'f' ? elementType(name) : fixed) + " " + name + " __attribute__((may_alias));\n";
  }
  if (!types.empty())
    text += "\n// Vectors: element and lanes.\n" + types;
  for (const Piece &piece : pieces)
    if (wanted.count(piece.name) && !present.count(piece.name))
      text += "\n" + piece.text;
  return text;
}

//===----------------------------------------------------------------------===//
// Preamble
//===----------------------------------------------------------------------===//

/// The macros for instruction sets that a target attribute turns on.
static std::vector<std::string> instructionMacros(const std::string &cxxTarget) {
  std::set<std::string> has;
  std::istringstream in(cxxTarget);
  for (std::string word; std::getline(in, word, ',');)
    has.insert(word);
  const auto any = [&](std::initializer_list<const char *> names) {
    for (const char *name : names)
      if (has.count(name))
        return true;
    return false;
  };
  const bool v4 = any({"arch=x86-64-v4"}), v3 = v4 || any({"arch=x86-64-v3"});
  const bool avx512 = v4 || (any({"avx512f"}) && any({"avx512bw"}) && any({"avx512dq"}) && any({"avx512vl"}));
  const bool avx2 = v3 || avx512 || any({"avx2", "avxvnni"}), avx = avx2 || any({"avx", "f16c", "fma"});
  std::vector<std::string> macros = {"GLM_X86"};
  if (avx || any({"sse4.1", "sse4.2", "arch=x86-64-v2"}))
    macros.push_back("GLM_SSE4");
  if (avx)
    macros.push_back("GLM_AVX");
  if (avx2)
    macros.push_back("GLM_AVX2");
  if (v3 || any({"f16c"}))
    macros.push_back("GLM_F16C");
  if (avx512)
    macros.push_back("GLM_AVX512");
  if (avx512 && any({"avx512vnni"}))
    macros.push_back("GLM_VNNI");
  if (any({"avxvnni"}))
    macros.push_back("GLM_AVXVNNI");
  return macros;
}

/// Whether the AArch64 features of a target attribute have dot products of bytes.
static bool hasDotProducts(const std::string &armTarget) {
  return armTarget.find("+dotprod") != std::string::npos || armTarget.rfind("arch=armv8.4", 0) == 0 ||
         armTarget.rfind("arch=armv9", 0) == 0;
}

std::string runtimePreamble(const std::string &cxxTarget, bool exact, bool threads) {
  std::string text = threads ? "#include <pthread.h>\n#define GLMC_POOL_LINKAGE static __attribute__((unused))\n" : "";
  text += "#if defined(__x86_64__)\n#include <immintrin.h>\n";
  bool wide = false;
  // Names of AArch64 begin with its architecture.
  const bool isArm = cxxTarget.rfind("arch=armv", 0) == 0;
  const std::string armTarget = isArm ? cxxTarget : "", x86Target = isArm ? "" : cxxTarget;
  for (const std::string &macro : instructionMacros(x86Target)) {
    text += "#define " + macro + " 1\n";
    wide |= macro == "GLM_AVX512";
  }
  const std::string attribute = "target(\"" + x86Target + "\")";
  if (x86Target.empty())
    text += "#define GLM_TARGET\n";
  else if (wide) // clang uses the wide registers only when it is told that they are worth it.
    text += "#if defined(__clang__)\n#define GLM_TARGET __attribute__((" + attribute +
            ", min_vector_width(512)))\n#else\n" + "#define GLM_TARGET __attribute__((" + attribute + "))\n#endif\n";
  else
    text += "#define GLM_TARGET __attribute__((" + attribute + "))\n";
  text += "#elif defined(__aarch64__)\n#include <arm_neon.h>\n#define GLM_A64 1\n#define GLM_TARGET" +
          (isArm ? " __attribute__((target(\"" + armTarget + "\")))" : "") + "\n" +
          (hasDotProducts(armTarget) ? "#define GLM_DOTPROD 1\n" : "");
  text += R"(#elif defined(__ARM_FEATURE_MVE) && !defined(__clang__)
// g++ 12 compares and converts vectors wrongly with Helium.
#define GLM_TARGET __attribute__((target("arch=armv8.1-m.main+dsp+fp.dp")))
#else
#define GLM_TARGET
#endif
#define GLM_INLINE static inline __attribute__((always_inline, unused)) GLM_TARGET
#define GLM_METHOD inline __attribute__((always_inline, unused)) GLM_TARGET
#define GLM_KERNEL static __attribute__((noinline)) GLM_TARGET
#if __SIZEOF_LONG__ == 8
#define GLM_INT64 long
#else
#define GLM_INT64 long long
#endif

// Helpers return vectors that may be wider than the machine's; all of them are
// static and inlined, so no calling convention is involved.
#pragma GCC diagnostic ignored "-Wpsabi"
#if !defined(__clang__)
// Arrays are written a vector at a time; where a machine lacks such vectors GCC
// takes the pieces for unwritten. Its own headers leave what no mask shows so.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
)";
  if (exact)
    text += R"(
// Every operation is rounded by itself, on every machine.
#if defined(__FAST_MATH__)
#error "this file was generated for exact arithmetic: compile it without -ffast-math"
#endif
#if defined(__clang__)
#pragma clang fp contract(off)
#else
#pragma GCC optimize("fp-contract=off")
#endif
)";
  else
    text += R"(
// A product and a sum may be one instruction.
#if defined(__clang__)
#pragma clang fp contract(fast)
#endif
)";
  return text;
}

std::string runtimeEpilogue(bool threads) {
  std::string text = threads ? "#undef GLMC_POOL_LINKAGE\n" : "";
  for (const char *macro : {"X86", "SSE4", "AVX", "AVX2", "F16C", "AVX512", "VNNI", "AVXVNNI", "A64", "DOTPROD", "TARGET",
                            "INLINE", "METHOD", "KERNEL", "INT64"})
    text += std::string("#undef GLM_") + macro + "\n";
  return text;
}

} // namespace glmc::source
