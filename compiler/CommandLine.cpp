//===- CommandLine.cpp - Flags bound to the options of commands ---------------===//
#include "compiler/CommandLine.h"

#include "compiler/Package.h"
#include "runtime-min/Embedded.h"

namespace glmc {
namespace {

void addBindingFlags(CLI::App &app, BindingFlags &binding) {
  app.add_option("--dim", binding.dims,
                 "Size of a free dimension: its name, or batch, seq, past or total; several make several entry points")
      ->type_name("NAME=V[,V...]")
      ->allow_extra_args(false);
  app.add_option("--bind", binding.binds, "Value of an input, which is then none; one value is for all elements")
      ->type_name("NAME=V[,V...]")
      ->allow_extra_args(false);
  app.add_option("--role", binding.roles, "What an input is: tokens, positions, mask, length, cache or none")
      ->type_name("NAME=ROLE")
      ->allow_extra_args(false);
  app.add_option("--context", binding.context, "Keep the caches of a language model, for so many tokens")
      ->check(CLI::Range(int64_t(1), largestContext))
      ->type_name("TOKENS");
  app.add_option("--kv", binding.kv, "How caches are stored")
      ->check(CLI::IsMember({"f32", "f16", "int8"}))
      ->capture_default_str();
  app.add_option("--logits", binding.logits, "Of the last token given, or of all")
      ->check(CLI::IsMember({"last", "all"}))
      ->capture_default_str();
}

void addCompressFlags(CLI::App &app, CompressFlags &compress, bool writesFile) {
  app.add_option("--weights", compress.weights,
                 writesFile ? "What weights become: f32, f16, bf16, int8 or int4; or a file to write them to, which the "
                              "program maps, instead of into its code"
                            : "What weights become: f32, f16, bf16, int8 or int4")
      ->type_name(writesFile ? "FORMAT|FILE" : "FORMAT")
      ->allow_extra_args(false);
  app.add_option("--group", compress.group, "Integer weights that share a scale; default: 32")
      ->check(CLI::IsMember({32, 64, 128}))
      ->type_name("32|64|128");
  CLI::Option *symmetric =
      app.add_flag("--symmetric", compress.symmetric, "Integer weights have a scale only; the default");
  app.add_flag("--asymmetric", compress.asymmetric, "Integer weights have a zero too")->excludes(symmetric);
  app.add_option("--keep", compress.keep, "What weights become that are called so, or whose node is; * and ? are wild")
      ->type_name("PATTERN=FORMAT")
      ->allow_extra_args(false);
  app.add_option("--activations", compress.activations,
                 "What integer weights are multiplied with: floats, or those rounded to 8 bits by scales found at run "
                 "time (int8) or from samples (static)")
      ->check(CLI::IsMember({"float", "int8", "static"}))
      ->capture_default_str();
  app.add_option("--rounding", compress.rounding, "Of integer weights: each to the nearest, or by what samples show")
      ->check(CLI::IsMember({"nearest", "gptq"}))
      ->capture_default_str();
  app.add_option("--calibration", compress.calibration, "What `glmc calibrate` wrote: ranges, and weights of --rounding gptq")
      ->type_name("FILE");
  app.add_option("--ranges", compress.ranges, "Which of them: all values, 99.99 % of them, or the least divergence")
      ->check(CLI::IsMember({"minmax", "percentile", "entropy"}))
      ->type_name("minmax|percentile|entropy");
}

void addBuildFlags(CLI::App &app, BuildFlags &build, bool jobsAndMath = true, bool writesFile = false) {
  app.add_option("--target", build.target, "What `glmc targets` lists, 'host', or a data file; several with commas between make one program of versions")->capture_default_str();
  addBindingFlags(app, build.binding);
  app.add_flag("--quiet,-q", build.quiet, "Neither summary nor progress");
  app.add_option("--json", build.json, "Write a report; '-' is stdout")->type_name("FILE");
  if (!jobsAndMath)
    return;
  addCompressFlags(app, build.compress, writesFile);
  app.add_option("--math", build.math, "fast: finite values only; exact: the same bits everywhere")
      ->check(CLI::IsMember({"fast", "exact"}))
      ->capture_default_str();
  app.add_option("--threads", build.threads, "Threads that the program uses; more than 1 need pthread")
      ->check(CLI::Range(int64_t(1), largestThreads))
      ->capture_default_str();
  app.add_option("--optimize", build.optimize, "Fast code, or small code; default: what the target's file says")
      ->check(CLI::IsMember({"speed", "size"}))
      ->type_name("speed|size");
  app.add_option("--tuning", build.tuning, "Schedules that `glmc tune` found")->type_name("FILE");
  app.add_option("--jobs,-j", build.jobs, "Threads that compile kernels (0: all cores)")->capture_default_str();
}

void addEntryFlag(CLI::App &app, std::string &entry) {
  app.add_option("--entry", entry, "Which entry point, where --dim makes several")->type_name("NAME");
}

} // namespace

void addCompile(CLI::App &glmc, CompileCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("compile", "Compile a model to an object and a C++ file");
  app->footer("Examples:\n"
              "  glmc compile model.onnx -o out/kws --target x86-64-v3\n"
              "  glmc compile model.onnx -o out/kws --emit cpp --math exact --io arena\n"
              "  glmc compile model.onnx -o out/glm --weights out/glm.weights\n"
              "  glmc compile glm.onnx -o out/glm --weights int4 --keep lm_head*=int8 --activations int8\n"
              "  glmc compile model.onnx -o out/kws --dim batch=1 --dump-ir dumps --json -\n"
              "  glmc compile glm.onnx -o out/glm --context 2048 --kv f16\n"
              "  glmc compile model.onnx -o out/model --dim batch=1 --dim seq=1,16\n"
              "  glmc compile model.onnx -o modules/kws --package zephyr");
  app->add_option("model", command.model, "model.onnx, or a dumped .mlir")->required();
  app->add_option("-o,--output", command.output, "OUT: writes OUT.o, OUT.cpp and OUT.h")->required()->type_name("OUT");
  app->add_option("--emit", command.emit, "What to write: obj, cpp or both; and ld, a fragment of a linker script, as is done for targets with memories")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"obj", "cpp", "ld"}))
      ->default_str("obj,cpp");
  app->add_option("--prefix", command.prefix, "Of generated names; default: OUT's file name");
  app->add_option("--io", command.io, "Where inputs and outputs are: the caller's pointers, or the arena")
      ->check(CLI::IsMember({"pointers", "arena"}))
      ->capture_default_str();
  app->add_option("--arena", command.arena,
                  "Where the arena is: inside the context, apart from it in memory of its own, or where it is faster (any)")
      ->check(CLI::IsMember({"any", "inside", "apart"}))
      ->capture_default_str();
  app->add_flag("--resumable", command.resumable, "Also functions that run a few launches at a time: P_run_start, P_step");
  app->add_option("--flash", command.flash, "Code and constants may take so much: bytes, 512K or 1M; more is an error that says what to change")
      ->type_name("BYTES");
  app->add_option("--ram", command.ram, "Variables and the stack may take so much")->type_name("BYTES");
  CLI::Option *selfTest =
      app->add_flag("--selftest{outputs}", command.selfTest,
                      "Also a function that runs golden inputs on the device and compares outputs, or what each launch "
                      "leaves (--selftest=layers)")
          ->check(CLI::IsMember({"none", "outputs", "layers"}))
          ->default_str("none");
  app->add_option("--selftest-data", command.selfTestData, "Its inputs: a folder of input_0.pb or test_data_set_0; default: seeded ones")
      ->type_name("DIR")
      ->needs(selfTest);
  app->add_option("--package", command.package,
                  "OUT is a folder then: a library of this build system, of the C++ file or, with --emit obj, the object")
      ->check(CLI::IsMember(packageKinds()))
      ->type_name("zephyr|arduino|cmsis-pack");
  app->add_option("--dump-ir", command.dumpDirectory, "One file a pass, kernels, and a summary")->type_name("DIR");
  app->add_option("--stop-after", command.stopAfter, "Write OUT.mlir as it is after this pass")->type_name("PASS");
  app->add_option("--pipeline", command.pipeline, "Passes instead of the standard ones")->type_name("PASSES");
  addBuildFlags(*app, command.build, true, true);
  app->callback([&] { action = [&] { return runCompile(command); }; });
}

