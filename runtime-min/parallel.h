//===- parallel.h - Parallel loops of generated C++ --------------------------===//
//
// How a kernel hands a loop to the pool. Markers and macros as in vector.h.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_PARALLEL_H
#define GLMC_RUNTIME_MIN_PARALLEL_H

//# piece parallel : pool
// Calls body(i) for every i of [first, first + count) on the pool's threads.
template <class Body> int call_body(void *, int i, uint8_t *closure) {
  (*(const Body *)(const void *)closure)(i);
  return 0;
}
template <class Body> GLM_INLINE void parallel(void *pool, int first, int count, const Body &body) {
  glmc_pool_run(pool, call_body<Body>, first, count, (uint8_t *)(void *)const_cast<Body *>(&body));
}

//# end

#endif // GLMC_RUNTIME_MIN_PARALLEL_H
