//===- EmitHeader.cpp - Prints the header of a compiled model ----------------===//
//
// Everything that a caller must know stands in the header: shapes, sizes,
// alignment, memory, what the linker needs.
//
//===----------------------------------------------------------------------===//
#include "codegen/source/EmitHeader.h"

#include "codegen/ContextLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/Status.h"
#include "codegen/source/ResumeText.h"
#include "codegen/source/SelfTestText.h"
#include "codegen/source/SessionText.h"
#include "runtime-min/Embedded.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

namespace glmc::source {

using kernels::Element;
using kernels::TensorType;

static std::string upper(std::string text) {
  for (char &c : text)
    c = (char)std::toupper((unsigned char)c);
  return text;
}

std::string macroPrefix(const EmitOptions &options) { return upper(options.prefix); }

std::string commentLines(const std::string &text, const std::string &margin) {
  constexpr size_t width = 100;
  std::string out, line;
  const auto flush = [&] {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\\'))
      line.pop_back(); // A backslash at the end would continue the comment.
    std::string filled = margin + line;
    while (!filled.empty() && filled.back() == ' ')
      filled.pop_back();
    out += filled + "\n";
    line.clear();
  };
  std::istringstream in(text);
  for (std::string source; std::getline(in, source);) {
    std::istringstream words(source);
    const size_t indent = source.find_first_not_of(' ');
    line = std::string(indent == std::string::npos ? 0 : indent, ' ');
    bool first = true;
    for (std::string word; words >> word; first = false) {
      for (size_t i = 0; i < word.size(); ++i)
        if ((unsigned char)word[i] < ' ' || word[i] == 0x7f || (word[i] == '/' && i && word[i - 1] == '*') ||
            (word[i] == '*' && i && word[i - 1] == '/') || (word[i] == '?' && i && word[i - 1] == '?'))
          word[i] = '_';
      if (!first && margin.size() + line.size() + word.size() > width)
        flush();
      line += (line.empty() || line.back() == ' ' ? "" : " ") + word;
    }
    flush();
  }
  return out;
}

std::string callLines(const std::string &start, const std::vector<std::string> &arguments, const std::string &end) {
  std::string text, line = start;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string word = arguments[i] + (i + 1 < arguments.size() ? "," : end);
    if (line.size() + word.size() > 110) {
      text += line + "\n";
      line = "     ";
    }
    line += (line.back() == '(' ? "" : " ") + word;
  }
  return text + line + (arguments.empty() ? end : "") + "\n";
}

static std::string shapeText(const TensorType &type) {
  std::string text = kernels::name(type.element);
  for (size_t i = 0; i < type.shape.size(); ++i)
    text += (i ? "x" : " ") + std::to_string(type.shape[i]);
  return type.shape.empty() ? text + " scalar" : text;
}

std::string arenaText(const Program &program) {
  return program.arenaApart ? "((uint8_t *)(uintptr_t)context->arena_address)" : "context->arena";
}

std::string pointee(Element element) {
  return element == Element::boolean ? "uint8_t" : kernels::cType(element);
}

ParameterNames parameterNames(const EntryPoint &entry) {
  static const std::set<std::string> taken = {
      "alignas",  "alignof",       "and",          "and_eq",   "asm",
      "auto",     "bitand",        "bitor",        "bool",     "break",
      "case",     "catch",         "char",         "class",    "compl",
      "const",    "constexpr",     "const_cast",   "continue", "decltype",
      "default",  "delete",        "do",           "double",   "dynamic_cast",
      "else",     "enum",          "explicit",     "export",   "extern",
      "false",    "float",         "for",          "friend",   "goto",
      "if",       "inline",        "int",          "linux",    "long",
      "mutable",  "namespace",     "new",          "noexcept", "not",
      "not_eq",   "nullptr",       "operator",     "or",       "or_eq",
      "private",  "protected",     "public",       "register", "reinterpret_cast",
      "restrict", "return",        "short",        "signed",   "sizeof",
      "static",   "static_assert", "static_cast",  "struct",   "switch",
      "template", "this",          "thread_local", "throw",    "true",
      "try",      "typedef",       "typeid",       "typename", "typeof",
      "union",    "unix",          "unsigned",     "using",    "virtual",
      "void",     "volatile",      "wchar_t",      "while",    "xor",
      "xor_eq",   "NULL",          "offsetof",     "int8_t",   "int16_t",
      "int32_t",  "int64_t",       "uint8_t",      "uint16_t", "uint32_t",
      "uint64_t", "size_t",        "context",      "arena",    "state",
      "weights",  "position",      "f32",           "f64",          "i8",       "i16",
      "i32",      "i64",           "u8",           "u16",      "u32",
      "u64"};
  std::set<std::string> used;
  const auto names = [&](const std::vector<Parameter> &parameters) {
    std::vector<std::string> result;
    for (const Parameter &p : parameters) {
      std::string name = p.identifier;
      while (taken.count(name) || !used.insert(name).second)
        name += "_";
      result.push_back(name);
    }
    return result;
  };
  ParameterNames result;
  result.inputs = names(entry.inputs);
  result.outputs = names(entry.outputs);
  return result;
}