void addRun(CLI::App &glmc, RunCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("run", "Compile a model in memory and run it once on this machine");
  app->footer("Examples:\n"
              "  glmc run model.onnx --input ids.npy\n"
              "  glmc run model.onnx --input input_ids=ids.npy --input mask=mask.pb --output results");
  app->add_option("model", command.model, "model.onnx, or a dumped .mlir")->required();
  app->add_option("--input,-i", command.inputs, "A .npy or .pb file, in the model's order or by name")
      ->type_name("[NAME=]FILE");
  addEntryFlag(*app, command.entry);
  app->add_option("--output,-o", command.output, "Write outputs to this folder, do not print them")->type_name("DIR");
  app->add_option("--format", command.format, "Of the files written")
      ->check(CLI::IsMember({"npy", "pb"}))
      ->capture_default_str();
  app->add_option("--emit", command.emit, "What is run")->check(CLI::IsMember({"obj", "cpp"}))->capture_default_str();
  app->add_option("--cxx", command.cxx, "Compiler for --emit cpp")->capture_default_str();
  addBuildFlags(*app, command.build);
  app->callback([&] { action = [&] { return runRun(command); }; });
}

void addBench(CLI::App &glmc, BenchCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("bench", "Time a model and each of its launches on this machine");
  app->footer("Bytes are what a launch reads and writes, weights included; operations are counted from\n"
              "what it computes. Percentages are of the bandwidth and of the multiply-adds that this\n"
              "machine reached in the same run; `cache` is faster than memory can be read.\n"
              "With --context, and of what was compiled with it (the header beside it says what it is,\n"
              "--weights its weights file): prompts, and tokens by position.\n"
              "Examples:\n"
              "  glmc bench model.onnx --evict\n"
              "  glmc bench model.onnx --input ids=ids.npy --runs 100 --json report.json\n"
              "  glmc bench glm.onnx --context 8192 --position 0 --position 8000\n"
              "  glmc bench out/glm.o");
  app->add_option("model", command.model, "model.onnx, a dumped .mlir, or a compiled .o, .so or .cpp")->required();
  app->add_option("--input,-i", command.inputs, "A .npy or .pb file, in the model's order or by name; default: made up")
      ->type_name("[NAME=]FILE");
  addEntryFlag(*app, command.entry);
  CLI::Option *runs = app->add_option("--runs", command.runs, "How often the model runs")->check(CLI::PositiveNumber);
  app->add_option("--seconds", command.seconds, "How long the model runs, and again its launches one by one")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->excludes(runs);
  app->add_option("--position", command.positions, "Decode after so many tokens; default: at some positions")
      ->check(CLI::Range(int64_t(0), largestContext - 1))
      ->allow_extra_args(false)
      ->type_name("TOKENS");
  app->add_option("--prompt", command.prompt, "Tokens before the first token; default: 128")
      ->check(CLI::Range(int64_t(1), largestContext))
      ->type_name("TOKENS");
  app->add_option("--header", command.header, "Header of a compiled library; default: the one beside it")
      ->type_name("FILE");
  app->add_option("--cxx", command.cxx, "Compiler for a compiled .cpp")->capture_default_str();
  app->add_flag("--evict", command.evict, "Empty the caches before every run, as a model larger than they does");
  app->add_option("--chart", command.chart, "Bars of the launches; auto: where a terminal shows them")
      ->check(CLI::IsMember({"auto", "none", "ascii", "utf8"}))
      ->capture_default_str();
  addBuildFlags(*app, command.build);
  app->callback([&] { action = [&] { return runBench(command); }; });
}

