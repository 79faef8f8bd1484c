// A user of the program of SessionModel.h, whichever emission it comes from.
//   main            every check; writes snapshot.bin
//   main restore    goes on from a snapshot.bin that another emission wrote
// Answers 0, or prints the check that failed. MALLOC_FORBIDDEN: stop when the
// program under test asks for memory. POOL: it has threads, which fall asleep at
// any time, so that bytes of the context change behind our back.
#include "tiny.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "session.c:%d: %s\n", __LINE__, #condition); \
      exit(1); \
    } \
  } while (0)

#ifdef MALLOC_FORBIDDEN
extern void *__libc_malloc(size_t);
static _Thread_local int forbidden;
void *malloc(size_t bytes) {
  if (forbidden)
    abort();
  return __libc_malloc(bytes);
}
#define WITHOUT_MALLOC(call) (forbidden = 1, result = (call), forbidden = 0, result)
#else
#define WITHOUT_MALLOC(call) (result = (call))
#endif

#ifdef POOL
#define STEADY offsetof(tiny_context, pool)
#else
#define STEADY sizeof(tiny_context)
#endif

enum { V = TINY_VOCABULARY, N = TINY_CONTEXT_TOKENS, ROOM = 48 };

static int64_t token_at(int64_t i, int seed) { return (i * 7 + seed * 3 + i / 5) % V; }

/* Logits once tokens[count] were taken, computed from nothing else. */
static void expect_logits(const float *logits, const int64_t *tokens, int64_t count) {
  float sum = 0;
  for (int64_t q = 0; q < count; ++q)
    sum += (float)(q + 1) * ((float)(tokens[q] + 1 + 200) + (float)(tokens[q] + 1 + 20));
  for (int v = 0; v < V; ++v)
    CHECK(logits[v] == sum + (float)v);
}

static unsigned char snapshot[TINY_SNAPSHOT_BYTES_MAX];

/* Which step wrote each row: the last of the snapshot's caches. */
static void expect_steps(const tiny_context *context, const int *steps, int64_t count) {
  const int64_t bytes = tiny_snapshot_bytes(context);
  CHECK(tiny_snapshot(context, snapshot, sizeof snapshot) == TINY_OK);
  float rows[N];
  memcpy(rows, snapshot + bytes - 4 * count, 4 * (size_t)count);
  for (int64_t row = 0; row < count; ++steps)
    for (int r = 0; r < *steps && row < count; ++r, ++row)
      CHECK(rows[row] == (float)(*steps * 1000 + r));
}

static void cut(tiny_context *context, int64_t start, int64_t count, const int *steps) {
  int64_t tokens[N];
  float logits[V + 2];
  int result;
  for (int64_t i = 0; i < start + count; ++i)
    tokens[i] = token_at(i, 1);
  CHECK(tiny_reset(context) == TINY_OK);
  int all[2 * N], n = 0;
  for (int64_t i = 0; i < start; ++i, all[n++] = 1)
    CHECK(WITHOUT_MALLOC(tiny_decode(context, tokens[i], logits)) == TINY_OK);
  for (int i = 0; i < N && steps[i]; ++i)
    all[n++] = steps[i];
  logits[V] = logits[V + 1] = -7;
  CHECK(WITHOUT_MALLOC(tiny_prefill(context, tokens + start, count, logits)) == TINY_OK);
  CHECK(logits[V] == -7 && logits[V + 1] == -7);
  CHECK(tiny_length(context) == start + count);
  expect_logits(logits, tokens, start + count);
  expect_steps(context, all, start + count);
}

