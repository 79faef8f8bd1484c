//===- Target.h - What glmc knows of a processor ------------------------------===//
//
// A target is a small JSON file: the ones in this folder are built into glmc,
// others are named by path. Whoever needs to know something of the processor
// (families for schedules, emitters for code) reads a field here; nothing asks
// for a triple or an #ifdef.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TARGETS_TARGET_H
#define GLMC_TARGETS_TARGET_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace glmc::targets {

/// Attribute of a module for several targets: their names, plainest first. Each of
/// its kernels says in `versions` what it is for each: {schedule, scratch}, or the
/// name of an earlier one whose code it shares.
constexpr const char *versionsAttr = "glm.versions", *kernelVersionsAttr = "versions";

/// One bank of a machine's memory, as its linker script sees it.
struct MemoryBank {
  std::string name; ///< Of the bank: "FLASH", "DTCM"; a C identifier, no two alike.
  /// "flash" (holds code and constants, read only), "fast_ram" (no wait states:
  /// tightly coupled), "ram", or "external" (RAM that is slow).
  std::string kind;
  int64_t base = 0;  ///< Address of the first byte; a string in the file: "0x20000000".
  int64_t bytes = 0; ///< At least 1; banks do not overlap.
};

/// One target. Every field has a key of the same words in the data file
/// (`vectorBytes` is "vector_bytes"); all keys must be there and no other. A file
/// with the key `base` is a board: it has what the target of that name has, but for
/// the keys that it repeats.
struct Target {
  std::string name;        ///< "x86-64-v3"; the best one found for this machine
                           ///< by "host" has the name "host (x86-64-v3)".
  std::string description; ///< One line for `glmc targets`.
  std::string base;        ///< Of a board: the target that it has the processor of.
  std::string triple;      ///< LLVM's.
  /// "linux", or "none": no operating system, so no threads, and memory is what the
  /// board has.
  std::string system;
  std::string baselineCpu; ///< LLVM's name of a CPU that every machine of the
                           ///< triple can stand in for; checks are built for it.
  std::string cpu;         ///< LLVM's name of the CPU.
  std::string features;    ///< LLVM features on top of the CPU's: "+a,-b".
  std::string floatAbi;    ///< "default" of the triple, "soft" or "hard".
  std::string halide;      ///< Halide's target, without glmc's own suffixes.
  int64_t vectorBytes = 0; ///< Natural width of a vector.
  int64_t vectorRegisters = 0;
  /// The integer dot product that it has: "none"; "pmaddwd" (pairs of 16 bits, and
  /// pmaddubsw for 8); "vnni" (vpdpbusd: four of 8 bits onto 32, unsigned by signed);
  /// "smull" (8 bits, both signed, onto 16, and pairs of those onto 32); "sdot" (four
  /// of 8 bits onto 32, both signed); "smmla" (sdot, and products of matrices of 2 by 8 of
  /// them); "smlad" (a pair of 16 bits onto 32, no vectors);
  /// "mve" (Helium: sums over a vector).
  std::string dot = "none";
  /// The same for bf16: "none" or "avx512" (vdpbf16ps: two onto f32).
  std::string dotBf16 = "none";
  /// Elements that tile registers multiply (AMX): of "i8" and "bf16". Code that
  /// uses them may run once the operating system was asked for their state.
  std::vector<std::string> tiles;
  int64_t l1Bytes = 0; ///< Data cache of one core.
  int64_t l2Bytes = 0;
  /// CPU features, by LLVM's names, that a program checks before it runs.
  std::vector<std::string> requirements;
  /// What g++ and clang take in __attribute__((target("..."))).
  std::string cxxTarget;
  int64_t stackLimit = 0; ///< Bytes that one temporary of a kernel may take on
                          ///< the stack; larger ones become scratch.
  std::string optimize;   ///< What --optimize is unless it is said: "speed" or "size".
  std::vector<MemoryBank> memories; ///< Empty where the system gives memory.
  /// What compiles C++ and links for it where that is another processor than
  /// this machine's: a command and its options.
  std::vector<std::string> compiler;
  /// What runs a program of it there: a command and its options; may be empty.
  std::vector<std::string> emulator;
  std::string board; ///< The target whose memories and emulator `glmc verify` takes
                     ///< where this one has none; may be empty.
};

/// Whether there is no operating system.
inline bool isFreestanding(const Target &target) { return target.system == "none"; }

/// Whether tile registers multiply such elements: "i8", "bf16".
bool hasTiles(const Target &target, const std::string &element);

/// Whether code for `plain` runs, and no worse, where `rich` is asked for: their
/// vectors and registers are the same, and all that `plain` requires `rich` does.
bool runsCodeOf(const Target &rich, const Target &plain);

/// Names of the targets that are built in, those that require least first. "host"
/// is not among them.
std::vector<std::string> targetNames();

/// The target of this name: one of targetNames(), "host" (the most capable of
/// them that this machine meets) or the path of a data file (it has a '/' or
/// ends in ".json"). Sets `error` and returns nothing if there is none.
std::optional<Target> findTarget(const std::string &name, std::string &error);

/// The targets of a list with commas between, that which requires least first:
/// versions of one program. All are of one triple and have names of their own;
/// "host" among several is the target that it stands for.
std::optional<std::vector<Target>> findTargets(const std::string &list, std::string &error);

/// Reads a target from the text of a data file; `file` is for the error.
std::optional<Target> parseTarget(const std::string &file, const std::string &text, std::string &error);

/// What the target requires that this machine lacks: names of CPU features, or
/// one line on the processor if it is another, or on the system if that has no
/// state for tile registers. Empty: code for it runs here.
std::vector<std::string> missingFeatures(const Target &target);

} // namespace glmc::targets

#endif // GLMC_TARGETS_TARGET_H
