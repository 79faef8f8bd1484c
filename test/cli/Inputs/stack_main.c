/* Runs the self-test of a program with prefix net on a stack that was painted, and
 * prints how much of it the paint is gone from. For x86-64. */
#include "net.h"

#include <stdio.h>
#include <string.h>

enum { paint = 0xa5 };

static unsigned char stack[1 << 20] __attribute__((aligned(64)));
static int32_t bad;

/* Calls net_selftest(&net_default, &bad) with the stack pointer at the end of stack. */
static int call(void) {
  int status;
  register void *context __asm__("rdi") = &net_default;
  register void *answer __asm__("rsi") = &bad;
  __asm__ volatile("movq %%rsp, %%rbx\n\tmovq %3, %%rsp\n\tcall net_selftest\n\tmovq %%rbx, %%rsp"
                   : "=a"(status), "+r"(context), "+r"(answer)
                   : "r"(stack + sizeof stack)
                   : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                     "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
  return status;
}

int main(void) {
  size_t untouched = 0;
  if (net_init(&net_default) != NET_OK)
    return 1;
  memset(stack, paint, sizeof stack);
  const int status = call();
  while (untouched < sizeof stack && stack[untouched] == paint)
    ++untouched;
  printf("%d %zu\n", status, sizeof stack - untouched);
  return 0;
}