std::string entrySignature(const EntryPoint &entry, const EmitOptions &options) {
  const ParameterNames names = parameterNames(entry);
  std::string text = "int " + options.prefix + "_" + entry.name + "(" + options.prefix + "_context *context";
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    if (entry.inputs[i].place.memory != Memory::arena)
      text += ", const " + pointee(entry.inputs[i].type.element) + " *" + names.inputs[i];
  for (size_t i = 0; i < entry.outputs.size(); ++i)
    if (entry.outputs[i].place.memory != Memory::arena)
      text += ", " + pointee(entry.outputs[i].type.element) + " *" + names.outputs[i];
  return text + ")";
}

std::string summaryText(const Program &program, const EmitOptions &options) {
  const ContextLayout layout = contextLayout(program);
  std::ostringstream out;
  out << runtimeText("LICENCE.txt") << "\n";
  out << "Build " << options.buildId << ", weights " << options.weightHash << ", target "
      << (options.targetName.empty() ? "any" : options.targetName) << ".\n";
  out << "Arithmetic: " << (program.math == kernels::Math::exact ? "exact" : "fast") << ".\n\n";
  out << "Memory (bytes)\n";
  if (program.arenaApart)
    out << "  arena    " << program.arenaBytes << " of RAM, apart from the context\n";
  out << "  context  " << layout.bytes << " of RAM an instance: arena " << (program.arenaApart ? 0 : program.arenaBytes)
      << ", state "
      << program.stateBytes;
  if (program.threads > 1)
    out << ", pool of threads " << poolBytes;
  out << "\n";
  out << cacheLines(program);
  out << "  weights  " << program.weightBytes << (program.weightsApart ? ", in a file of their own" : ", constant") << "\n";
  if (options.stackBytes >= 0)
    out << "  stack    " << options.stackBytes << " at most, in the object\n";
  else
    out << "  stack    decided by the compiler of the C++ file\n";
  if (program.threads > 1)
    out << "  threads  " << program.threads << ", the caller's included; each other one has a stack of the system's size\n";
  if (const auto &placement = program.placement)
    out << "  banks    context in " << placement->context
        << (placement->arena.empty() ? "" : ", arena in " + placement->arena)
        << (placement->weights.empty() ? "" : ", weights in " + placement->weights) << "\n";
  for (const EntryPoint &entry : program.entryPoints)
    out << "  " << entry.name << ": arena " << entry.arenaBytes << ", lower bound " << entry.boundBytes << ", gap "
        << entry.arenaBytes - entry.boundBytes << "\n";
  out << options.certificate;
  return out.str();
}

namespace {
/// Prints the parts of one header.
class HeaderPrinter {
public:
  HeaderPrinter(const Program &program, const EmitOptions &options)
      : program(program), options(options), prefix(options.prefix), macros(macroPrefix(options)) {}
  std::string print();

private:
  void identity();
  void statuses();
  void initAndRelease();
  void weightsFile();
  void versions();
  void arenaApart();
  void context();
  void entryPoint(const EntryPoint &entry);
  void tensor(const EntryPoint &entry, const Parameter &p, bool input);
  void accessor(const EntryPoint &entry, const Parameter &p, const std::string &name);
  std::string uniqueMacro(const std::string &name);

  const Program &program;
  const EmitOptions &options;
  const std::string prefix, macros;
  std::set<std::string> usedMacros;
  std::ostringstream out;
};
} // namespace

/// Identifiers that differ in case only would make one macro.
std::string HeaderPrinter::uniqueMacro(const std::string &name) {
  std::string macro = name;
  for (int i = 2; !usedMacros.insert(macro).second; ++i)
    macro = name + "_" + std::to_string(i);
  return macro;
}

