//===- CommandLine.cpp - Flags bound to the options of commands ---------------===//
#include "compiler/CommandLine.h"

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

void addBuildFlags(CLI::App &app, BuildFlags &build, bool jobsAndMath = true) {
  app.add_option("--target", build.target, "What `glmc targets` lists, 'host', or a data file")->capture_default_str();
  addBindingFlags(app, build.binding);
  app.add_flag("--quiet,-q", build.quiet, "Neither summary nor progress");
  app.add_option("--json", build.json, "Write a report; '-' is stdout")->type_name("FILE");
  if (!jobsAndMath)
    return;
  app.add_option("--math", build.math, "fast: finite values only; exact: the same bits everywhere")
      ->check(CLI::IsMember({"fast", "exact"}))
      ->capture_default_str();
  app.add_option("--threads", build.threads, "Threads that the program uses; more than 1 need pthread")
      ->check(CLI::Range(int64_t(1), largestThreads))
      ->capture_default_str();
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
              "  glmc compile model.onnx -o out/kws --dim batch=1 --dump-ir dumps --json -\n"
              "  glmc compile glm.onnx -o out/glm --context 2048 --kv f16\n"
              "  glmc compile model.onnx -o out/model --dim batch=1 --dim seq=1,16");
  app->add_option("model", command.model, "model.onnx, or a dumped .mlir")->required();
  app->add_option("-o,--output", command.output, "OUT: writes OUT.o, OUT.cpp and OUT.h")->required()->type_name("OUT");
  app->add_option("--emit", command.emit, "What to write: obj, cpp or both")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"obj", "cpp"}))
      ->default_str("obj,cpp");
  app->add_option("--weights", command.weights, "Write the weights to a file that the program maps, not into its code")
      ->type_name("FILE");
  app->add_option("--prefix", command.prefix, "Of generated names; default: OUT's file name");
  app->add_option("--io", command.io, "Where inputs and outputs are: the caller's pointers, or the arena")
      ->check(CLI::IsMember({"pointers", "arena"}))
      ->capture_default_str();
  app->add_option("--dump-ir", command.dumpDirectory, "One file a pass, kernels, and a summary")->type_name("DIR");
  app->add_option("--stop-after", command.stopAfter, "Write OUT.mlir as it is after this pass")->type_name("PASS");
  app->add_option("--pipeline", command.pipeline, "Passes instead of the standard ones")->type_name("PASSES");
  addBuildFlags(*app, command.build);
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
              "Examples:\n"
              "  glmc bench model.onnx --evict\n"
              "  glmc bench model.onnx --input ids=ids.npy --runs 100 --json report.json");
  app->add_option("model", command.model, "model.onnx, or a dumped .mlir")->required();
  app->add_option("--input,-i", command.inputs, "A .npy or .pb file, in the model's order or by name; default: made up")
      ->type_name("[NAME=]FILE");
  addEntryFlag(*app, command.entry);
  CLI::Option *runs = app->add_option("--runs", command.runs, "How often the model runs")->check(CLI::PositiveNumber);
  app->add_option("--seconds", command.seconds, "How long the model runs, and again its launches one by one")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->excludes(runs);
  app->add_flag("--evict", command.evict, "Empty the caches before every run, as a model larger than they does");
  app->add_option("--chart", command.chart, "Bars of the launches; auto: where a terminal shows them")
      ->check(CLI::IsMember({"auto", "none", "ascii", "utf8"}))
      ->capture_default_str();
  addBuildFlags(*app, command.build);
  app->callback([&] { action = [&] { return runBench(command); }; });
}

void addVerify(CLI::App &glmc, VerifyCommand &command, Action &action) {
  CLI::App *app = glmc.add_subcommand("verify", "Compare a compiled model with stored or reference outputs");
  app->footer("Examples:\n"
              "  glmc verify test/models/*/\n"
              "  glmc verify models/kws --emit cpp --cxx clang++ --target x86-64-v3\n"
              "  glmc verify models/kws --layers\n"
              "  glmc verify models/glm --generate 24 --context 256 --kv f16");
  app->add_option("folder", command.folders, "ONNX test folders (model.onnx, test_data_set_*), or models")->required();
  app->add_option("--emit", command.emit, "What is run")->check(CLI::IsMember({"obj", "cpp"}))->capture_default_str();
  app->add_option("--cxx", command.cxx, "Compiler for --emit cpp")->capture_default_str();
  app->add_option("--io", command.io, "Where inputs and outputs are: the caller's pointers, or the arena")
      ->check(CLI::IsMember({"pointers", "arena"}))
      ->capture_default_str();
  app->add_option("--tolerance", command.tolerance, "Absolute error allowed")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--relative-tolerance", command.relativeTolerance, "Error allowed a unit of the expected value")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_flag("--layers", command.layers, "Find the first op that departs from the reference evaluator");
  app->add_option("--generate", command.generate,
                  "Compile with state and generate so many tokens after the prompts of test_generation_*")
      ->type_name("TOKENS")
      ->check(CLI::PositiveNumber)
      ->excludes("--layers");
  addBuildFlags(*app, command.build);
  app->callback([&] { action = [&] { return runVerify(command); }; });
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
