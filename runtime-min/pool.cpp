//===- pool.cpp - Threads that share the loops of one context ----------------===//
//
// One word, `state`, tells everybody everything, so that no two facts about the
// pool can be seen out of step:
//
//   bits 0-6    workers inside the loop that is open
//   bits 7-13   workers that sleep
//   bit 14      open: workers may come in
//   bit 15      the caller sleeps until nobody is inside
//   bit 16      stop
//   bits 17-31  number of the loop, so that a worker joins each once
//
// The loop's description is written only while it is closed and nobody is
// inside. Workers come in by adding themselves to a word that has the open bit,
// so they read a whole description or none. A number that wraps round to the one
// that a worker remembers makes it miss one loop, which the others do.
//
// Whoever sleeps has first changed `state` under the mutex; whoever wakes has
// changed `state` before, and sees by the old value that somebody sleeps.
//
//===----------------------------------------------------------------------===//
#include "runtime-min/pool.h"

#include <pthread.h>

// Generated C++ has them static.
#define GLMC_POOL_LINKAGE extern "C"

//# piece pool
enum : uint32_t {
  glmc_pool_inside = 1u,
  glmc_pool_inside_mask = 0x7fu,
  glmc_pool_asleep = 1u << 7,
  glmc_pool_asleep_mask = 0x7fu << 7,
  glmc_pool_open = 1u << 14,
  glmc_pool_waiting = 1u << 15,
  glmc_pool_ended = 1u << 16,
  glmc_pool_loop = 1u << 17,
};

// Pauses before a thread sleeps: some 0.1 ms.
static const int glmc_pool_patience = 3000;
static const uint64_t glmc_pool_mark = 0x6c6f6f70636d6c67u;

struct glmc_pool {
  alignas(64) uint32_t state;
  alignas(64) uint32_t next; // Iterations handed out.
  // The loop.
  alignas(64) int (*task)(void *, int, uint8_t *);
  uint8_t *closure;
  int first;
  uint32_t count;
  int busy;    // A loop runs; one within it stays on its thread.
  int workers; // Threads that run.
  // Both hold while the pool runs: garbage or a copied context does not.
  uint64_t mark;
  glmc_pool *self;
  // The system's types, with room for those of any system.
  alignas(64) unsigned char mutex[64], wake[64], done[64];
  alignas(64) uint64_t threads[63];
};
static_assert(sizeof(pthread_mutex_t) <= 64 && sizeof(pthread_cond_t) <= 64 && sizeof(pthread_t) <= 8,
              "pthread's types take more room than the pool has for them");

static inline pthread_mutex_t *glmc_pool_mutex(glmc_pool *pool) { return (pthread_mutex_t *)(void *)pool->mutex; }
static inline pthread_cond_t *glmc_pool_wake(glmc_pool *pool) { return (pthread_cond_t *)(void *)pool->wake; }
static inline pthread_cond_t *glmc_pool_done(glmc_pool *pool) { return (pthread_cond_t *)(void *)pool->done; }

static inline void glmc_pool_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("pause");
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Iterations until none is left.
static void glmc_pool_work(glmc_pool *pool) {
  for (;;) {
    const uint32_t i = __atomic_fetch_add(&pool->next, 1u, __ATOMIC_RELAXED);
    if (i >= pool->count)
      return;
    pool->task(pool, pool->first + (int)i, pool->closure);
  }
}

// Returns the state once it has another loop than `seen` or the end.
static uint32_t glmc_pool_news(glmc_pool *pool, uint32_t seen) {
  for (int i = 0; i < glmc_pool_patience; ++i) {
    const uint32_t state = __atomic_load_n(&pool->state, __ATOMIC_ACQUIRE);
    if (state / glmc_pool_loop != seen || (state & glmc_pool_ended))
      return state;
    glmc_pool_pause();
  }
  pthread_mutex_lock(glmc_pool_mutex(pool));
  uint32_t state = __atomic_add_fetch(&pool->state, (uint32_t)glmc_pool_asleep, __ATOMIC_ACQ_REL);
  while (state / glmc_pool_loop == seen && !(state & glmc_pool_ended)) {
    pthread_cond_wait(glmc_pool_wake(pool), glmc_pool_mutex(pool));
    state = __atomic_load_n(&pool->state, __ATOMIC_ACQUIRE);
  }
  state = __atomic_sub_fetch(&pool->state, (uint32_t)glmc_pool_asleep, __ATOMIC_ACQ_REL);
  pthread_mutex_unlock(glmc_pool_mutex(pool));
  return state;
}

static void *glmc_pool_worker(void *storage) {
  glmc_pool *const pool = (glmc_pool *)storage;
  for (uint32_t seen = 0;;) {
    uint32_t state = glmc_pool_news(pool, seen);
    if (state & glmc_pool_ended)
      return 0;
    // Come in, unless the loop closes first.
    bool inside = false;
    while (!inside && (state & glmc_pool_open))
      inside = __atomic_compare_exchange_n(&pool->state, &state, state + glmc_pool_inside, true, __ATOMIC_ACQUIRE,
                                           __ATOMIC_ACQUIRE);
    seen = state / glmc_pool_loop;
    if (!inside)
      continue;
    glmc_pool_work(pool);
    const uint32_t old = __atomic_fetch_sub(&pool->state, (uint32_t)glmc_pool_inside, __ATOMIC_ACQ_REL);
    if ((old & glmc_pool_inside_mask) == glmc_pool_inside && (old & glmc_pool_waiting)) {
      pthread_mutex_lock(glmc_pool_mutex(pool));
      pthread_cond_signal(glmc_pool_done(pool));
      pthread_mutex_unlock(glmc_pool_mutex(pool));
    }
  }
}