std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (char c : text)
    out += c == '"' || c == '\\'    ? std::string("\\") + c
           : (unsigned char)c < ' ' ? std::string("_")
                                    : std::string(1, c);
  return out + "\"";
}

void HeaderPrinter::identity() {
  out << "#define " << macros << "_BUILD_ID " << quoted(options.buildId) << "\n"
      << "#define " << macros << "_WEIGHT_HASH " << quoted(options.weightHash) << "\n\n"
      << "/* Bytes of RAM. */\n"
      << "#define " << macros << "_ARENA_BYTES " << program.arenaBytes << "\n"
      << "#define " << macros << "_STATE_BYTES " << program.stateBytes << "\n"
      << "#define " << macros << "_CONTEXT_BYTES " << contextLayout(program).bytes << "\n\n";
}

void HeaderPrinter::statuses() {
  out << "/* What every function returns. */\nenum " << prefix << "_status {\n";
  for (const StatusEntry &status : statusesOf(program))
    out << "  " << macros << "_" << status.name << " = " << status.value << ", /* " << status.text << " */\n";
  out << "};\n\n";
}

/// init and check_weights of a program whose weights its user maps.
void HeaderPrinter::weightsFile() {
  out << "#define " << macros << "_WEIGHTS_FILE_BYTES " << weightsHeaderBytes + program.weightBytes << "\n"
      << "/* `weights` is the weights file of this program in memory, at a multiple of 64, and\n"
         "   `bytes` its size. It must stay there and as it is while the context is used; any\n"
         "   number of contexts share it. Of the file only the header is read here, so that\n"
         "   mapping it takes no time however large it is:\n\n"
         "     #include <fcntl.h>\n"
         "     #include <sys/mman.h>\n\n"
         "     int file = open(\"model.weights\", O_RDONLY);\n"
         "     off_t size = lseek(file, 0, SEEK_END); // -1 if there is no file.\n"
         "     void *weights = size > 0 ? mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;\n"
         "     close(file);\n"
         "     if (weights == MAP_FAILED || "
      << prefix << "_init(&context, weights, size) != " << macros
      << "_OK)\n"
         "       return 1;\n\n"
         "   A file of another model, one that is cut short, and none at all give\n   "
      << macros << "_ERROR_WEIGHTS. */\n"
      << "int " << prefix << "_init(" << prefix << "_context *context, const void *weights, int64_t bytes);\n\n"
      << "/* Reads all of the weights and compares them with the checksum in their file (XXH64;\n"
         "   "
      << macros
      << "_WEIGHT_HASH is that of the file written with this header). For weights that\n"
         "   were copied or downloaded: "
      << macros << "_ERROR_WEIGHTS if a byte of them differs. */\n"
      << "int " << prefix << "_check_weights(const " << prefix << "_context *context);\n\n";
}

/// What says which version runs, and decides it.
void HeaderPrinter::versions() {
  if (program.versions.empty())
    return;
  out << "/* The code is there in several versions, by what they are compiled for:\n";
  for (size_t i = 0; i < program.versions.size(); ++i)
    out << commentLines(std::to_string(i) + "  " + program.versions[i], "     ");
  out << "   " << prefix
      << "_init takes the last one that the machine runs. This takes the one that is\n   asked for, or gives " << macros
      << "_ERROR_CPU where that does not run, and\n   " << macros << "_ERROR_COUNT where there is no such number. */\n"
      << "int " << prefix << "_init_version(" << prefix << "_context *context, "
      << (program.weightsApart ? "const void *weights, int64_t bytes, " : "") << "int version);\n\n"
      << "/* The name of the version that a context runs; \"\" before init. */\nconst char *" << prefix
      << "_version(const " << prefix << "_context *context);\n\n";
}

