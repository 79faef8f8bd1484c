//===- Target.cpp - Reading target files, and what this machine can run -----===//
//
// The reader is strict: a key that is missing, unknown or of another type is an
// error that names the file and the key, since a typo would otherwise become a
// slow or wrong program without a word.
//
//===----------------------------------------------------------------------===//
#include "targets/Target.h"

#include "targets/TargetFiles.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <algorithm>
#include <tuple>

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace glmc::targets {
namespace {

/// No count or size of a target is larger; keeps arithmetic on them safe.
constexpr int64_t largestNumber = int64_t(1) << 40;

/// What a JSON value is, with its content where that is short.
std::string show(const llvm::json::Value &value) {
  if (value.kind() == llvm::json::Value::Array)
    return "an array";
  if (value.kind() == llvm::json::Value::Object)
    return "an object";
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

bool isIdentifier(llvm::StringRef text) {
  return !text.empty() && !llvm::isDigit(text[0]) &&
         llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// Takes the keys of one file, one by one, and remembers the first error.
class Reader {
public:
  Reader(const std::string &file, const llvm::json::Object &object, std::string &error)
      : file(file), object(object), error(error) {}

  bool ok() const { return !failed; }

  void fail(llvm::StringRef key, const std::string &found, const std::string &expected) {
    if (ok())
      error = file + ": key '" + key.str() + "': found " + found + ", expected " + expected;
    failed = true;
  }

  void text(llvm::StringRef key, std::string &into, bool mayBeEmpty = false) {
    const llvm::json::Value *value = get(key, "a string");
    if (!value)
      return;
    auto string = value->getAsString();
    if (!string || (string->empty() && !mayBeEmpty))
      return fail(key, show(*value), mayBeEmpty ? "a string" : "a string that is not empty");
    into = string->str();
  }

  /// One of a few words.
  void word(llvm::StringRef key, std::string &into, std::initializer_list<const char *> known) {
    std::string expected;
    for (const char *each : known)
      expected += (expected.empty() ? "\"" : ", \"") + std::string(each) + "\"";
    const llvm::json::Value *value = get(key, "one of " + expected);
    if (!value)
      return;
    auto string = value->getAsString();
    if (!string || !llvm::is_contained(known, *string))
      return fail(key, show(*value), "one of " + expected);
    into = string->str();
  }

  void number(llvm::StringRef key, int64_t &into, int64_t least) {
    const llvm::json::Value *value = get(key, "an integer");
    if (!value)
      return;
    auto integer = value->getAsInteger();
    if (!integer || *integer < least || *integer > largestNumber)
      return fail(key, show(*value), "an integer of at least " + std::to_string(least));
    into = *integer;
  }

  /// Banks of memory: objects with the keys of MemoryBank.
  void banks(llvm::StringRef key, std::vector<MemoryBank> &into) {
    const llvm::json::Value *value = get(key, "an array of banks");
    if (!value)
      return;
    const llvm::json::Array *array = value->getAsArray();
    if (!array)
      return fail(key, show(*value), "an array of banks");
    for (const llvm::json::Value &element : *array) {
      const llvm::json::Object *bank = element.getAsObject();
      if (!bank)
        return fail(key, show(element), "objects with the keys name, kind, base, bytes");
      Reader fields(file, *bank, error);
      MemoryBank read;
      std::string address;
      fields.text("name", read.name);
      fields.word("kind", read.kind, {"flash", "fast_ram", "ram", "external"});
      fields.text("base", address);
      fields.number("bytes", read.bytes, 1);
      fields.finish();
      if (fields.ok() && (llvm::StringRef(address).getAsInteger(0, read.base) || read.base < 0 ||
                          read.base > largestNumber))
        fields.fail("base", "\"" + address + "\"", "an address such as \"0x20000000\"");
      if (fields.ok() && !isIdentifier(read.name))
        fields.fail("name", "\"" + read.name + "\"", "letters, digits and _");
      if (!fields.ok()) {
        failed = true;
        return;
      }
      for (const MemoryBank &other : into)
        if (other.name == read.name || (other.base < read.base + read.bytes && read.base < other.base + other.bytes))
          return fail(key, "'" + other.name + "' and '" + read.name + "'", "banks with names and addresses of their own");
      into.push_back(std::move(read));
    }
  }

  void list(llvm::StringRef key, std::vector<std::string> &into) {
    const llvm::json::Value *value = get(key, "an array of strings");
    if (!value)
      return;
    const llvm::json::Array *array = value->getAsArray();
    if (!array)
      return fail(key, show(*value), "an array of strings");
    for (const llvm::json::Value &element : *array) {
      auto string = element.getAsString();
      if (!string || string->empty())
        return fail(key, show(element), "strings that are not empty");
      into.push_back(string->str());
    }
  }

  /// After all keys: is there one that nothing took?
  void finish() {
    for (const auto &entry : object)
      if (std::find(taken.begin(), taken.end(), entry.first.str()) == taken.end())
        return fail(entry.first, "a key that is not known", "only " + knownKeys());
  }

private:
  const llvm::json::Value *get(llvm::StringRef key, const std::string &expected) {
    taken.push_back(key.str());
    const llvm::json::Value *value = object.get(key);
    if (!value)
      fail(key, "nothing", expected);
    return value;
  }

  std::string knownKeys() const {
    std::string names;
    for (const std::string &key : taken)
      names += (names.empty() ? "" : ", ") + key;
    return names;
  }

  const std::string &file;
  const llvm::json::Object &object;
  std::string &error;
  std::vector<std::string> taken;
  bool failed = false;
};

std::optional<Target> readFile(const std::string &path, std::string &error) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    error = path + ": the target file cannot be read: " + buffer.getError().message();
    return std::nullopt;
  }
  return parseTarget(path, (*buffer)->getBuffer().str(), error);
}

std::string known() {
  std::string names;
  for (const std::string &name : targetNames())
    names += name + ", ";
  return names + "host, or the path of a .json file";
}

std::optional<Target> findHost(std::string &error) {
  std::optional<Target> best;
  for (const TargetFile &file : targetFiles()) {
    std::optional<Target> target = parseTarget(std::string(file.name), std::string(file.text), error);
    if (!target)
      return std::nullopt;
    if (missingFeatures(*target).empty() && (!best || best->requirements.size() < target->requirements.size()))
      best = target;
  }
  if (best)
    best->name = "host (" + best->name + ")";
  else
    error = "target 'host': this machine (" + llvm::sys::getDefaultTargetTriple() +
            ") meets none of the targets that are known";
  return best;
}

/// Where a built-in target stands in lists: machines with a system before those
/// without, boards last, x86 first, and the plainest first of each processor.
std::tuple<bool, bool, bool, size_t, std::string> rankOf(const std::string &name) {
  std::string ignored;
  auto target = findTarget(name, ignored);
  if (!target)
    return {};
  return {isFreestanding(*target), !target->base.empty(), !llvm::Triple(target->triple).isX86(),
          target->requirements.size(), name};
}

/// Adds what the target that key `base` names has, where `object` has no such key.
bool addBase(const std::string &file, llvm::json::Object &object, std::string &error) {
  const llvm::json::Value *base = object.get("base");
  if (!base)
    return true;
  for (const TargetFile &other : targetFiles()) {
    llvm::StringRef name(other.name.data(), other.name.size());
    if (base->getAsString() != name.drop_back(5))
      continue;
    auto read = llvm::json::parse(llvm::StringRef(other.text.data(), other.text.size()));
    const llvm::json::Object *whole = read ? read->getAsObject() : nullptr;
    if (!read)
      llvm::consumeError(read.takeError());
    if (!whole || whole->get("base"))
      break;
    for (const auto &entry : *whole)
      object.try_emplace(entry.first, entry.second);
    return true;
  }
  error = file + ": key 'base': found " + show(*base) + ", expected the name of a built-in target that is no board";
  return false;
}

/// Whether Linux knows how to keep the tile registers of AMX. It gives them to a
/// process that asks, which is not this one's to do.
bool systemKeepsTiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long getSupported = 0x1021; // ARCH_GET_XCOMP_SUPP
  constexpr int tileData = 18;
  uint64_t supported = 0;
  return syscall(SYS_arch_prctl, getSupported, &supported) == 0 && (supported >> tileData & 1);
#else
  return false;
#endif
}

/// CPU features of this machine, by LLVM's names.
llvm::StringMap<bool> hostFeatures() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
#if defined(__linux__) && defined(__aarch64__)
  // LLVM reads the names in /proc/cpuinfo, and not all of them. As runtime-min/cpu.cpp.
  const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  features["lse"] = first >> 8 & 1;
  features["rdm"] = first >> 12 & 1;
  features["fullfp16"] = first >> 10 & 1;
  features["dotprod"] = first >> 20 & 1;
  features["i8mm"] = second >> 13 & 1;
  features["bf16"] = second >> 14 & 1;
#endif
  return features;
}

} // namespace

