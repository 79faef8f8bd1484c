//===- weights.cpp - Weights in a file of their own --------------------------===//
//
// XXH64 as its specification has it, without what it does for lengths that are
// no multiple of 32, which images never have.
//
//===----------------------------------------------------------------------===//
#include "runtime-min/weights.h"

// Generated C++ has them static.
#define GLMC_WEIGHTS_LINKAGE extern "C"

//# piece weights
static const uint64_t glmc_weights_prime1 = 0x9e3779b185ebca87u, glmc_weights_prime2 = 0xc2b2ae3d27d4eb4fu,
                      glmc_weights_prime3 = 0x165667b19e3779f9u, glmc_weights_prime4 = 0x85ebca77c2b2ae63u,
                      glmc_weights_prime5 = 0x27d4eb2f165667c5u;

static inline uint64_t glmc_weights_rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

static inline uint64_t glmc_weights_round(uint64_t lane, uint64_t word) {
  return glmc_weights_rotate(lane + word * glmc_weights_prime2, 31) * glmc_weights_prime1;
}

static inline uint64_t glmc_weights_word(const uint8_t *data) {
  uint64_t word;
  __builtin_memcpy(&word, data, 8);
  return word;
}

GLMC_WEIGHTS_LINKAGE void glmc_weights_hash_start(struct glmc_weights_hash *hash) {
  hash->lane[0] = glmc_weights_prime1 + glmc_weights_prime2;
  hash->lane[1] = glmc_weights_prime2;
  hash->lane[2] = 0;
  hash->lane[3] = 0 - glmc_weights_prime1;
  hash->bytes = 0;
}

GLMC_WEIGHTS_LINKAGE void glmc_weights_hash_add(struct glmc_weights_hash *hash, const uint8_t *data, int64_t bytes) {
  uint64_t a = hash->lane[0], b = hash->lane[1], c = hash->lane[2], d = hash->lane[3];
  for (int64_t i = 0; i < bytes; i += 32) {
    a = glmc_weights_round(a, glmc_weights_word(data + i));
    b = glmc_weights_round(b, glmc_weights_word(data + i + 8));
    c = glmc_weights_round(c, glmc_weights_word(data + i + 16));
    d = glmc_weights_round(d, glmc_weights_word(data + i + 24));
  }
  hash->lane[0] = a;
  hash->lane[1] = b;
  hash->lane[2] = c;
  hash->lane[3] = d;
  hash->bytes += (uint64_t)bytes;
}

GLMC_WEIGHTS_LINKAGE uint64_t glmc_weights_hash_end(const struct glmc_weights_hash *hash) {
  uint64_t h = glmc_weights_prime5;
  if (hash->bytes > 0) {
    h = glmc_weights_rotate(hash->lane[0], 1) + glmc_weights_rotate(hash->lane[1], 7) +
        glmc_weights_rotate(hash->lane[2], 12) + glmc_weights_rotate(hash->lane[3], 18);
    for (int i = 0; i < 4; ++i)
      h = (h ^ glmc_weights_round(0, hash->lane[i])) * glmc_weights_prime1 + glmc_weights_prime4;
  }
  h += hash->bytes;
  h = (h ^ h >> 33) * glmc_weights_prime2;
  h = (h ^ h >> 29) * glmc_weights_prime3;
  return h ^ h >> 32;
}

// The header that lies before an image.
static inline struct glmc_weights_header glmc_weights_header_of(const uint8_t *image) {
  struct glmc_weights_header header;
  __builtin_memcpy(&header, image - glmc_weights_header_bytes, sizeof header);
  return header;
}

GLMC_WEIGHTS_LINKAGE const uint8_t *glmc_weights_open(const void *file, int64_t bytes, uint64_t layout,
                                                      int64_t imageBytes) {
  if (!file || (uintptr_t)file % glmc_weights_alignment != 0 || bytes < glmc_weights_header_bytes)
    return 0;
  const uint8_t *image = (const uint8_t *)file + glmc_weights_header_bytes;
  const struct glmc_weights_header header = glmc_weights_header_of(image);
  if (header.magic != glmc_weights_magic || header.version != glmc_weights_version ||
      header.headerBytes != glmc_weights_header_bytes || header.layout != layout || header.imageBytes != imageBytes ||
      bytes - glmc_weights_header_bytes < imageBytes)
    return 0;
  return image;
}

GLMC_WEIGHTS_LINKAGE int glmc_weights_intact(const uint8_t *image, int64_t imageBytes) {
  struct glmc_weights_hash hash;
  glmc_weights_hash_start(&hash);
  glmc_weights_hash_add(&hash, image, imageBytes);
  return glmc_weights_hash_end(&hash) == glmc_weights_header_of(image).checksum;
}
//# end
