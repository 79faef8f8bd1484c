//===- CommandLine.h - Flags bound to the options of commands -----------------===//
//
// Each function adds one subcommand with its flags, help and examples. Parsing
// it fills `command` and sets `action`; both must outlive the parser.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_COMMANDLINE_H
#define GLMC_COMPILER_COMMANDLINE_H

#include "compiler/Commands.h"

#include <CLI/CLI.hpp>

#include <functional>

namespace glmc {

/// What is to be run after parsing; gives the exit code.
using Action = std::function<int()>;

void addCompile(CLI::App &glmc, CompileCommand &command, Action &action);
void addRun(CLI::App &glmc, RunCommand &command, Action &action);
void addBench(CLI::App &glmc, BenchCommand &command, Action &action);
void addTune(CLI::App &glmc, TuneCommand &command, Action &action);
void addVerify(CLI::App &glmc, VerifyCommand &command, Action &action);
void addCalibrate(CLI::App &glmc, CalibrateCommand &command, Action &action);
void addQuantizeReport(CLI::App &glmc, QuantizeReportCommand &command, Action &action);
void addInfo(CLI::App &glmc, InfoCommand &command, Action &action);
void addTargets(CLI::App &glmc, TargetsCommand &command, Action &action);

} // namespace glmc

#endif // GLMC_COMPILER_COMMANDLINE_H
