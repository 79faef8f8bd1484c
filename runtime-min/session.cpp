//===- session.cpp - A language model that remembers its tokens ---------------===//
//
// No function changes anything before it has checked everything, and steps
// cannot fail: whoever gets a status other than 0 finds the context as it was.
//
//===----------------------------------------------------------------------===//
#include "runtime-min/session.h"

// Generated C++ has them static.
#define GLMC_SESSION_LINKAGE extern "C"

//# piece session : session_types
// A step reads all weights once, whatever its size; that costs about as much as
// the arithmetic of this many tokens.
static const int64_t glmc_session_weights_cost = 16;

static inline int64_t glmc_session_taken(const glmc_session *session, const void *context) {
  int64_t length;
  __builtin_memcpy(&length, (const uint8_t *)context + session->length, sizeof length);
  return length;
}

// Whatever sets the length ends a run in pieces.
static inline void glmc_session_take(const glmc_session *session, void *context, int64_t length) {
  const uint32_t none = 0;
  __builtin_memcpy((uint8_t *)context + session->length, &length, sizeof length);
  if (session->position)
    __builtin_memcpy((uint8_t *)context + session->position, &none, sizeof none);
}

// Of a context that is not null.
static inline int glmc_session_state(const glmc_session *session, const void *context) {
  uint32_t mark;
  __builtin_memcpy(&mark, (const uint8_t *)context + session->ready, sizeof mark);
  return mark == session->ready_mark ? glmc_session_ok : glmc_session_not_initialised;
}

static inline bool glmc_session_is_token(const glmc_session *session, int64_t token) {
  return token >= 0 && token < session->vocabulary;
}

// The step to take next when `left` tokens are to come and `room` positions are
// free: the largest that they fill, or the next larger one, padded, where that is
// no dearer than filling smaller ones.
static int glmc_session_choose(const glmc_session *session, int64_t left, int64_t room) {
  int filled = 0;
  while (filled + 1 < session->step_count && session->steps[filled + 1] <= left)
    ++filled;
  const int larger = filled + 1;
  const int64_t size = session->steps[filled];
  if (left == size || larger >= session->step_count || session->steps[larger] > room ||
      session->steps[larger] > session->padding)
    return filled;
  const int64_t pieces = (left + size - 1) / size;
  return session->steps[larger] + glmc_session_weights_cost <= pieces * (size + glmc_session_weights_cost) ? larger
                                                                                                           : filled;
}

// What keeps a context from taking these tokens; ok: nothing does.
static inline int glmc_session_check(const glmc_session *session, const void *context, const int64_t *tokens,
                                     int64_t count, const float *logits) {
  if (!context || !tokens || !logits)
    return glmc_session_null;
  if (glmc_session_state(session, context) != glmc_session_ok)
    return glmc_session_not_initialised;
  if (count < 1)
    return glmc_session_bad_count;
  if (count > session->context - glmc_session_taken(session, context))
    return glmc_session_full;
  for (int64_t i = 0; i < count; ++i)
    if (!glmc_session_is_token(session, tokens[i]))
      return glmc_session_bad_token;
  return glmc_session_ok;
}

// What the tokens behind the last one leave in the caches lies past the length.
static inline void glmc_session_pad(int64_t *padding, int64_t size, const int64_t *tokens, int64_t used) {
  for (int64_t i = 0; i < size; ++i)
    padding[i] = i < used ? tokens[i] : 0;
}

GLMC_SESSION_LINKAGE int glmc_session_prefill(const glmc_session *session, glmc_session_run run, void *context,
                                              const int64_t *tokens, int64_t count, float *logits, int64_t *padding) {
  const int status = glmc_session_check(session, context, tokens, count, logits);
  if (status != glmc_session_ok)
    return status;
  int64_t length = glmc_session_taken(session, context);
  while (count > 0) {
    const int step = glmc_session_choose(session, count, session->context - length);
    const int64_t size = session->steps[step], used = size < count ? size : count, last = used - 1;
    const int64_t *chunk = tokens;
    if (used < size) {
      glmc_session_pad(padding, size, tokens, used);
      chunk = padding;
    }
    run(context, step, chunk, &last, logits);
    length += used;
    glmc_session_take(session, context, length);
    tokens += used;
    count -= used;
    if (session->all_logits)
      logits += used * session->vocabulary;
  }
  return glmc_session_ok;
}

GLMC_SESSION_LINKAGE int glmc_session_decode(const glmc_session *session, glmc_session_run run, void *context,
                                             int64_t token, float *logits) {
  if (!context || !logits)
    return glmc_session_null;
  if (glmc_session_state(session, context) != glmc_session_ok)
    return glmc_session_not_initialised;
  const int64_t length = glmc_session_taken(session, context), last = 0;
  if (length >= session->context)
    return glmc_session_full;
  if (!glmc_session_is_token(session, token))
    return glmc_session_bad_token;
  run(context, 0, &token, &last, logits);
  glmc_session_take(session, context, length + 1);
  return glmc_session_ok;
}

