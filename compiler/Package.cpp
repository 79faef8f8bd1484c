//===- Package.cpp - A compiled model as a library of a build system ----------===//
#include "compiler/Package.h"

#include "codegen/ContextLayout.h"
#include "codegen/source/EmitHeader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using llvm::formatv;

namespace glmc {
namespace {

/// What the texts of a package are made of.
struct Facts {
  std::string name;  ///< Prefix of generated names.
  std::string upper; ///< The same in upper case.
  std::string model; ///< The model's file, as text that no format needs to escape.
  std::string target, buildId;
  bool isObject;
  int64_t contextBytes, weightBytes, stackBytes;
  const Program *program;
};

/// Characters that YAML, XML, Kconfig and properties take as they are.
std::string plain(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isAlnum(c) || c == '.' || c == '-' || c == '_' ? c : '_';
  return result;
}

Facts factsOf(const CompileOptions &options, const CompileResult &result) {
  return {options.prefix,
          llvm::StringRef(options.prefix).upper(),
          plain(llvm::sys::path::filename(options.input)),
          plain(options.target.name),
          result.buildId,
          !options.emitCxx,
          contextLayout(result.program).bytes,
          result.program.weightBytes,
          result.stackBytes,
          &result.program};
}

std::string sentence(const Facts &facts) {
  return formatv("{0}, compiled by glmc for {1}", facts.model, facts.target).str();
}

std::string memory(const Facts &facts) {
  std::string text = formatv("{0} bytes of RAM a context, {1} bytes of constants", facts.contextBytes, facts.weightBytes).str();
  if (facts.stackBytes >= 0)
    text += formatv(", {0} bytes of stack at most", facts.stackBytes).str();
  return text;
}

std::string readme(const Facts &facts, const std::string &how) {
  return formatv("# {0}\n\n{1}: {2}.\nBuild {3}. `{0}.h` says what there is to call.\n\n{4}", facts.name, sentence(facts),
                 memory(facts), facts.buildId, how)
      .str();
}

//===----------------------------------------------------------------------===//
// A program that uses the model
//===----------------------------------------------------------------------===//

/// Statements that call every entry point once with zeros, and what they need. Where
/// a status is not OK, `report` is called with it.
struct Usage {
  std::string globals, calls;
};

void useEntry(const Facts &facts, const EntryPoint &entry, Usage &usage) {
  const source::ParameterNames names = source::parameterNames(entry);
  std::vector<std::string> arguments = {"&" + facts.name + "_default"};
  auto add = [&](const Parameter &parameter, const std::string &name) {
    if (parameter.place.memory == Memory::arena)
      return; // Its accessor says where it is.
    usage.globals += formatv("static {0} {1}_{2}[{3}];\n", source::pointee(parameter.type.element), entry.name, name,
                             std::max<int64_t>(parameter.type.elements(), 1));
    arguments.push_back(entry.name + "_" + name);
  };
  for (auto [parameter, name] : llvm::zip(entry.inputs, names.inputs))
    add(parameter, name);
  for (auto [parameter, name] : llvm::zip(entry.outputs, names.outputs))
    add(parameter, name);
  usage.calls += source::callLines("  report(" + facts.name + "_" + entry.name + "(", arguments, "));\n");
}

Usage usageOf(const Facts &facts) {
  Usage usage;
  usage.calls = formatv("  report({0}_init(&{0}_default));\n", facts.name);
  if (facts.program->session) {
    usage.globals = formatv("static const int64_t prompt[] = {{0};\nstatic float logits[{0}_VOCABULARY];\n", facts.upper);
    usage.calls += formatv("  report({0}_prefill(&{0}_default, prompt, 1, logits));\n"
                           "  report({0}_decode(&{0}_default, 0, logits));\n",
                           facts.name);
    return usage;
  }
  for (const EntryPoint &entry : facts.program->entryPoints)
    useEntry(facts, entry, usage);
  return usage;
}

//===----------------------------------------------------------------------===//
// Zephyr
//===----------------------------------------------------------------------===//

std::string zephyrLists(const Facts &facts) {
  std::string text = formatv("# {0}\nif(CONFIG_GLMC_{1})\n  zephyr_include_directories(include)\n", sentence(facts), facts.upper);
  if (facts.isObject)
    text += formatv("  zephyr_library_import({0} ${{CMAKE_CURRENT_SOURCE_DIR}/lib/lib{0}.a)\n", facts.name);
  else
    text += formatv("  zephyr_library_named({0})\n  zephyr_library_sources(src/{0}.cpp)\n"
                    "  zephyr_library_compile_options(-std=c++17 -fno-exceptions -fno-rtti)\n",
                    facts.name);
  return text + "endif()\n";
}

std::vector<TextFile> zephyr(const Facts &facts) {
  const Usage usage = usageOf(facts);
  return {
      {"zephyr/module.yml", formatv("name: {0}\nbuild:\n  cmake: .\n  kconfig: Kconfig\n", facts.name)},
      {"CMakeLists.txt", zephyrLists(facts)},
      {"Kconfig", formatv("config GLMC_{0}\n\tbool \"{1}\"\n\tdefault y\n{2}\timply FPU\n\thelp\n\t  {3}.\n", facts.upper,
                          sentence(facts), facts.isObject ? "" : "\tselect CPP\n", memory(facts))},
      {"samples/run/CMakeLists.txt",
       formatv("cmake_minimum_required(VERSION 3.20.0)\n"
               "list(APPEND ZEPHYR_EXTRA_MODULES ${{CMAKE_CURRENT_SOURCE_DIR}/../..)\n"
               "find_package(Zephyr REQUIRED HINTS $ENV{{ZEPHYR_BASE})\nproject({0}_run)\n"
               "target_sources(app PRIVATE src/main.c)\n",
               facts.name)},
      {"samples/run/prj.conf", formatv("CONFIG_GLMC_{0}=y\nCONFIG_MAIN_STACK_SIZE={1}\n", facts.upper,
                                       std::max<int64_t>(facts.stackBytes, 4096) + 1024)},
      {"samples/run/src/main.c",
       formatv("/* Calls the model once, with zeros. */\n#include \"{0}.h\"\n\n#include <stdio.h>\n\n{1}\n"
               "static void report(int status) {{ printf(\"%s\\n\", {0}_status_text(status)); }\n\n"
               "int main(void) {{\n{2}  return 0;\n}\n",
               facts.name, usage.globals, usage.calls)},
      {"README.md", readme(facts, "A module of Zephyr: name this folder in ZEPHYR_EXTRA_MODULES, or in a west manifest; "
                                  "`west build -b BOARD samples/run`\nbuilds a program that calls it.\n")},
  };
}

//===----------------------------------------------------------------------===//
// Arduino and PlatformIO
//===----------------------------------------------------------------------===//

std::string libraryJson(const Facts &facts) {
  llvm::json::Object build;
  if (facts.isObject)
    build["flags"] = llvm::json::Array{"-L$PROJECT_PACKAGE_DIR/src/" + facts.target, "-l" + facts.name};
  else
    build["unflags"] = "-std=gnu++11";
  if (!facts.isObject)
    build["flags"] = "-std=gnu++17";
  llvm::json::Object library{{"name", facts.name},
                             {"version", "1.0.0"},
                             {"description", sentence(facts) + ": " + memory(facts)},
                             {"frameworks", "*"},
                             {"platforms", "*"},
                             {"headers", facts.name + ".h"},
                             {"build", std::move(build)}};
  return formatv("{0:2}\n", llvm::json::Value(std::move(library)));
}

std::vector<TextFile> arduino(const Facts &facts) {
  const Usage usage = usageOf(facts);
  const std::string precompiled =
      facts.isObject ? formatv("precompiled=true\nldflags=-l{0}\n", facts.name).str() : "dot_a_linkage=true\n";
  return {
      {"library.properties",
       formatv("name={0}\nversion=1.0.0\nauthor=glmc\nmaintainer=glmc\nsentence={1}.\nparagraph={2}.\n"
               "category=Data Processing\nurl=\narchitectures=*\nincludes={0}.h\n{3}",
               facts.name, sentence(facts), memory(facts), precompiled)},
      {"library.json", libraryJson(facts)},
      {"examples/Run/Run.ino",
       formatv("// Calls the model once, with zeros.\n#include <{0}.h>\n\n{1}\n"
               "static void report(int status) {{ Serial.println({0}_status_text(status)); }\n\n"
               "void setup() {{\n  Serial.begin(115200);\n{2}}\n\nvoid loop() {{}\n",
               facts.name, usage.globals, usage.calls)},
      {"README.md", readme(facts, "A library of the Arduino IDE (put this folder beside the others, or zip and add it) and "
                                  "of PlatformIO (name it in lib_deps).\n")},
  };
}

//===----------------------------------------------------------------------===//
// CMSIS-Pack
//===----------------------------------------------------------------------===//

std::vector<TextFile> cmsisPack(const Facts &facts) {
  const std::string file = facts.isObject ? formatv("category=\"library\" name=\"lib/lib{0}.a\"", facts.name).str()
                                          : formatv("category=\"sourceCpp\" name=\"src/{0}.cpp\"", facts.name).str();
  return {
      {formatv("glmc.{0}.pdsc", facts.name),
       formatv("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<package schemaVersion=\"1.7.7\">\n  <vendor>glmc</vendor>\n"
               "  <name>{0}</name>\n  <description>{1}: {2}</description>\n  <url></url>\n  <releases>\n"
               "    <release version=\"1.0.0\">Build {3}</release>\n  </releases>\n  <components>\n"
               "    <component Cclass=\"Machine Learning\" Cgroup=\"Model\" Csub=\"{0}\" Cversion=\"1.0.0\">\n"
               "      <description>{1}</description>\n      <files>\n"
               "        <file category=\"header\" name=\"include/{0}.h\"/>\n        <file {4}/>\n      </files>\n"
               "    </component>\n  </components>\n</package>\n",
               facts.name, sentence(facts), memory(facts), facts.buildId, file)},
      {"README.md", readme(facts, formatv("The contents of a CMSIS-Pack: `zip -r glmc.{0}.1.0.0.pack .` in this folder "
                                          "makes it one.\n",
                                          facts.name)
                                      .str())},
  };
}

} // namespace

const std::vector<std::string> &packageKinds() {
  static const std::vector<std::string> kinds = {"zephyr", "arduino", "cmsis-pack"};
  return kinds;
}

OutputPaths packagePaths(const std::string &kind, const std::string &folder, const CompileOptions &options) {
  const std::string &name = options.prefix;
  const bool isArduino = kind == "arduino";
  const std::string library = isArduino ? "/src/" + plain(options.target.name) : "/lib";
  return {folder + library + "/lib" + name + ".a", folder + "/src/" + name + ".cpp",
          folder + (isArduino ? "/src/" : "/include/") + name + ".h", folder + "/" + name + ".ld"};
}

std::vector<TextFile> packageFiles(const std::string &kind, const std::string &folder, const CompileOptions &options,
                                   const CompileResult &result) {
  const Facts facts = factsOf(options, result);
  std::vector<TextFile> files = kind == "zephyr" ? zephyr(facts) : kind == "arduino" ? arduino(facts) : cmsisPack(facts);
  for (TextFile &file : files)
    file.path = folder + "/" + file.path;
  return files;
}

} // namespace glmc
