/* As stack_main.c, for a board of Arm's MPS2 in QEMU: no system, and semihosting to
 * print with. */
#include "net.h"

#include <stddef.h>

enum { paint = 0xa5, write0 = 4, leave = 0x18, application_exit = 0x20026 };

static unsigned char stack[1 << 16] __attribute__((aligned(64)));
static int32_t bad;

static void semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void print(unsigned value, const char *after) {
  char text[12];
  size_t at = sizeof text - 1;
  text[at] = 0;
  do
    text[--at] = (char)('0' + value % 10);
  while (value /= 10);
  semihost(write0, text + at);
  semihost(write0, after);
}

/* Calls net_selftest(&net_default, &bad) with the stack pointer at the end of stack. */
static int call(void) {
  register void *r0 __asm__("r0") = &net_default;
  register void *r1 __asm__("r1") = &bad;
  __asm__ volatile("mov r4, sp\n\tmov sp, %[top]\n\tbl net_selftest\n\tmov sp, r4"
                   : "+r"(r0)
                   : "r"(r1), [top] "r"(stack + sizeof stack)
                   : "r2", "r3", "r4", "r12", "lr", "memory", "cc");
  return (int)(size_t)r0;
}

int main(void) {
  size_t untouched = 0;
  *(volatile unsigned *)0xe000ed88 |= 0xf << 20; /* The FPU may be used. */
  __asm__ volatile("dsb\n\tisb");
  const int ready = net_init(&net_default);
  for (size_t i = 0; i < sizeof stack; ++i)
    stack[i] = paint;
  const int status = ready ? ready : call();
  while (untouched < sizeof stack && stack[untouched] == paint)
    ++untouched;
  print((unsigned)status, " ");
  print((unsigned)(sizeof stack - untouched), "\n");
  semihost(leave, (void *)application_exit);
  for (;;)
    ;
}

__attribute__((section(".vectors"), used)) static const struct {
  unsigned stack;
  int (*reset)(void);
} vectors = {0x20400000, main};