void addTune(CLI::App &glmc, TuneCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("tune", "Search schedules of a model's kernels by timing them on this machine");
  app->footer("Each distinct kernel is timed alone, with weights that no cache holds, the longest first.\n"
              "What is found goes by what a kernel computes, so it serves other models too, but one\n"
              "target, and one or several threads.\n"
              "Examples:\n"
              "  glmc tune model.onnx -o tuning.json --seconds 300\n"
              "  glmc compile model.onnx -o out/model --tuning tuning.json");
  app->add_option("model", command.model, "model.onnx, or a dumped .mlir")->required();
  app->add_option("-o,--output", command.output, "The tuning file (JSON)")->required()->type_name("FILE");
  app->add_option("--seconds", command.seconds, "About as long it may take")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  addBuildFlags(*app, command.build);
  app->remove_option(app->get_option("--tuning"));
  app->callback([&] { action = [&] { return runTune(command); }; });
}

void addVerify(CLI::App &glmc, VerifyCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("verify", "Compare a compiled model with stored or reference outputs");
  app->footer("With --weights, --keep or --activations, and no tolerance given, outputs are compared with what\n"
              "the reference evaluator makes of the quantised model; how far stored ones are is only told.\n"
              "Examples:\n"
              "  glmc verify test/models/*/\n"
              "  glmc verify models/kws --emit cpp --cxx clang++ --target x86-64-v3\n"
              "  glmc verify models/kws --layers\n"
              "  glmc verify models/kws --weights int4 --group 64\n"
              "  glmc verify models/glm --generate 24 --context 256 --kv f16");
  app->add_option("folder", command.folders, "ONNX test folders (model.onnx, test_data_set_*), or models")->required();
  app->add_option("--emit", command.emit, "What is run")->check(CLI::IsMember({"obj", "cpp"}))->capture_default_str();
  app->add_option("--cxx", command.cxx, "Compiler for --emit cpp")->capture_default_str();
  app->add_option("--io", command.io, "Where inputs and outputs are: the caller's pointers, or the arena")
      ->check(CLI::IsMember({"pointers", "arena"}))
      ->capture_default_str();
  app->add_option("--tolerance", command.tolerance, "Absolute error allowed; default: 0.0001")
      ->check(CLI::NonNegativeNumber);
  app->add_option("--relative-tolerance", command.relativeTolerance, "Error allowed a unit of the expected value")
      ->check(CLI::NonNegativeNumber);
  app->add_flag("--layers", command.layers, "Find the first op that departs from the reference evaluator");
  app->add_option("--generate", command.generate,
                  "Compile with state and generate so many tokens after the prompts of test_generation_*")
      ->type_name("TOKENS")
      ->check(CLI::PositiveNumber)
      ->excludes("--layers");
  addBuildFlags(*app, command.build);
  app->callback([&] { action = [&] { return runVerify(command); }; });
}