std::vector<std::string> targetNames() {
  std::vector<std::string> names;
  for (const TargetFile &file : targetFiles())
    names.push_back(llvm::StringRef(file.name.data(), file.name.size()).drop_back(5).str()); // ".json"
  // File names sort "x86-64-v3.json" before "x86-64.json".
  llvm::sort(names, [](const std::string &a, const std::string &b) { return rankOf(a) < rankOf(b); });
  return names;
}

bool hasTiles(const Target &target, const std::string &element) { return llvm::is_contained(target.tiles, element); }

bool runsCodeOf(const Target &rich, const Target &plain) {
  return rich.triple == plain.triple && rich.vectorBytes == plain.vectorBytes &&
         rich.vectorRegisters == plain.vectorRegisters &&
         llvm::all_of(plain.requirements,
                      [&](const std::string &feature) { return llvm::is_contained(rich.requirements, feature); });
}

std::optional<Target> parseTarget(const std::string &file, const std::string &text, std::string &error) {
  auto value = llvm::json::parse(text);
  if (!value) {
    error = file + ": not JSON: " + llvm::toString(value.takeError());
    return std::nullopt;
  }
  llvm::json::Object *object = value->getAsObject();
  if (!object) {
    error = file + ": found " + show(*value) + ", expected a JSON object with the keys of a target";
    return std::nullopt;
  }
  if (!addBase(file, *object, error))
    return std::nullopt;
  Target target;
  Reader reader(file, *object, error);
  if (object->get("base"))
    reader.text("base", target.base);
  reader.text("name", target.name);
  reader.text("description", target.description);
  reader.text("triple", target.triple);
  reader.word("system", target.system, {"linux", "none"});
  reader.text("baseline_cpu", target.baselineCpu, /*mayBeEmpty=*/true);
  reader.text("cpu", target.cpu, /*mayBeEmpty=*/true);
  reader.text("features", target.features, /*mayBeEmpty=*/true);
  reader.word("float_abi", target.floatAbi, {"default", "soft", "hard"});
  reader.text("halide", target.halide);
  reader.number("vector_bytes", target.vectorBytes, 1);
  reader.number("vector_registers", target.vectorRegisters, 1);
  reader.word("dot", target.dot, {"none", "pmaddwd", "vnni", "smull", "sdot", "smmla", "smlad", "mve"});
  reader.word("dot_bf16", target.dotBf16, {"none", "avx512"});
  reader.list("tiles", target.tiles);
  reader.number("l1_bytes", target.l1Bytes, 0);
  reader.number("l2_bytes", target.l2Bytes, 0);
  reader.list("requires", target.requirements);
  reader.text("cxx_target", target.cxxTarget, /*mayBeEmpty=*/true);
  reader.number("stack_limit", target.stackLimit, 0);
  reader.word("optimize", target.optimize, {"speed", "size"});
  reader.banks("memories", target.memories);
  reader.list("compiler", target.compiler);
  reader.list("emulator", target.emulator);
  reader.text("board", target.board, /*mayBeEmpty=*/true);
  reader.finish();
  if (reader.ok() && (target.vectorBytes & (target.vectorBytes - 1)) != 0)
    reader.fail("vector_bytes", std::to_string(target.vectorBytes), "a power of two");
  for (const std::string &element : target.tiles)
    if (reader.ok() && element != "i8" && element != "bf16")
      reader.fail("tiles", "\"" + element + "\"", "\"i8\" and \"bf16\" at most");
  if (reader.ok() && llvm::Triple(target.triple).getArch() == llvm::Triple::UnknownArch)
    reader.fail("triple", "\"" + target.triple + "\"", "a triple whose processor LLVM knows");
  if (!reader.ok())
    return std::nullopt;
  return target;
}