GLMC_SESSION_LINKAGE int64_t glmc_session_length(const glmc_session *session, const void *context) {
  if (!context)
    return -glmc_session_null;
  if (glmc_session_state(session, context) != glmc_session_ok)
    return -glmc_session_not_initialised;
  return glmc_session_taken(session, context);
}

GLMC_SESSION_LINKAGE int glmc_session_reset(const glmc_session *session, void *context) {
  if (!context)
    return glmc_session_null;
  if (glmc_session_state(session, context) != glmc_session_ok)
    return glmc_session_not_initialised;
  glmc_session_take(session, context, 0);
  return glmc_session_ok;
}

GLMC_SESSION_LINKAGE int glmc_session_rollback(const glmc_session *session, void *context, int64_t count) {
  if (!context)
    return glmc_session_null;
  if (glmc_session_state(session, context) != glmc_session_ok)
    return glmc_session_not_initialised;
  const int64_t length = glmc_session_taken(session, context);
  if (count < 0 || count > length)
    return glmc_session_bad_count;
  glmc_session_take(session, context, length - count);
  return glmc_session_ok;
}

// Bytes of a snapshot of `length` positions.
static inline int64_t glmc_session_bytes_of(const glmc_session *session, const glmc_session_cache *caches,
                                            int64_t length) {
  int64_t bytes = sizeof(glmc_session_header);
  for (int64_t i = 0; i < session->cache_count; ++i)
    bytes += caches[i].heads * length * caches[i].row_bytes;
  return bytes;
}

