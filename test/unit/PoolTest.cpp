//===- PoolTest.cpp - The pool of threads, under stress -----------------------===//
//
// Many small loops, threads that sleep between them, pools side by side, starts
// and ends: every iteration must run once, and what tasks wrote must be seen.
// Also built under ThreadSanitizer (pool_tsan_test).
//
//===----------------------------------------------------------------------===//
#include "runtime-min/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

/// Storage of one pool, as a context has it: full of anything at first.
struct Storage {
  alignas(64) unsigned char bytes[glmc_pool_bytes];
  unsigned char guard[64];
  Storage() { std::memset(this, 0xa7, sizeof *this); }
  ~Storage() {
    for (unsigned char byte : guard)
      EXPECT_EQ(byte, 0xa7);
  }
};

struct Loop {
  int first;
  std::vector<int> counts; ///< Not atomic: iterations are disjoint.
  std::vector<std::thread::id> threads;
  std::chrono::microseconds each{0};
};

int countOne(void *, int i, uint8_t *closure) {
  Loop &loop = *reinterpret_cast<Loop *>(closure);
  ++loop.counts[i - loop.first];
  loop.threads[i - loop.first] = std::this_thread::get_id();
  if (loop.each.count())
    std::this_thread::sleep_for(loop.each);
  return 0;
}

/// Runs one loop; tells how many threads took part.
size_t run(void *pool, int first, int count, std::chrono::microseconds each = std::chrono::microseconds(0)) {
  Loop loop{first, std::vector<int>(count), std::vector<std::thread::id>(count), each};
  EXPECT_EQ(glmc_pool_run(pool, countOne, first, count, reinterpret_cast<uint8_t *>(&loop)), 0);
  for (int i = 0; i < count; ++i)
    EXPECT_EQ(loop.counts[i], 1) << i;
  return std::set<std::thread::id>(loop.threads.begin(), loop.threads.end()).size();
}

TEST(Pool, RunsEveryIterationOnce) {
  for (int threads : {2, 3, 8, 64}) {
    Storage storage;
    ASSERT_EQ(glmc_pool_start(storage.bytes, threads), 1);
    for (int count : {0, 1, 2, 3, 7, 64, 1000})
      for (int first : {0, -5, 100})
        run(storage.bytes, first, count);
    glmc_pool_stop(storage.bytes);
  }
}

TEST(Pool, ThreadsShareTheWork) {
  Storage storage;
  ASSERT_EQ(glmc_pool_start(storage.bytes, 4), 1);
  EXPECT_EQ(run(storage.bytes, 0, 64, std::chrono::microseconds(2000)), 4u);
  // And after a sleep, which takes a wake-up.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_EQ(run(storage.bytes, 0, 64, std::chrono::microseconds(2000)), 4u);
  glmc_pool_stop(storage.bytes);
}

TEST(Pool, ManySmallLoops) {
  Storage storage;
  ASSERT_EQ(glmc_pool_start(storage.bytes, 4), 1);
  // More loops than their number counts to.
  struct Sums {
    uint64_t value[8];
  } sums = {};
  auto add = [](void *, int i, uint8_t *closure) {
    reinterpret_cast<Sums *>(closure)->value[i] += i + 1;
    return 0;
  };
  constexpr int loops = 70000;
  for (int loop = 0; loop < loops; ++loop)
    glmc_pool_run(storage.bytes, add, 0, 8, reinterpret_cast<uint8_t *>(&sums));
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(sums.value[i], uint64_t(loops) * (i + 1));
  glmc_pool_stop(storage.bytes);
}

TEST(Pool, SleepsAndWakes) {
  Storage storage;
  ASSERT_EQ(glmc_pool_start(storage.bytes, 3), 1);
  for (int loop = 0; loop < 150; ++loop) {
    run(storage.bytes, loop, 5);
    // Around the time after which threads go to sleep, and long after it.
    std::this_thread::sleep_for(std::chrono::microseconds(loop % 10 * 60));
  }
  glmc_pool_stop(storage.bytes);
}

