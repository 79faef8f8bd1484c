//===- Commands.h - The subcommands of glmc, as functions ---------------------===//
//
// A command is a struct of options and a function of it that returns the exit
// code: 0, or 1 after an error was printed on stderr. glmc.cpp binds options to
// flags; nothing here knows of a command line.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_COMMANDS_H
#define GLMC_COMPILER_COMMANDS_H

#include "compiler/BindingFlags.h"
#include "compiler/CompressFlags.h"

namespace glmc {

/// What every command that compiles takes.
struct BuildFlags {
  std::string target = "host";
  std::string math = "fast";     ///< "fast" or "exact".
  BindingFlags binding;          ///< Free dimensions, inputs' values, state.
  CompressFlags compress;        ///< What weights and activations become.
  unsigned jobs = 0;             ///< 0: all cores.
  int64_t threads = 1;           ///< That the program may use.
  std::string tuning;            ///< A file of `glmc tune`; empty: none.
  std::string optimize;          ///< "speed" or "size"; empty: the target's default.
  bool quiet = false;            ///< Neither summary nor progress.
  std::string json;              ///< Where the report goes: a file, or "-".
};

struct CompileCommand {
  BuildFlags build;
  std::string model;
  std::string output; ///< OUT of OUT.o, OUT.cpp and OUT.h.
  std::string prefix; ///< Empty: made of the output's name.
  std::vector<std::string> emit = {"obj", "cpp"};
  std::string io = "pointers"; ///< or "arena".
  std::string arena = "any";    ///< or "inside", or "apart".
  bool resumable = false;      ///< Also functions that run in pieces.
  std::string selfTest = "none"; ///< or "outputs", or "layers".
  std::string selfTestData;
  std::string package; ///< A value of packageKinds(); `output` is then a folder. Empty: none.
  std::string flash, ram; ///< Budgets: bytes, "64K"; empty: none.
  std::string dumpDirectory, stopAfter, pipeline;
};
int runCompile(const CompileCommand &command);

struct RunCommand {
  BuildFlags build;
  std::string model;
  std::string entry;               ///< Which entry point; empty: the only one.
  std::vector<std::string> inputs; ///< "file" in the model's order, or "name=file".
  std::string output;              ///< Folder; empty: outputs are printed.
  std::string emit = "obj";        ///< or "cpp".
  std::string cxx = "g++";         ///< Compiler for `emit == "cpp"`, options allowed.
  std::string format = "npy";      ///< of files written: "npy" or "pb".
};
int runRun(const RunCommand &command);

struct BenchCommand {
  BuildFlags build;                ///< Of a compiled library, `compress.weights` is its weights file.
  std::string model;               ///< Or what compile wrote of one: .o, .cpp, or a shared library of it.
  std::string header;              ///< Of such a library; empty: the one beside it.
  std::string cxx = "g++";         ///< Compiler for its C++ file, options allowed.
  std::vector<int64_t> positions;  ///< Of a program with state: where tokens are decoded; empty: at some.
  int64_t prompt = 0;              ///< Tokens before the first token; 0: 128, if they fit.
  std::string entry;               ///< As RunCommand has it.
  std::vector<std::string> inputs; ///< As RunCommand has them; none: made up.
  int64_t runs = 0;                ///< 0: as many as fit in `seconds`.
  double seconds = 2;              ///< For the whole model, and again for its launches.
  bool evict = false;              ///< Empty the caches before every run.
  std::string chart = "auto";      ///< "none", "ascii", "utf8", or as the terminal can.
};
int runBench(const BenchCommand &command);

struct TuneCommand {
  BuildFlags build; ///< `tuning` means nothing here.
  std::string model;
  std::string output; ///< The tuning file.
  double seconds = 120; ///< About as long it may take.
};
int runTune(const TuneCommand &command);

struct VerifyCommand {
  BuildFlags build;
  std::vector<std::string> folders;
  std::string emit = "obj"; ///< or "cpp".
  std::string io = "pointers"; ///< or "arena".
  std::string package; ///< A value of packageKinds(); `output` is then a folder. Empty: none.
  std::string cxx = "g++";  ///< Compiler for `emit == "cpp"`, options allowed.
  std::optional<double> tolerance, relativeTolerance; ///< Absent: 1e-4 and 0, see VerifyCommand.cpp.
  bool layers = false;
  int64_t generate = 0; ///< Tokens to generate with state; 0: compare data sets.
};
int runVerify(const VerifyCommand &command);

/// Samples that calibrating and reporting use at most.
constexpr int64_t mostSamples = 100000;

struct CalibrateCommand {
  BuildFlags build; ///< `compress` means nothing here.
  std::string model;
  std::string data;   ///< Samples, see CalibrateData.h.
  std::string output; ///< The file of ranges.
  int64_t samples = 1000; ///< At most so many are used.
  std::string rounding = "nearest"; ///< "gptq": also round weights,
  std::string weights = "int4";     ///< to these,
  int64_t group = 32;               ///< by groups of so many.
};
int runCalibrate(const CalibrateCommand &command);

struct QuantizeReportCommand {
  BuildFlags build;
  std::string model;
  std::string data; ///< Samples, see CalibrateData.h; empty: weights alone.
  int64_t samples = 100;
};
int runQuantizeReport(const QuantizeReportCommand &command);

struct InfoCommand {
  BuildFlags build; ///< `math` and `jobs` mean nothing here.
  std::string model;
};
int runInfo(const InfoCommand &command);

struct TargetsCommand {
  std::string json;
};
int runTargets(const TargetsCommand &command);

} // namespace glmc

#endif // GLMC_COMPILER_COMMANDS_H
