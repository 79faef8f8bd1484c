//===- pool.h - Threads that share the loops of one context ------------------===//
//
// A program compiled with --threads N has one pool a context: N - 1 threads that
// help the caller with loops whose iterations are independent. All of the pool
// lies in storage that the context has for it; nothing is global and nothing is
// on the heap but what pthread_create takes itself. Used as text in generated
// C++, as bitcode in generated objects, and by tests.
//
// A thread that has nothing to do spins for a moment, so that the next loop of
// the same run finds it awake, then sleeps and costs nothing.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_POOL_H
#define GLMC_RUNTIME_MIN_POOL_H

#include <stdint.h>

enum {
  glmc_pool_bytes = 896, ///< Of storage, 64-aligned.
  glmc_pool_threads = 64 ///< At most, the caller's included.
};

#ifdef __cplusplus
extern "C" {
#endif
/// Starts threads - 1 threads and returns 1, or starts none and returns 0. The
/// storage may hold anything; a pool that runs in it already, of as many
/// threads, goes on. 2 <= threads <= glmc_pool_threads.
int glmc_pool_start(void *storage, int threads);

/// Ends the threads and waits for them. Storage in which no pool runs is left
/// as it is.
void glmc_pool_stop(void *storage);

/// Calls task(storage, i, closure) for every i of [first, first + count), once
/// each, in any order and on any thread, and returns 0 when all are done. What
/// a task returns is ignored. Without threads, and when called from a task, the
/// calls are made here one by one. Only one thread at a time may call this from
/// outside of tasks. (Halide's halide_do_par_for.)
int glmc_pool_run(void *storage, int (*task)(void *, int, uint8_t *), int first, int count, uint8_t *closure);
#ifdef __cplusplus
}
#endif

#endif // GLMC_RUNTIME_MIN_POOL_H
