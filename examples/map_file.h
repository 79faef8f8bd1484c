/* map_file.h - A whole file in memory, for weights that are in a file of their own.
 *
 *   int64_t bytes;
 *   const void *weights = map_file("model.weights", &bytes);
 *   if (model_init(&context, weights, bytes) != MODEL_OK) ...   // Null is refused there.
 *
 * POSIX. Pages are read when they are first used and shared by all processes that
 * map the file; the mapping lasts until unmap_file or the end of the process. */
#ifndef GLMC_EXAMPLES_MAP_FILE_H
#define GLMC_EXAMPLES_MAP_FILE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Null, with errno set, if that cannot be. */
static inline const void *map_file(const char *path, int64_t *bytes) {
  struct stat status;
  void *address = MAP_FAILED;
  const int file = open(path, O_RDONLY);
  if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0)
    address = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
  if (file >= 0)
    close(file); /* The mapping stays. */
  *bytes = address == MAP_FAILED ? 0 : (int64_t)status.st_size;
  return address == MAP_FAILED ? NULL : address;
}

static inline void unmap_file(const void *address, int64_t bytes) {
  if (address)
    munmap((void *)(uintptr_t)address, (size_t)bytes);
}

#endif