TEST(Pool, LongTasksLetTheCallerSleep) {
  Storage storage;
  ASSERT_EQ(glmc_pool_start(storage.bytes, 2), 1);
  struct Meeting {
    std::thread::id caller = std::this_thread::get_id();
    std::atomic<int> present{0};
  };
  auto uneven = [](void *, int, uint8_t *closure) {
    Meeting &meeting = *reinterpret_cast<Meeting *>(closure);
    for (++meeting.present; meeting.present < 2;) // One task each.
      std::this_thread::yield();
    if (std::this_thread::get_id() != meeting.caller)
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
    return 0;
  };
  for (int loop = 0; loop < 10; ++loop) {
    Meeting meeting;
    auto start = std::chrono::steady_clock::now();
    glmc_pool_run(storage.bytes, uneven, 0, 2, reinterpret_cast<uint8_t *>(&meeting));
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(15));
  }
  glmc_pool_stop(storage.bytes);
}

TEST(Pool, PoolsSideBySide) {
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([] {
      Storage storage;
      ASSERT_EQ(glmc_pool_start(storage.bytes, 3), 1);
      for (int loop = 0; loop < 300; ++loop)
        run(storage.bytes, 0, 17);
      glmc_pool_stop(storage.bytes);
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST(Pool, StartsAndEndsAgainAndAgain) {
  Storage storage;
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(glmc_pool_start(storage.bytes, 2 + round % 3), 1);
    if (round % 2)
      run(storage.bytes, 0, 4 + round % 5);
    glmc_pool_stop(storage.bytes);
  }
  glmc_pool_stop(storage.bytes); // Nothing runs: nothing happens.
}

TEST(Pool, StartingWhatRunsKeepsIt) {
  Storage storage;
  ASSERT_EQ(glmc_pool_start(storage.bytes, 3), 1);
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(glmc_pool_start(storage.bytes, 3), 1);
    run(storage.bytes, 0, 9);
  }
  // Another number of threads replaces them.
  ASSERT_EQ(glmc_pool_start(storage.bytes, 5), 1);
  EXPECT_EQ(run(storage.bytes, 0, 100, std::chrono::microseconds(2000)), 5u);
  glmc_pool_stop(storage.bytes);
}

TEST(Pool, RunsWithoutThreadsAndWithinTasks) {
  Storage never, ended;
  EXPECT_EQ(run(never.bytes, 0, 5), 1u);
  glmc_pool_stop(never.bytes);
  EXPECT_EQ(run(never.bytes, 0, 5), 1u);
  ASSERT_EQ(glmc_pool_start(ended.bytes, 4), 1);
  glmc_pool_stop(ended.bytes);
  EXPECT_EQ(run(ended.bytes, 0, 5), 1u);

  Storage storage;
  ASSERT_EQ(glmc_pool_start(storage.bytes, 4), 1);
  std::atomic<int> inner{0};
  auto nested = [](void *pool, int, uint8_t *closure) {
    auto count = [](void *, int, uint8_t *closure) {
      ++*reinterpret_cast<std::atomic<int> *>(closure);
      return 0;
    };
    return glmc_pool_run(pool, count, 0, 10, closure);
  };
  for (int loop = 0; loop < 50; ++loop)
    glmc_pool_run(storage.bytes, nested, 0, 10, reinterpret_cast<uint8_t *>(&inner));
  EXPECT_EQ(inner, 50 * 10 * 10);
  glmc_pool_stop(storage.bytes);
}

// Sanitizers neither follow threads across a fork nor live in little memory.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
TEST(Pool, AChildOfAForkStartsItsOwn) {
  Storage storage;
  ASSERT_EQ(glmc_pool_start(storage.bytes, 3), 1);
  run(storage.bytes, 0, 20);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::memset(storage.bytes, 0, sizeof storage.bytes);
    bool good = glmc_pool_start(storage.bytes, 3) == 1 &&
                run(storage.bytes, 0, 60, std::chrono::microseconds(2000)) == 3;
    glmc_pool_stop(storage.bytes);
    _exit(good && !::testing::Test::HasFailure() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  run(storage.bytes, 0, 20); // The parent's go on.
  glmc_pool_stop(storage.bytes);
}

TEST(Pool, StartsAllThreadsOrNone) {
  Storage storage;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Room for the stacks of some threads, not of 63.
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit room;
    room.rlim_cur = room.rlim_max = pages * sysconf(_SC_PAGESIZE) + (64 << 20);
    setrlimit(RLIMIT_AS, &room);
    bool good = glmc_pool_start(storage.bytes, 64) == 0 && run(storage.bytes, 0, 20) == 1 &&
                glmc_pool_start(storage.bytes, 2) == 1;
    glmc_pool_stop(storage.bytes);
    _exit(good && !::testing::Test::HasFailure() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}
#endif

} // namespace
