//===- weights.h - Weights in a file of their own ----------------------------===//
//
// What `glmc compile --weights` writes and programs map: a header, then the
// image that kernels read, packed already. Little-endian:
//
//   byte    0  "glmc-wts"
//           8  uint32  version of this layout: 1
//          12  uint32  bytes before the image: 4096, so that it starts a page
//          16  uint64  hash of what the image holds where (not of its values)
//          24  int64   bytes of the image, a multiple of 64
//          32  uint64  XXH64 of the image, seed 0
//          40  zeros up to 4096, then the image
//
// A program knows the layout that it was compiled for, so it refuses another
// model's file, and takes other values for the same layers. Opening looks at the
// header alone: reading gigabytes to see whether they are whole would undo
// mapping them, so that is a call of its own. Used three times: pasted into
// generated C++, as bitcode in generated objects, and by glmc, which writes it.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_RUNTIME_MIN_WEIGHTS_H
#define GLMC_RUNTIME_MIN_WEIGHTS_H

#include <stdint.h>

//# piece weights_types
enum {
  glmc_weights_header_bytes = 4096, ///< Before the image.
  glmc_weights_version = 1,
  glmc_weights_alignment = 64, ///< Of a file in memory, and so of its image.
};

/// What a file begins with.
struct glmc_weights_header {
  uint64_t magic; ///< glmc_weights_magic.
  uint32_t version, headerBytes;
  uint64_t layout;
  int64_t imageBytes;
  uint64_t checksum;
};

/// "glmc-wts", read as a little-endian number.
static const uint64_t glmc_weights_magic = 0x7374772d636d6c67u;

/// XXH64 on its way: four lanes that take 8 bytes each in turn.
struct glmc_weights_hash {
  uint64_t lane[4], bytes;
};
//# end

#ifdef __cplusplus
extern "C" {
#endif
/// The image of a file that lies at `file`, if it is one of `layout` and
/// `imageBytes` bytes, all of them within `bytes`; else, and if `file` is null or
/// not aligned, null. Reads the header only.
const uint8_t *glmc_weights_open(const void *file, int64_t bytes, uint64_t layout, int64_t imageBytes);

/// 1 when the `imageBytes` bytes of an image that glmc_weights_open gave have the
/// checksum that its header tells of; else 0. Reads all of them.
int glmc_weights_intact(const uint8_t *image, int64_t imageBytes);

void glmc_weights_hash_start(struct glmc_weights_hash *hash);
/// `bytes` is a multiple of 32.
void glmc_weights_hash_add(struct glmc_weights_hash *hash, const uint8_t *data, int64_t bytes);
uint64_t glmc_weights_hash_end(const struct glmc_weights_hash *hash);
#ifdef __cplusplus
}
#endif

#endif // GLMC_RUNTIME_MIN_WEIGHTS_H