void HeaderPrinter::initAndRelease() {
  out << "/* Makes a context ready; checks that the CPU has what the code needs.";
  if (program.session)
    out << " Of the\n   state all bytes become 0, once: "
        << prefix << "_reset is the quick way to begin anew.";
  if (program.threads > 1)
    out << " Starts\n   " << program.threads - 1 << (program.threads == 2 ? " thread" : " threads")
        << ", which sleep while nothing runs; a context whose threads run already keeps\n"
           "   them. A context with threads must stay where it is. */\n";
  else
    out << " */\n";
  if (program.weightsApart)
    weightsFile();
  else
    out << "int " << prefix << "_init(" << prefix << "_context *context);\n\n";
  versions();
  if (program.threads == 1)
    return;
  out << "/* Ends the context's threads and waits for them; before its memory is given back,\n"
         "   and while nothing runs on it. Afterwards it still runs, on the caller's thread\n"
         "   alone and with the same results, until "
      << prefix
      << "_init starts threads again.\n"
         "   The child of a fork has no threads: there, set the context to zeros and call\n"
         "   "
      << prefix << "_init, and not this, before anything else. */\nint " << prefix << "_release(" << prefix
      << "_context *context);\n\n";
}

void HeaderPrinter::context() {
  const ContextLayout layout = contextLayout(program);
  const std::string align = macros + "_ALIGN64";
  out << "#ifdef __cplusplus\n#define " << align << " alignas(64)\n#define " << macros
      << "_ASSERT static_assert\nextern \"C\" {\n#else\n#define " << align << " _Alignas(64)\n#define " << macros
      << "_ASSERT _Static_assert\n#endif\n\n";
  out << "/* All that a run changes. Any number of instances, each used by one thread at a\n"
         "   time; "
      << prefix << "_init makes one ready. Nothing in here is for callers. */\n";
  out << "typedef struct " << prefix << "_context {\n";
  bool aligned = false;
  if (program.arenaBytes > 0 && !program.arenaApart) {
    out << "  " << align << " uint8_t arena[" << program.arenaBytes << "];\n";
    aligned = true;
  }
  if (program.stateBytes > 0) {
    out << "  " << align << " uint8_t state[" << program.stateBytes << "];\n";
    aligned = true;
  }
  if (program.threads > 1) {
    out << "  " << align << " uint8_t pool[" << poolBytes << "];\n";
    aligned = true;
  }
  if (program.weightsApart) {
    out << "  " << align << " uint8_t weights[" << weightsAddressBytes << "];\n";
    aligned = true;
  }
  if (program.arenaApart) {
    out << "  " << (aligned ? "" : align + " ") << "uint64_t arena_address;\n";
    aligned = true;
  }
  if (const int64_t words = program.resumable ? resumeLayout(program).words : 0) {
    out << "  " << (aligned ? "" : align + " ") << "uint64_t run[" << words << "];\n";
    aligned = true;
  }
  if (!program.versions.empty()) {
    out << "  " << (aligned ? "" : align + " ") << "uint32_t version;\n";
    aligned = true;
  }
  if (program.resumable) {
    out << "  " << (aligned ? "" : align + " ") << "uint32_t position;\n";
    aligned = true;
  }
  out << "  " << (aligned ? "" : align + " ") << "uint32_t ready;\n} " << prefix << "_context;\n\n";
  const auto check = [&](const std::string &condition, const char *what) {
    out << macros << "_ASSERT(" << condition << ", \"" << what << "\");\n";
  };
  check("sizeof(" + prefix + "_context) == " + std::to_string(layout.bytes), "size of the context");
  check("offsetof(" + prefix + "_context, ready) == " + std::to_string(layout.ready), "layout of the context");
  if (program.stateBytes > 0)
    check("offsetof(" + prefix + "_context, state) == " + std::to_string(layout.state), "layout of the context");
  if (program.threads > 1)
    check("offsetof(" + prefix + "_context, pool) == " + std::to_string(layout.pool), "layout of the context");
  if (program.weightsApart)
    check("offsetof(" + prefix + "_context, weights) == " + std::to_string(layout.weights), "layout of the context");
  check("sizeof(float) == 4 && sizeof(double) == 8", "IEEE floats");
  out << "\n/* A first instance. It takes RAM only if something uses it (with --gc-sections). */\nextern " << prefix
      << "_context " << prefix << "_default;\n\n";
  if (program.arenaApart)
    arenaApart();
}

void HeaderPrinter::arenaApart() {
  const std::string type = prefix + "_context *context";
  out << "/* The arena, memory of its own, so that it can lie where RAM is fast. All contexts use\n"
         "   it, so only one of them may run at a time, and what one run leaves in it another\n"
         "   takes. Where several are to run, give each its own after "
      << prefix << "_init, with\n   " << prefix << "_use_arena: " << macros
      << "_ARENA_BYTES bytes at a multiple of 64, for as long as the context\n   is used. */\nextern uint8_t " << prefix
      << "_arena[" << macros << "_ARENA_BYTES];\nint " << prefix << "_use_arena(" << type << ", void *arena);\n\n";
}