/* Steps of 1, 4 and 16 in a context of 40. */
static void check_cutting(tiny_context *context) {
  cut(context, 0, 1, (const int[]){1, 0});
  cut(context, 0, 2, (const int[]){4, 0}); // Padded.
  /* Padded with token 0, which every model has. */
  float row;
  memcpy(&row, context->state + 64 + 3 * 3 * 4, 4);
  CHECK(row == 1.0f);
  cut(context, 0, 3, (const int[]){4, 0});
  cut(context, 0, 4, (const int[]){4, 0});
  cut(context, 0, 5, (const int[]){16, 0}); // No dearer than 4 and another padded one.
  cut(context, 0, 16, (const int[]){16, 0});
  cut(context, 0, 17, (const int[]){16, 1, 0});
  cut(context, 0, 18, (const int[]){16, 4, 0});
  cut(context, 0, 29, (const int[]){16, 16, 0});
  cut(context, 0, 33, (const int[]){16, 16, 1, 0});
  cut(context, 0, 37, (const int[]){16, 16, 4, 1, 0}); // 8 positions are left: no room to pad into 16.
  cut(context, 0, 38, (const int[]){16, 16, 4, 4, 0});
  cut(context, 0, 39, (const int[]){16, 16, 4, 4, 0});
  cut(context, 0, 40, (const int[]){16, 16, 4, 4, 0});
  cut(context, 38, 2, (const int[]){1, 1, 0}); // Nor into 4.
  cut(context, 37, 3, (const int[]){1, 1, 1, 0});
  cut(context, 36, 3, (const int[]){4, 0});
  cut(context, 23, 15, (const int[]){16, 0});
  cut(context, 30, 10, (const int[]){4, 4, 1, 1, 0});
  for (int64_t start = 0; start < N; ++start)
    for (int64_t count = 1; start + count <= N; ++count) {
      int64_t tokens[N];
      float logits[V];
      for (int64_t i = 0; i < start + count; ++i)
        tokens[i] = token_at(i, 2);
      CHECK(tiny_reset(context) == TINY_OK && tiny_length(context) == 0);
      if (start)
        CHECK(tiny_prefill(context, tokens, start, logits) == TINY_OK);
      CHECK(tiny_prefill(context, tokens + start, count, logits) == TINY_OK && tiny_length(context) == start + count);
      expect_logits(logits, tokens, start + count);
    }
}

