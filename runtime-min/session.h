//===- session.h - A language model that remembers its tokens ----------------===//
//
// The functions behind those that a stateful program's header declares: they cut
// prompts into the sizes that steps were compiled for, count positions, check
// every argument before anything changes, and copy caches into snapshots and back.
// A step (the model itself) reads the length, writes rows [length, length + its
// tokens) of every cache and counts nothing.
//
// What differs between programs is a table of constants and one function that
// runs a step, both passed in: LLVM folds them into the callers of one object,
// and the text reads the same in every C++ file. All members are int64_t, so that
// bitcode made on one machine finds them on any other. Used as text in generated
// C++, as bitcode in generated objects, and by tests.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_SESSION_H
#define GLMC_RUNTIME_MIN_SESSION_H

#include <stdint.h>

//# piece session_types
// Answers; as in the header's enum of statuses.
enum {
  glmc_session_ok = 0,
  glmc_session_null = 1,
  glmc_session_not_initialised = 2,
  glmc_session_full = 5,
  glmc_session_bad_token = 6,
  glmc_session_bad_count = 7,
  glmc_session_small_buffer = 8,
  glmc_session_bad_snapshot = 9,
  glmc_session_more = 11,
  glmc_session_idle = 12,
  // Sizes that steps can be compiled for.
  glmc_session_most_steps = 16,
};

// A program's constants. Offsets are in bytes from the context's start.
struct glmc_session {
  int64_t context;    // Positions that the caches have room for.
  int64_t vocabulary; // Tokens are 0 to vocabulary - 1.
  int64_t ready;      // Offset of the uint32_t that is ready_mark in a context that init has prepared.
  int64_t ready_mark;
  int64_t length;     // Offset of the int64_t that counts the positions taken.
  int64_t all_logits; // 1: a step gives logits of each of its tokens; 0: of one.
  int64_t padding;    // Largest step that may be padded; 0: none.
  int64_t layout;     // Hash of the program and its caches; snapshots of another are refused.
  int64_t cache_count;
  int64_t step_count;
  int64_t position;   // Offset of the uint32_t that says how far a run in pieces came, 0: there is none; 0: no such runs.
  int64_t pieces;     // Offset of what such a run keeps; the room for padded tokens follows it.
  int64_t steps[glmc_session_most_steps]; // Tokens that each step takes, ascending from 1.
};

// A tensor of `heads` times `room` rows; a session owns the first `length` rows
// of each head.
struct glmc_session_cache {
  int64_t offset, heads, room, row_bytes;
};

// Runs step number `step` on as many tokens as it takes. Without all_logits it
// gives the logits of row *last.
typedef void (*glmc_session_run)(void *context, int step, const int64_t *tokens, const int64_t *last, float *logits);

// Runs launch or copy number `at` of step number `step`; 0 unless it was the last.
typedef int (*glmc_session_advance)(void *context, int step, uint32_t at, const int64_t *tokens, const int64_t *last,
                                    float *logits);

// A run in pieces. Addresses are those of the caller's tokens that are to come, 0: of
// the one in here; and of its logits.
struct glmc_session_pieces {
  uint64_t tokens, logits;
  int64_t left;  // Tokens to come, those of the step under way included.
  int64_t step, used, last; // That step, how many of its tokens are no padding, and the row of the last of them.
  int64_t token;
};

// What a snapshot begins with; the rows of each cache, head by head, follow.
struct glmc_session_header {
  uint64_t magic, version, layout, length;
  uint64_t bytes;    // Of the whole snapshot.
  uint64_t checksum; // Of all else in it.
};

static const uint64_t glmc_session_magic = 0x70616e73636d6c67u; // "glmcsnap"
static const uint64_t glmc_session_version = 1;
//# end

#ifdef __cplusplus
extern "C" {
#endif
/// Takes `count` tokens, whose positions follow those that are taken; logits of
/// the last, or with all_logits of each. `padding` has room for session->padding
/// tokens.
int glmc_session_prefill(const glmc_session *session, glmc_session_run run, void *context, const int64_t *tokens,
                         int64_t count, float *logits, int64_t *padding);
/// Takes one token.
int glmc_session_decode(const glmc_session *session, glmc_session_run run, void *context, int64_t token, float *logits);
/// Begins to take `count` tokens in pieces: checks what glmc_session_prefill checks.
int glmc_session_start_prefill(const glmc_session *session, void *context, const int64_t *tokens, int64_t count,
                               float *logits);
int glmc_session_start_decode(const glmc_session *session, void *context, int64_t token, float *logits);
/// Takes `budget` launches of what was started: more, ok when it is done, or a status.
int glmc_session_step(const glmc_session *session, glmc_session_advance advance, void *context, int32_t budget);
/// Positions taken; of a context that is null or not initialised the status, negative.
int64_t glmc_session_length(const glmc_session *session, const void *context);
/// Forgets everything.
int glmc_session_reset(const glmc_session *session, void *context);
/// Forgets the last `count` positions.
int glmc_session_rollback(const glmc_session *session, void *context, int64_t count);
/// Bytes that glmc_session_snapshot would write now; or a status, as for the length.
int64_t glmc_session_snapshot_bytes(const glmc_session *session, const glmc_session_cache *caches, const void *context);
int glmc_session_snapshot(const glmc_session *session, const glmc_session_cache *caches, const void *context,
                          void *buffer, int64_t bytes);
/// Checks the whole snapshot, then takes it over.
int glmc_session_restore(const glmc_session *session, const glmc_session_cache *caches, void *context,
                         const void *buffer, int64_t bytes);
#ifdef __cplusplus
}
#endif

#endif // GLMC_RUNTIME_MIN_SESSION_H
