//===- glmc.cpp - The glmc command --------------------------------------------===//
//
// Parses the command line and calls the command. Every error exits 1, those of
// the command line too.
//
//===----------------------------------------------------------------------===//
#include "compiler/CommandLine.h"

using namespace glmc;

int main(int argc, char **argv) {
  CLI::App app("glmc compiles a model ahead of time: ONNX in, one object or one C++ file out", "glmc");
  app.set_version_flag("--version", "glmc " GLMC_VERSION);
  app.require_subcommand(0, 1); // None is told below, an unknown one as unexpected.
  app.footer("`glmc COMMAND --help` shows examples of each. Example:\n"
             "  glmc compile model.onnx -o out/model --target x86-64-v3");
  CompileCommand compile;
  RunCommand run;
  BenchCommand bench;
  TuneCommand tune;
  VerifyCommand verify;
  CalibrateCommand calibrate;
  QuantizeReportCommand quantizeReport;
  InfoCommand info;
  TargetsCommand targets;
  Action action;
  addCompile(app, compile, action);
  addRun(app, run, action);
  addBench(app, bench, action);
  addTune(app, tune, action);
  addVerify(app, verify, action);
  addCalibrate(app, calibrate, action);
  addQuantizeReport(app, quantizeReport, action);
  addInfo(app, info, action);
  addTargets(app, targets, action);
  try {
    app.parse(argc, argv);
    if (!action)
      throw CLI::RequiredError("A command");
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  return action();
}