/* Every call that must fail, with nothing changed: not a byte. */
static void check_statuses(tiny_context *context) {
  static tiny_context raw, before;
  int64_t tokens[N + 1], result;
  float logits[V], same[V];
  for (int64_t i = 0; i <= N; ++i)
    tokens[i] = token_at(i, 3);
  memset(&raw, 0x5a, sizeof raw);
  CHECK(tiny_prefill(0, tokens, 1, logits) == TINY_ERROR_NULL && tiny_prefill(context, 0, 1, logits) == TINY_ERROR_NULL);
  CHECK(tiny_prefill(context, tokens, 1, 0) == TINY_ERROR_NULL && tiny_prefill(&raw, tokens, 1, 0) == TINY_ERROR_NULL);
  CHECK(tiny_prefill(&raw, tokens, 0, logits) == TINY_ERROR_NOT_INITIALISED);
  CHECK(tiny_decode(0, 1, logits) == TINY_ERROR_NULL && tiny_decode(context, 1, 0) == TINY_ERROR_NULL);
  CHECK(tiny_decode(&raw, -1, logits) == TINY_ERROR_NOT_INITIALISED);
  CHECK(tiny_length(0) == -TINY_ERROR_NULL && tiny_length(&raw) == -TINY_ERROR_NOT_INITIALISED);
  CHECK(tiny_reset(0) == TINY_ERROR_NULL && tiny_reset(&raw) == TINY_ERROR_NOT_INITIALISED);
  CHECK(tiny_rollback(0, 0) == TINY_ERROR_NULL && tiny_rollback(&raw, 0) == TINY_ERROR_NOT_INITIALISED);
  CHECK(tiny_snapshot_bytes(0) == -TINY_ERROR_NULL && tiny_snapshot_bytes(&raw) == -TINY_ERROR_NOT_INITIALISED);
  CHECK(tiny_snapshot(0, snapshot, 1000) == TINY_ERROR_NULL && tiny_snapshot(context, 0, 1000) == TINY_ERROR_NULL);
  CHECK(tiny_snapshot(&raw, snapshot, 1000) == TINY_ERROR_NOT_INITIALISED);
  CHECK(tiny_restore(0, snapshot, 1000) == TINY_ERROR_NULL && tiny_restore(context, 0, 1000) == TINY_ERROR_NULL);
  CHECK(tiny_restore(&raw, snapshot, 1000) == TINY_ERROR_NOT_INITIALISED);
  for (size_t i = 0; i < sizeof raw; ++i)
    CHECK(((unsigned char *)&raw)[i] == 0x5a);

  CHECK(tiny_reset(context) == TINY_OK && tiny_prefill(context, tokens, 10, logits) == TINY_OK);
  memcpy(&before, context, sizeof before);
  memset(logits, 0x77, sizeof logits);
  memcpy(same, logits, sizeof same);
  CHECK(tiny_prefill(context, tokens, 0, logits) == TINY_ERROR_COUNT);
  CHECK(tiny_prefill(context, tokens, INT64_MIN, logits) == TINY_ERROR_COUNT);
  CHECK(tiny_prefill(context, tokens, N - 9, logits) == TINY_ERROR_CONTEXT_FULL);
  CHECK(tiny_prefill(context, tokens, INT64_MAX, logits) == TINY_ERROR_CONTEXT_FULL); // Without reading that many.
  const int64_t bad[] = {-1, V, INT64_MIN, INT64_MAX};
  for (int i = 0; i < 4; ++i) {
    tokens[20] = bad[i];
    CHECK(tiny_prefill(context, tokens, 21, logits) == TINY_ERROR_TOKEN);
    CHECK(tiny_decode(context, bad[i], logits) == TINY_ERROR_TOKEN);
  }
  CHECK(tiny_rollback(context, 11) == TINY_ERROR_COUNT && tiny_rollback(context, -1) == TINY_ERROR_COUNT);
  CHECK(tiny_rollback(context, INT64_MIN) == TINY_ERROR_COUNT && tiny_rollback(context, 0) == TINY_OK);
  const int64_t bytes = tiny_snapshot_bytes(context);
  CHECK(bytes == 48 + 10 * 4 * (2 * 3 + 1));
  memset(snapshot, 0, sizeof snapshot);
  CHECK(tiny_snapshot(context, snapshot, bytes - 1) == TINY_ERROR_BUFFER);
  CHECK(tiny_snapshot(context, snapshot, -1) == TINY_ERROR_BUFFER);
  for (size_t i = 0; i < sizeof snapshot; ++i)
    CHECK(!snapshot[i]);
  CHECK(!memcmp(&before, context, STEADY) && !memcmp(same, logits, sizeof same));

  tokens[20] = 0;
  CHECK(tiny_prefill(context, tokens, N - 10, logits) == TINY_OK && tiny_length(context) == N);
  CHECK(WITHOUT_MALLOC(tiny_decode(context, 1, logits)) == TINY_ERROR_CONTEXT_FULL);
  CHECK(tiny_prefill(context, tokens, 1, logits) == TINY_ERROR_CONTEXT_FULL && tiny_length(context) == N);
  CHECK(tiny_snapshot_bytes(context) == TINY_SNAPSHOT_BYTES_MAX);
}