static inline void glmc_pool_wake_all(glmc_pool *pool) {
  pthread_mutex_lock(glmc_pool_mutex(pool));
  pthread_cond_broadcast(glmc_pool_wake(pool));
  pthread_mutex_unlock(glmc_pool_mutex(pool));
}

// Waits until no worker is inside the loop, which is closed.
static void glmc_pool_wait(glmc_pool *pool) {
  for (int i = 0; i < glmc_pool_patience; ++i) {
    if (!(__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE) & glmc_pool_inside_mask))
      return;
    glmc_pool_pause();
  }
  pthread_mutex_lock(glmc_pool_mutex(pool));
  __atomic_fetch_or(&pool->state, (uint32_t)glmc_pool_waiting, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE) & glmc_pool_inside_mask)
    pthread_cond_wait(glmc_pool_done(pool), glmc_pool_mutex(pool));
  __atomic_fetch_and(&pool->state, ~(uint32_t)glmc_pool_waiting, __ATOMIC_ACQ_REL);
  pthread_mutex_unlock(glmc_pool_mutex(pool));
}

static inline bool glmc_pool_runs(const glmc_pool *pool) { return pool->mark == glmc_pool_mark && pool->self == pool; }

GLMC_POOL_LINKAGE void glmc_pool_stop(void *storage) {
  glmc_pool *const pool = (glmc_pool *)storage;
  if (!glmc_pool_runs(pool))
    return;
  __atomic_fetch_or(&pool->state, (uint32_t)glmc_pool_ended, __ATOMIC_ACQ_REL);
  glmc_pool_wake_all(pool);
  for (int i = 0; i < pool->workers; ++i) {
    pthread_t thread;
    __builtin_memcpy(&thread, &pool->threads[i], sizeof thread);
    pthread_join(thread, 0);
  }
  pthread_cond_destroy(glmc_pool_done(pool));
  pthread_cond_destroy(glmc_pool_wake(pool));
  pthread_mutex_destroy(glmc_pool_mutex(pool));
  pool->workers = 0;
  pool->mark = 0;
}

GLMC_POOL_LINKAGE int glmc_pool_start(void *storage, int threads) {
  glmc_pool *const pool = (glmc_pool *)storage;
  if (glmc_pool_runs(pool)) {
    if (pool->workers == threads - 1)
      return 1;
    glmc_pool_stop(pool);
  }
  __builtin_memset(storage, 0, sizeof(glmc_pool));
  if (pthread_mutex_init(glmc_pool_mutex(pool), 0) != 0)
    return 0;
  if (pthread_cond_init(glmc_pool_wake(pool), 0) != 0) {
    pthread_mutex_destroy(glmc_pool_mutex(pool));
    return 0;
  }
  if (pthread_cond_init(glmc_pool_done(pool), 0) != 0) {
    pthread_cond_destroy(glmc_pool_wake(pool));
    pthread_mutex_destroy(glmc_pool_mutex(pool));
    return 0;
  }
  pool->mark = glmc_pool_mark;
  pool->self = pool;
  while (pool->workers < threads - 1) {
    pthread_t thread;
    if (pthread_create(&thread, 0, glmc_pool_worker, pool) != 0) {
      glmc_pool_stop(pool);
      return 0;
    }
    __builtin_memcpy(&pool->threads[pool->workers++], &thread, sizeof thread);
  }
  return 1;
}

GLMC_POOL_LINKAGE int glmc_pool_run(void *storage, int (*task)(void *, int, uint8_t *), int first, int count,
                                    uint8_t *closure) {
  glmc_pool *const pool = (glmc_pool *)storage;
  if (count < 2 || !glmc_pool_runs(pool) || pool->busy) {
    for (int i = 0; i < count; ++i)
      task(storage, first + i, closure);
    return 0;
  }
  pool->busy = 1;
  pool->task = task;
  pool->closure = closure;
  pool->first = first;
  pool->count = (uint32_t)count;
  __atomic_store_n(&pool->next, 0u, __ATOMIC_RELAXED);
  const uint32_t old =
      __atomic_fetch_add(&pool->state, (uint32_t)glmc_pool_loop + (uint32_t)glmc_pool_open, __ATOMIC_ACQ_REL);
  if (old & glmc_pool_asleep_mask)
    glmc_pool_wake_all(pool);
  glmc_pool_work(pool);
  __atomic_fetch_and(&pool->state, ~(uint32_t)glmc_pool_open, __ATOMIC_ACQ_REL);
  glmc_pool_wait(pool);
  pool->busy = 0;
  return 0;
}
//# end

static_assert(sizeof(glmc_pool) <= glmc_pool_bytes && sizeof glmc_pool::threads / 8 == glmc_pool_threads - 1,
              "pool.h says how large a pool is");
