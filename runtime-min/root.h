//===- root.h - Square roots for processors that have none -------------------===//
//
// What kernels call in objects where the processor has no instruction: exact
// integer arithmetic, so that the bits are those of every other machine.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_ROOT_H
#define GLMC_RUNTIME_MIN_ROOT_H

#ifdef __cplusplus
extern "C" {
#endif
/// Correctly rounded.
float glmc_square_root_f32(float x);
double glmc_square_root_f64(double x);
#ifdef __cplusplus
}
#endif

#endif // GLMC_RUNTIME_MIN_ROOT_H