/* The checksum of session.h, so that it alone does not refuse a forgery. */
static uint64_t mix(uint64_t hash, const unsigned char *bytes, uint64_t count) {
  for (uint64_t i = 0; i < count; i += 8) {
    uint64_t word = 0;
    memcpy(&word, bytes + i, count - i < 8 ? count - i : 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash;
}

/* A snapshot with a word of its header changed, and all the rest as it should be. */
static int restore_forged(tiny_context *context, int word, uint64_t value) {
  static unsigned char forged[1 << 16];
  uint64_t header[6];
  memcpy(header, snapshot, sizeof header);
  header[word] = value;
  if (word == 3)
    header[4] = 48 + value * 4 * (2 * 3 + 1);
  const uint64_t bytes = header[4] < 48 || header[4] > sizeof forged ? sizeof forged : header[4];
  memcpy(forged + 48, snapshot + 48, sizeof snapshot - 48);
  header[5] = mix(mix(0, (const unsigned char *)header, 40), forged + 48, bytes - 48);
  memcpy(forged, header, sizeof header);
  return tiny_restore(context, forged, sizeof forged);
}

/* Damage of every kind. */
static void check_hostile_snapshots(tiny_context *context) {
  static tiny_context before;
  static unsigned char damaged[TINY_SNAPSHOT_BYTES_MAX + 64];
  int64_t tokens[N];
  float logits[V];
  for (int64_t i = 0; i < N; ++i)
    tokens[i] = token_at(i, 4);
  CHECK(tiny_reset(context) == TINY_OK && tiny_prefill(context, tokens, 7, logits) == TINY_OK);
  const int64_t bytes = tiny_snapshot_bytes(context);
  CHECK(tiny_snapshot(context, snapshot, bytes) == TINY_OK);
  CHECK(tiny_reset(context) == TINY_OK && tiny_prefill(context, tokens + 3, 11, logits) == TINY_OK);
  memcpy(&before, context, sizeof before);
  for (int64_t bit = 0; bit < 8 * bytes; ++bit) {
    memcpy(damaged, snapshot, (size_t)bytes);
    damaged[bit / 8] ^= (unsigned char)(1 << bit % 8);
    CHECK(tiny_restore(context, damaged, bytes) == TINY_ERROR_SNAPSHOT);
  }
  for (int64_t held = -1; held < bytes; ++held)
    CHECK(tiny_restore(context, snapshot, held) == TINY_ERROR_BUFFER);
  memset(damaged, 0, sizeof damaged);
  CHECK(tiny_restore(context, damaged, sizeof damaged) == TINY_ERROR_SNAPSHOT);
  memset(damaged, 0xff, sizeof damaged);
  CHECK(tiny_restore(context, damaged, sizeof damaged) == TINY_ERROR_SNAPSHOT);
  /* A header that promises more rows than there are positions, or fewer bytes. */
  for (int word = 3; word < 6; ++word)
    for (int i = 0; i < 4; ++i) {
      const uint64_t values[] = {0, N + 1, (uint64_t)1 << 61, ~(uint64_t)0};
      memset(damaged, 0, sizeof damaged);
      memcpy(damaged, snapshot, (size_t)bytes);
      memcpy(damaged + 8 * word, &values[i], 8);
      CHECK(tiny_restore(context, damaged, sizeof damaged) == TINY_ERROR_SNAPSHOT);
    }
  CHECK(restore_forged(context, 0, 1) == TINY_ERROR_SNAPSHOT); // Magic.
  CHECK(restore_forged(context, 1, 2) == TINY_ERROR_SNAPSHOT); // Version.
  CHECK(restore_forged(context, 2, 1) == TINY_ERROR_SNAPSHOT); // Another program's.
  for (uint64_t length = N + 1; length < 2000; ++length)
    CHECK(restore_forged(context, 3, length) == TINY_ERROR_SNAPSHOT);
  CHECK(restore_forged(context, 3, ~(uint64_t)0) == TINY_ERROR_SNAPSHOT);
  CHECK(restore_forged(context, 3, (uint64_t)1 << 62) == TINY_ERROR_SNAPSHOT);
  CHECK(!memcmp(&before, context, STEADY));
  CHECK(restore_forged(context, 3, 7) == TINY_OK && tiny_length(context) == 7); // The forger can forge.
  /* Unaligned, with bytes behind it that are not its own. */
  memset(damaged, 0x11, sizeof damaged);
  memcpy(damaged + 1, snapshot, (size_t)bytes);
  CHECK(tiny_restore(context, damaged + 1, sizeof damaged - 1) == TINY_OK && tiny_length(context) == 7);
  CHECK(tiny_decode(context, tokens[7], logits) == TINY_OK);
  expect_logits(logits, tokens, 8);
}

/* What follows a rollback or a restore has the same bits as before. */
static void check_continuations(tiny_context *context) {
  int64_t tokens[N];
  float first[N][V], again[V];
  int result;
  for (int64_t i = 0; i < N; ++i)
    tokens[i] = token_at(i, 5);
  CHECK(tiny_reset(context) == TINY_OK && tiny_prefill(context, tokens, 9, first[8]) == TINY_OK);
  for (int64_t length = 9; length < N; ++length) {
    CHECK(WITHOUT_MALLOC(tiny_snapshot(context, snapshot, sizeof snapshot)) == TINY_OK);
    for (int64_t i = length; i < N; ++i)
      CHECK(tiny_decode(context, tokens[i], first[i]) == TINY_OK);
    CHECK(tiny_rollback(context, N - length) == TINY_OK && tiny_length(context) == length);
    for (int64_t i = length; i < N; ++i)
      CHECK(tiny_decode(context, tokens[i], again) == TINY_OK && !memcmp(again, first[i], sizeof again));
    CHECK(tiny_init(context) == TINY_OK && tiny_length(context) == 0);
    CHECK(WITHOUT_MALLOC(tiny_restore(context, snapshot, sizeof snapshot)) == TINY_OK);
    CHECK(tiny_length(context) == length);
    for (int64_t i = length; i < N; ++i)
      CHECK(tiny_decode(context, tokens[i], again) == TINY_OK && !memcmp(again, first[i], sizeof again));
    CHECK(tiny_rollback(context, N - length - 1) == TINY_OK);
  }
  /* An empty context too. */
  CHECK(tiny_rollback(context, N) == TINY_OK && tiny_snapshot_bytes(context) == 48);
  CHECK(tiny_snapshot(context, snapshot, 48) == TINY_OK && tiny_decode(context, 1, again) == TINY_OK);
  CHECK(tiny_restore(context, snapshot, 48) == TINY_OK && tiny_length(context) == 0);
}

/* 10,000 tokens, with resets and rollbacks between. */
static void *run_long(void *argument) {
  tiny_context *const context = (tiny_context *)argument;
  const int seed = context == &tiny_default ? 1 : 2;
  int64_t tokens[N], length = 0;
  float logits[V];
  int result;
  if (tiny_reset(context) != TINY_OK)
    return argument;
  for (int64_t i = 0; i < 10000; ++i) {
    if (length == N) {
      CHECK(tiny_reset(context) == TINY_OK);
      length = 0;
    } else if (i % 23 == 22 && length > 5) {
      CHECK(tiny_rollback(context, 5) == TINY_OK);
      length -= 5;
    }
    tokens[length++] = token_at(i, seed);
    CHECK(WITHOUT_MALLOC(tiny_decode(context, tokens[length - 1], logits)) == TINY_OK);
    expect_logits(logits, tokens, length);
    CHECK(tiny_length(context) == length);
  }
  return 0;
}

static void check_threads(void) {
  static tiny_context other;
  pthread_t threads[2];
  void *result = 0;
  CHECK(tiny_init(&other) == TINY_OK);
  CHECK(!pthread_create(&threads[0], 0, run_long, &tiny_default) && !pthread_create(&threads[1], 0, run_long, &other));
  for (int i = 0; i < 2; ++i)
    CHECK(!pthread_join(threads[i], &result) && !result);
}

/* The same snapshot from every emission, which each takes from the other. */
static void exchange(tiny_context *context, int restore) {
  int64_t tokens[N];
  float logits[V];
  for (int64_t i = 0; i < N; ++i)
    tokens[i] = token_at(i, 6);
  CHECK(tiny_reset(context) == TINY_OK && tiny_prefill(context, tokens, 19, logits) == TINY_OK);
  const size_t bytes = (size_t)tiny_snapshot_bytes(context);
  CHECK(tiny_snapshot(context, snapshot, sizeof snapshot) == TINY_OK);
  FILE *const file = fopen("snapshot.bin", restore ? "rb" : "wb");
  CHECK(file);
  if (restore) {
    static unsigned char others[TINY_SNAPSHOT_BYTES_MAX];
    CHECK(fread(others, 1, sizeof others, file) == bytes && !memcmp(others, snapshot, bytes));
    CHECK(tiny_reset(context) == TINY_OK && tiny_restore(context, others, (int64_t)bytes) == TINY_OK);
    CHECK(tiny_decode(context, tokens[19], logits) == TINY_OK);
    expect_logits(logits, tokens, 20);
  } else {
    CHECK(fwrite(snapshot, 1, bytes, file) == bytes);
  }
  fclose(file);
}

int main(int count, char **arguments) {
  (void)arguments;
  CHECK(tiny_init(&tiny_default) == TINY_OK && tiny_length(&tiny_default) == 0);
  if (count == 1) {
    check_cutting(&tiny_default);
    check_statuses(&tiny_default);
    check_hostile_snapshots(&tiny_default);
    check_continuations(&tiny_default);
    check_threads();
  }
  exchange(&tiny_default, count > 1);
  CHECK(TINY_STATE_BYTES == 64 + 2 * 48 * 3 * 4 + 48 * 4 && !strcmp(tiny_status_text(TINY_ERROR_TOKEN), "a token is outside the vocabulary"));
  return 0;
}