static void addDataFlags(CLI::App &app, std::string &data, int64_t &samples) {
  app.add_option("--data", data,
                 "Samples: a folder of test_data_set_*, of folders of INPUT.npy, or of .npy; or a text file of tokens, "
                 "a sample a line")
      ->type_name("PATH");
  app.add_option("--samples", samples, "Use at most so many, equally far apart")
      ->check(CLI::Range(int64_t(1), mostSamples))
      ->capture_default_str();
}

void addCalibrate(CLI::App &glmc, CalibrateCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("calibrate", "Find the ranges of a model's activations with samples");
  app->footer("Samples of tokens are for models with caches, which are compiled with a context.\n"
              "Examples:\n"
              "  glmc calibrate model.onnx --data samples -o ranges.json\n"
              "  glmc calibrate glm.onnx --data tokens.txt --samples 300 -o ranges.json\n"
              "  glmc calibrate glm.onnx --data tokens.txt -o glm.int4.json --rounding gptq --weights int4 --group 64\n"
              "  glmc compile glm.onnx -o out/glm --weights int4 --group 64 --rounding gptq --calibration glm.int4.json\n"
              "  glmc compile model.onnx -o out/model --weights int8 --activations static --calibration ranges.json");
  app->add_option("model", command.model, "model.onnx")->required();
  app->add_option("-o,--output", command.output, "File of ranges (JSON)")->required()->type_name("FILE");
  addDataFlags(*app, command.data, command.samples);
  app->get_option("--data")->required();
  CLI::Option *rounding =
      app->add_option("--rounding", command.rounding,
                      "gptq: also round weights, by what samples show, to FILE.rounded for `compile --rounding gptq`")
          ->check(CLI::IsMember({"nearest", "gptq"}))
          ->capture_default_str();
  app->add_option("--weights", command.weights, "What weights are rounded to")
      ->check(CLI::IsMember({"int8", "int4"}))
      ->capture_default_str()
      ->needs(rounding);
  app->add_option("--group", command.group, "Weights that share a scale")
      ->check(CLI::IsMember({32, 64, 128}))
      ->capture_default_str()
      ->needs(rounding);
  addBuildFlags(*app, command.build, false);
  app->remove_option(app->get_option("--json"));
  app->callback([&] { action = [&] { return runCalibrate(command); }; });
}

void addQuantizeReport(CLI::App &glmc, QuantizeReportCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("quantize-report", "What weights of fewer bits change in layers and outputs");
  app->footer("Examples:\n"
              "  glmc quantize-report model.onnx --weights int4 --group 32\n"
              "  glmc quantize-report model.onnx --weights int8 --activations int8 --data samples --json report.json");
  app->add_option("model", command.model, "model.onnx")->required();
  addDataFlags(*app, command.data, command.samples);
  addBuildFlags(*app, command.build);
  app->callback([&] { action = [&] { return runQuantizeReport(command); }; });
}

void addInfo(CLI::App &glmc, InfoCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("info", "What a model holds and needs, without compiling it");
  app->footer("Examples:\n  glmc info model.onnx\n  glmc info model.onnx --dim batch=1 --json -");
  app->add_option("model", command.model, "model.onnx")->required();
  addBuildFlags(*app, command.build, false);
  app->callback([&] { action = [&] { return runInfo(command); }; });
}

void addTargets(CLI::App &glmc, TargetsCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("targets", "Processors that glmc compiles for, and which of them run here");
  app->footer("Example:\n  glmc targets");
  app->add_option("--json", command.json, "Write the list; '-' is stdout")->type_name("FILE");
  app->callback([&] { action = [&] { return runTargets(command); }; });
}

} // namespace glmc
