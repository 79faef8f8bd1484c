//===- Program.h - The planned program, as emitters read it ------------------===//
//
// A planned module (glm.program) as plain data: kernels, weights, and for each
// entry point a list of steps on places. Emitters read this and change nothing;
// every offset in it was chosen by lowering/memory and can be seen in a dump.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_PROGRAM_H
#define GLMC_CODEGEN_PROGRAM_H

#include "codegen/kernels/KernelDescription.h"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace glmc {

/// Memories that a place can lie in. `input` and `output` are the caller's
/// buffers, one a parameter of the entry point.
enum class Memory : uint8_t { arena, state, weights, input, output };

/// Where a value is: bytes [offset, offset + bytes) of a memory.
struct Place {
  Memory memory = Memory::arena;
  int index = 0; ///< Which input or output; 0 for the other memories.
  int64_t offset = 0;
  int64_t bytes = 0;
};

/// Runs one kernel: reads in the order of its arguments, writes in that of its
/// results, then scratch.
struct Launch {
  int kernel = 0; ///< Index into Program::kernels.
  std::string processor = "cpu";
  std::vector<Place> reads, writes, scratch;
  std::vector<std::string> nodes; ///< ONNX nodes that it computes, for comments.
};

/// Copies from.bytes (== to.bytes) bytes; the places do not overlap.
struct Copy {
  Place from, to;
};

using Step = std::variant<Launch, Copy>;

/// An input or output of an entry point.
struct Parameter {
  std::string name;       ///< As in the model.
  std::string identifier; ///< A C identifier, unique in the entry point.
  kernels::TensorType type;
  /// memory is `input`/`output` (the caller passes a pointer) or, with
  /// --io arena, `arena` (reached through an accessor).
  Place place;
};

struct EntryPoint {
  std::string name; ///< C identifier, appended to the prefix: "run", "decode".
  std::vector<Parameter> inputs, outputs;
  std::vector<Step> steps;
  int64_t arenaBytes = 0;  ///< What this entry point's plan needs.
  int64_t boundBytes = 0;  ///< Largest sum of live bytes: no plan takes less.
};

/// One constant in the weights image.
struct Weight {
  std::string name;
  kernels::TensorType type;
  int64_t offset = 0; ///< In the image; aligned to 64.
  int64_t bytes = 0;
};

/// A tensor that a context keeps from call to call; zeros after init.
struct StateTensor {
  std::string name;
  kernels::TensorType type;
  int64_t offset = 0; ///< In the context's state; aligned to 64.
  int64_t bytes = 0;
};

/// One compiled step: an entry point that takes `tokens` tokens at once.
struct SessionStep {
  int entry = 0;      ///< Index into Program::entryPoints.
  int64_t tokens = 1;
};

/// What a stateful program is beside its steps: a language model that is given
/// tokens and keeps what it needs of them (runtime-min/session.h). Each step
/// has as inputs i64 [1, tokens] and, with more than one token and only the
/// last logits, i64 [1]: the row whose logits are wanted; as outputs f32 logits
/// [1, 1 or tokens, vocabulary].
struct Session {
  int64_t context = 0;    ///< Tokens that the caches have room for.
  int64_t vocabulary = 0; ///< Tokens are 0 to vocabulary - 1.
  int64_t lengthOffset = 0; ///< In the state: the i64 count of tokens so far.
  bool allLogits = false; ///< A step's logits are of all its tokens.
  std::vector<SessionStep> steps; ///< By tokens, ascending.
  /// Indices into Program::states: [1, heads, context or more, features], of
  /// which rows [0, length) of dimension 2 are what the session keeps.
  std::vector<int> caches;
};

/// Four numbers of what a launch leaves at one place, of its finite elements; each may
/// be off by `tolerance`.
struct GoldenLaunch {
  int step = 0; ///< Of the entry point's steps.
  Place place;  ///< In the arena or an output.
  kernels::Element element = kernels::Element::f32;
  int64_t count = 0; ///< Elements.
  float mean = 0, magnitude = 0, least = 0, most = 0, tolerance = 0;
};

/// Golden data of one entry point; of a session's step, of a context without tokens.
struct SelfTestCase {
  int entry = 0;
  std::vector<std::vector<uint8_t>> inputs, outputs; ///< Bytes of each parameter.
  std::vector<float> tolerances; ///< Of each output's elements; negative: its bits must be the same.
  std::vector<GoldenLaunch> launches; ///< In order of step; empty unless SelfTest::launches.
};

struct SelfTest {
  bool launches = false; ///< Single launches are tested too.
  std::vector<SelfTestCase> cases;
};

/// Banks of the target's memory, by name.
struct Placement {
  std::string weights; ///< Empty: there are none in the program.
  std::string context;
  std::string arena; ///< Empty: it is in the context.
};

struct Program {
  /// Each distinct kernel once, in the order of their numbers in launches; then,
  /// of a program with versions, what other versions run in their places.
  std::vector<kernels::Kernel> kernels;
  std::vector<std::string> kernelNodes; ///< A kernel: ONNX nodes of all launches.
  std::vector<EntryPoint> entryPoints;
  std::vector<Weight> weights; ///< In order of offset.
  int64_t weightBytes = 0;     ///< Size of the weights image.
  /// The image is in a file that the caller of init maps (runtime-min/weights.h),
  /// not in the generated code.
  bool weightsApart = false;
  int64_t arenaBytes = 0;      ///< One arena for all entry points; 64-aligned.
  int64_t stateBytes = 0;
  std::vector<StateTensor> states; ///< In order of offset.
  /// Of a stateful program; its steps are then no public functions.
  std::optional<Session> session;
  /// That a run uses, the caller's included. With more than one a context has a
  /// pool of threads, which parallel kernels take (runtime-min/pool.h).
  int64_t threads = 1;
  /// Runs can be taken in pieces (ResumeLayout.h).
  bool resumable = false;
  std::optional<SelfTest> selfTest;
  /// The arena is no part of a context but one variable, which contexts share.
  bool arenaApart = false;
  std::optional<Placement> placement; ///< Of a target with memories.
  kernels::Math math = kernels::Math::fast;
  /// Names of the targets of a program with versions, plainest first: init takes
  /// the last one that the machine has what is needed for. Empty: there is one.
  std::vector<std::string> versions;
  /// Of a program with versions: choices[k][v] is the kernel that a launch of k
  /// runs in version v. It takes what k takes, of the scratch the first few.
  std::vector<std::vector<int>> choices;
  /// And the version whose target kernel i is compiled for.
  std::vector<int> kernelVersions;
  /// Writes the whole weights image, in order, in pieces; false when a source
  /// file could not be read (the reason was reported).
  std::function<bool(std::function<void(const uint8_t *, size_t)>)> writeWeights;
};

/// The version whose target a kernel is compiled for; 0 if there is one.
inline int versionOf(const Program &program, size_t kernel) {
  return program.versions.empty() ? 0 : program.kernelVersions[kernel];
}

/// The kernels that a launch of `kernel` runs, one a version.
inline std::vector<int> choicesOf(const Program &program, int kernel) {
  return program.versions.empty() ? std::vector<int>{kernel} : program.choices[kernel];
}

/// Whether all versions run the same kernel.
inline bool isShared(const std::vector<int> &choices) {
  for (int choice : choices)
    if (choice != choices.front())
      return false;
  return true;
}

/// How many kernels launches name.
inline size_t launchedKernels(const Program &program) {
  return program.versions.empty() ? program.kernels.size() : program.choices.size();
}

} // namespace glmc

#endif // GLMC_CODEGEN_PROGRAM_H
