/* Runs one network once between two marks, and says what it took and how far its output is from the expected one. The
   network is behind three functions, which firmware.py writes for each compiler; data.h has input and output. */
#include "board.h"
#include "data.h"

void network_init(void);
void network_run(const float *input, float *output);

static float output[OUTPUT_SIZE];

/* A heap, for code that takes memory from one; newlib's malloc asks here. */
static char heap[2560 * 1024] __attribute__((aligned(8)));
static long heap_used, heap_peak;

void *_sbrk(int bytes) {
  if (heap_used + bytes > (long)sizeof heap)
    return (void *)-1;
  void *const at = heap + heap_used;
  heap_used += bytes;
  if (heap_used > heap_peak)
    heap_peak = heap_used;
  return at;
}

/* Marks in QEMU's log (cycles.py). */
__attribute__((noinline)) void bench_begin(void) { __asm volatile("" ::: "memory"); }
__attribute__((noinline)) void bench_end(void) { __asm volatile("" ::: "memory"); }

int main(void) {
  float error = 0;
  network_init();
  board_paint_stack();
  const uint64_t start = board_ticks();
  bench_begin();
  network_run(input, output);
  bench_end();
  const uint64_t ticks = board_ticks() - start;
  const uint64_t stack = board_stack_used();
  for (int i = 0; i < OUTPUT_SIZE; ++i) {
    const float difference = output[i] > expected[i] ? output[i] - expected[i] : expected[i] - output[i];
    if (!(difference <= error))
      error = difference;
  }
  board_report("instructions=", board_instructions(ticks));
  board_report("stack=", stack);
  board_report("heap=", (uint64_t)heap_peak);
  board_report("error_e-9=", error < 1 ? (uint64_t)(error * 1e9f) : 1000000000u);
  return 0;
}