void HeaderPrinter::tensor(const EntryPoint &entry, const Parameter &p, bool input) {
  const std::string base =
      uniqueMacro(macros + "_" + upper(entry.name) + (input ? "_INPUT_" : "_OUTPUT_") + upper(p.identifier));
  const std::string where = p.place.memory == Memory::arena ? " (in the arena)" : "";
  std::string name = commentLines(p.name, "");
  while (!name.empty() && name.back() == '\n')
    name.pop_back();
  for (char &c : name)
    c = c == '\n' ? ' ' : c;
  out << "/* " << (input ? "input" : "output") << " '" << name << "': " << shapeText(p.type) << where << " */\n"
      << "#define " << base << "_ELEMENTS " << p.type.elements() << "\n"
      << "#define " << base << "_BYTES " << p.type.storageBytes() << "\n";
}

void HeaderPrinter::accessor(const EntryPoint &entry, const Parameter &p, const std::string &name) {
  if (p.place.memory != Memory::arena)
    return;
  const std::string type = pointee(p.type.element);
  out << "/* Where '" << name << "' lies; valid from its writing to the next run. */\n"
      << "static inline " << type << " *" << prefix << "_" << entry.name << "_" << p.identifier << "(" << prefix
      << "_context *context) {\n  return (" << type << " *)(void *)(" << arenaText(program) << " + " << p.place.offset << ");\n}\n";
}

void HeaderPrinter::entryPoint(const EntryPoint &entry) {
  const ParameterNames names = parameterNames(entry);
  for (const Parameter &p : entry.inputs)
    tensor(entry, p, true);
  for (const Parameter &p : entry.outputs)
    tensor(entry, p, false);
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    accessor(entry, entry.inputs[i], names.inputs[i]);
  for (size_t i = 0; i < entry.outputs.size(); ++i)
    accessor(entry, entry.outputs[i], names.outputs[i]);
  out << entrySignature(entry, options) << ";\n";
  if (program.resumable)
    out << startSignature(entry, options) << ";\n";
  out << "\n";
}

std::string HeaderPrinter::print() {
  std::string summary = summaryText(program, options);
  std::string needs = "The linker must find memcpy, memset, memmove";
  for (const std::string &symbol : options.supportRoutines)
    if (symbol != "memcpy" && symbol != "memset" && symbol != "memmove" && symbol.compare(0, 8, "pthread_") != 0)
      needs += ", " + symbol;
  if (program.threads > 1)
    needs += ", the functions of pthread (-pthread)";
  out << "/*\n" << commentLines(summary + "\n" + needs + " and nothing else.", " * ") << " */\n";
  out << "#ifndef " << macros << "_GLMC_H\n#define " << macros
      << "_GLMC_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n";
  identity();
  statuses();
  context();
  initAndRelease();
  out << "/* One line on a status. */\nconst char *" << prefix << "_status_text(int status);\n\n";
  out << "/* " << macros << "_BUILD_ID of the code that is linked. */\nconst char *" << prefix
      << "_build_id(void);\n\n";
  if (program.session)
    out << sessionDeclarations(program, options);
  if (program.resumable)
    out << resumeDeclarations(program, options);
  const std::vector<bool> steps = sessionSteps(program);
  if (std::count(steps.begin(), steps.end(), false))
    out << "/* Tensors are dense, last dimension fastest. A pointer needs the alignment of its\n"
           "   elements and no more. bool is a byte of 0 or 1; f16 and bf16 are their bits.\n"
           "   Inputs and outputs of one call may not overlap. */\n\n";
  for (size_t i = 0; i < program.entryPoints.size(); ++i)
    if (!steps[i])
      entryPoint(program.entryPoints[i]);
  if (program.selfTest)
    out << selfTestDeclarations(program, options);
  out << "#ifdef __cplusplus\n}\n#endif\n#undef " << macros << "_ALIGN64\n#undef " << macros << "_ASSERT\n\n#endif /* "
      << macros << "_GLMC_H */\n";
  return out.str();
}

std::string emitHeader(const Program &program, const EmitOptions &options) {
  return HeaderPrinter(program, options).print();
}

} // namespace glmc::source