// A hash of `count` bytes and `hash`; of one changed word it is another for sure.
static uint64_t glmc_session_mix(uint64_t hash, const uint8_t *bytes, int64_t count) {
  for (; count > 0; bytes += 8, count -= 8) {
    uint64_t word = 0;
    if (count >= 8)
      __builtin_memcpy(&word, bytes, 8);
    else
      for (int64_t i = 0; i < count; ++i)
        word |= (uint64_t)bytes[i] << 8 * i;
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash;
}

// Of a snapshot whose header may lie apart from its payload.
static uint64_t glmc_session_checksum(const glmc_session_header *header, const uint8_t *payload) {
  const int64_t head = sizeof *header;
  const uint64_t hash = glmc_session_mix(0, (const uint8_t *)(const void *)header, head - 8);
  return glmc_session_mix(hash, payload, (int64_t)header->bytes - head);
}

GLMC_SESSION_LINKAGE int64_t glmc_session_snapshot_bytes(const glmc_session *session, const glmc_session_cache *caches,
                                                         const void *context) {
  const int64_t length = glmc_session_length(session, context);
  return length < 0 ? length : glmc_session_bytes_of(session, caches, length);
}

GLMC_SESSION_LINKAGE int glmc_session_snapshot(const glmc_session *session, const glmc_session_cache *caches,
                                               const void *context, void *buffer, int64_t bytes) {
  if (!context || !buffer)
    return glmc_session_null;
  if (glmc_session_state(session, context) != glmc_session_ok)
    return glmc_session_not_initialised;
  const int64_t length = glmc_session_taken(session, context);
  const int64_t needed = glmc_session_bytes_of(session, caches, length);
  if (bytes < needed)
    return glmc_session_small_buffer;
  uint8_t *const payload = (uint8_t *)buffer + sizeof(glmc_session_header), *to = payload;
  for (int64_t i = 0; i < session->cache_count; ++i) {
    const glmc_session_cache *const cache = &caches[i];
    const uint8_t *from = (const uint8_t *)context + cache->offset;
    for (int64_t head = 0; head < cache->heads; ++head) {
      __builtin_memcpy(to, from, length * cache->row_bytes);
      to += length * cache->row_bytes;
      from += cache->room * cache->row_bytes;
    }
  }
  glmc_session_header header = {glmc_session_magic, glmc_session_version, (uint64_t)session->layout,
                                (uint64_t)length,   (uint64_t)needed,     0};
  header.checksum = glmc_session_checksum(&header, payload);
  __builtin_memcpy(buffer, &header, sizeof header);
  return glmc_session_ok;
}

GLMC_SESSION_LINKAGE int glmc_session_restore(const glmc_session *session, const glmc_session_cache *caches,
                                              void *context, const void *buffer, int64_t bytes) {
  if (!context || !buffer)
    return glmc_session_null;
  if (glmc_session_state(session, context) != glmc_session_ok)
    return glmc_session_not_initialised;
  glmc_session_header header;
  if (bytes < (int64_t)sizeof header)
    return glmc_session_small_buffer;
  __builtin_memcpy(&header, buffer, sizeof header);
  if (header.magic != glmc_session_magic || header.version != glmc_session_version ||
      header.layout != (uint64_t)session->layout || header.length > (uint64_t)session->context)
    return glmc_session_bad_snapshot;
  const int64_t length = (int64_t)header.length, needed = glmc_session_bytes_of(session, caches, length);
  if (header.bytes != (uint64_t)needed)
    return glmc_session_bad_snapshot;
  if (bytes < needed)
    return glmc_session_small_buffer;
  const uint8_t *from = (const uint8_t *)buffer + sizeof header;
  if (header.checksum != glmc_session_checksum(&header, from))
    return glmc_session_bad_snapshot;
  for (int64_t i = 0; i < session->cache_count; ++i) {
    const glmc_session_cache *const cache = &caches[i];
    uint8_t *to = (uint8_t *)context + cache->offset;
    for (int64_t head = 0; head < cache->heads; ++head) {
      __builtin_memcpy(to, from, length * cache->row_bytes);
      from += length * cache->row_bytes;
      to += cache->room * cache->row_bytes;
    }
  }
  glmc_session_take(session, context, length);
  return glmc_session_ok;
}

//# piece session_pieces : session
// Room for padded tokens, in the context.
static inline int64_t *glmc_session_padding(const glmc_session *session, void *context) {
  return (int64_t *)(void *)((uint8_t *)context + session->pieces + sizeof(glmc_session_pieces));
}

static inline void glmc_session_set_position(const glmc_session *session, void *context, uint32_t position) {
  __builtin_memcpy((uint8_t *)context + session->position, &position, sizeof position);
}

static inline const int64_t *glmc_session_pieces_tokens(const glmc_session_pieces *pieces) {
  return pieces->tokens ? (const int64_t *)(uintptr_t)pieces->tokens : &pieces->token;
}

// Chooses the step that takes the next tokens, and begins it.
static void glmc_session_begin(const glmc_session *session, void *context, glmc_session_pieces *pieces) {
  pieces->step = glmc_session_choose(session, pieces->left, session->context - glmc_session_taken(session, context));
  const int64_t size = session->steps[pieces->step];
  pieces->used = size < pieces->left ? size : pieces->left;
  pieces->last = pieces->used - 1;
  if (pieces->used < size)
    glmc_session_pad(glmc_session_padding(session, context), size, glmc_session_pieces_tokens(pieces), pieces->used);
  glmc_session_set_position(session, context, 1);
}

GLMC_SESSION_LINKAGE int glmc_session_start_prefill(const glmc_session *session, void *context, const int64_t *tokens,
                                                    int64_t count, float *logits) {
  const int status = glmc_session_check(session, context, tokens, count, logits);
  if (status != glmc_session_ok)
    return status;
  glmc_session_pieces *const pieces = (glmc_session_pieces *)(void *)((uint8_t *)context + session->pieces);
  pieces->tokens = (uintptr_t)tokens;
  pieces->logits = (uintptr_t)logits;
  pieces->left = count;
  glmc_session_begin(session, context, pieces);
  return glmc_session_ok;
}

GLMC_SESSION_LINKAGE int glmc_session_start_decode(const glmc_session *session, void *context, int64_t token,
                                                   float *logits) {
  const int status = glmc_session_check(session, context, &token, 1, logits);
  if (status != glmc_session_ok)
    return status;
  glmc_session_pieces *const pieces = (glmc_session_pieces *)(void *)((uint8_t *)context + session->pieces);
  pieces->tokens = 0;
  pieces->token = token;
  pieces->logits = (uintptr_t)logits;
  pieces->left = 1;
  glmc_session_begin(session, context, pieces);
  return glmc_session_ok;
}

// Of a context whose position is one of the session's.
GLMC_SESSION_LINKAGE int glmc_session_step(const glmc_session *session, glmc_session_advance advance, void *context,
                                           int32_t budget) {
  glmc_session_pieces *const pieces = (glmc_session_pieces *)(void *)((uint8_t *)context + session->pieces);
  uint32_t position;
  __builtin_memcpy(&position, (const uint8_t *)context + session->position, sizeof position);
  for (; budget > 0; --budget) {
    const bool isPadded = pieces->used < session->steps[pieces->step];
    if (!advance(context, (int)pieces->step, position - 1,
                 isPadded ? glmc_session_padding(session, context) : glmc_session_pieces_tokens(pieces), &pieces->last,
                 (float *)(uintptr_t)pieces->logits)) {
      ++position;
      continue;
    }
    glmc_session_take(session, context, glmc_session_taken(session, context) + pieces->used);
    pieces->left -= pieces->used;
    if (pieces->left == 0)
      return glmc_session_ok;
    pieces->tokens += (uint64_t)pieces->used * sizeof(int64_t);
    if (session->all_logits)
      pieces->logits += (uint64_t)(pieces->used * session->vocabulary) * sizeof(float);
    glmc_session_begin(session, context, pieces);
    position = 1;
  }
  glmc_session_set_position(session, context, position);
  return glmc_session_more;
}
//# end

static_assert(sizeof(glmc_session_header) == 48 && sizeof(glmc_session) == 8 * (12 + glmc_session_most_steps) &&
                  sizeof(glmc_session_pieces) == 56 &&
                  sizeof(glmc_session_cache) == 32,
              "tables and snapshots have no gaps");