std::optional<Target> findTarget(const std::string &name, std::string &error) {
  if (name == "host")
    return findHost(error);
  llvm::StringRef wanted = name;
  bool resolved = wanted.consume_front("host (") && wanted.consume_back(")");
  for (const TargetFile &file : targetFiles()) {
    llvm::StringRef fileName(file.name.data(), file.name.size());
    if (fileName.drop_back(5) != wanted)
      continue;
    std::optional<Target> target = parseTarget(fileName.str(), std::string(file.text), error);
    // A dump holds the name that "host" resolved to; it stays that target.
    if (target && resolved)
      target->name = name;
    return target;
  }
  if (wanted.contains('/') || wanted.ends_with(".json"))
    return readFile(name, error);
  error = "target '" + name + "' is not known, expected " + known();
  return std::nullopt;
}

std::optional<std::vector<Target>> findTargets(const std::string &list, std::string &error) {
  error.clear();
  std::vector<Target> targets;
  llvm::SmallVector<llvm::StringRef> names;
  llvm::StringRef(list).split(names, ',');
  for (llvm::StringRef name : names) {
    std::optional<Target> target = findTarget(name.trim().str(), error);
    if (!target)
      return std::nullopt;
    // Among several, a version is known by the name of what it was made for.
    llvm::StringRef plain = target->name;
    if (names.size() > 1 && plain.consume_front("host (") && plain.consume_back(")"))
      target->name = plain.str();
    for (const Target &other : targets) {
      if (other.name == target->name)
        error = "'" + list + "' names target '" + target->name + "' twice";
      else if (other.triple != target->triple)
        error = "'" + list + "' names targets of " + other.triple + " and " + target->triple +
                ", expected versions for one triple";
    }
    if (!error.empty())
      return std::nullopt;
    targets.push_back(std::move(*target));
  }
  std::stable_sort(targets.begin(), targets.end(),
                   [](const Target &a, const Target &b) { return a.requirements.size() < b.requirements.size(); });
  return targets;
}

std::vector<std::string> missingFeatures(const Target &target) {
  llvm::Triple wanted(target.triple), here(llvm::sys::getDefaultTargetTriple());
  if (wanted.getArch() != here.getArch())
    return {"a " + wanted.getArchName().str() + " processor (this machine is " + here.getArchName().str() + ")"};
  if (wanted.getOS() != here.getOS())
    return {"the system " + wanted.getOSName().str() + " (this machine runs " + here.getOSName().str() + ")"};
  llvm::StringMap<bool> features = hostFeatures();
  std::vector<std::string> missing;
  for (const std::string &name : target.requirements)
    if (!features.lookup(name))
      missing.push_back(name);
  if (missing.empty() && !target.tiles.empty() && !systemKeepsTiles())
    missing.push_back("state for tile registers from the system");
  return missing;
}

} // namespace glmc::targets
