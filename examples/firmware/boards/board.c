/* Start-up, console, clock and stack paint for any Cortex-M in QEMU. */
#include "board.h"

#ifndef BOARD_CLOCK_MHZ
#error "BOARD_CLOCK_MHZ: the clock that SysTick counts on this board"
#endif

/* Registers of every Cortex-M (Armv6-M and later). */
#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018u)
#define COPROCESSOR_ACCESS (*(volatile uint32_t *)0xE000ED88u)

enum { systickPeriod = 1u << 24, paint = 0x5Au };
enum { sysOpen = 0x01, sysWrite = 0x05, sysRead = 0x06, sysExitExtended = 0x20 };
enum { modeRead = 0, modeWrite = 4 };

/* From the linker script. */
extern uint32_t __data_start__[], __data_end__[], __data_load__[], __bss_start__[], __bss_end__[];
extern uint8_t __stack_limit__[], __stack__[];

/*---- Semihosting (Arm's "Semihosting for AArch32 and AArch64") ----------------------------------------------------*/

static int semihost(int operation, const void *argument) {
  register int r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void board_exit(int status) {
  const struct { uint32_t reason; int status; } exit = {0x20026, status}; /* ADP_Stopped_ApplicationExit */
  semihost(sysExitExtended, &exit);
  for (;;) {
  }
}

/* The console's handle: QEMU's standard input or output. */
static int open_console(int mode) {
  const struct { const char *name; int mode, length; } open = {":tt", mode, 3};
  return semihost(sysOpen, &open);
}

void board_print(const char *text) {
  static int handle = -1;
  size_t length = 0;
  while (text[length])
    ++length;
  if (handle < 0)
    handle = open_console(modeWrite);
  const struct { int handle; const char *from; size_t bytes; } write = {handle, text, length};
  semihost(sysWrite, &write);
}

void board_print_number(uint64_t number) {
  char digits[21];
  int at = sizeof digits - 1;
  digits[at] = 0;
  do {
    digits[--at] = (char)('0' + (int)(number % 10));
    number /= 10;
  } while (number);
  board_print(digits + at);
}

void board_report(const char *name, uint64_t number) {
  board_print(name);
  board_print_number(number);
  board_print("\n");
}

static int read_byte(void) {
  static int handle = -1;
  unsigned char byte;
  if (handle < 0)
    handle = open_console(modeRead);
  const struct { int handle; void *to; int bytes; } read = {handle, &byte, 1};
  return handle >= 0 && semihost(sysRead, &read) == 0 ? byte : -1; /* It returns what is missing. */
}

int board_read_line(char *line, size_t room) {
  size_t length = 0;
  int byte = read_byte();
  if (byte < 0)
    return -1;
  for (; byte >= 0 && byte != '\n'; byte = read_byte())
    if (length + 1 < room)
      line[length++] = (char)byte;
  line[length] = 0;
  return (int)length;
}

/*---- Clock --------------------------------------------------------------------------------------------------------*/

static volatile uint32_t wraps;

void SysTick_Handler(void) { ++wraps; }

uint64_t board_ticks(void) {
  uint32_t high, low;
  do {
    high = wraps;
    low = SYSTICK_VALUE;
  } while (high != wraps);
  return (uint64_t)high * systickPeriod + (low ? systickPeriod - low : 0); /* It counts down, to 0 and its interrupt. */
}

uint64_t board_instructions(uint64_t ticks) { return ticks * 1000 / BOARD_CLOCK_MHZ; }

static void start_clock(void) {
  SYSTICK_RELOAD = systickPeriod - 1;
  SYSTICK_VALUE = 0;
  SYSTICK_CONTROL = 7; /* On, with its interrupt, from the processor's clock. */
}

/*---- Stack --------------------------------------------------------------------------------------------------------*/

static uint8_t *painted; /* The end of what was painted. */

__attribute__((noinline)) void board_paint_stack(void) {
  uint8_t *const end = (uint8_t *)__builtin_frame_address(0);
  for (volatile uint8_t *at = __stack_limit__; at < end; ++at)
    *at = paint;
  painted = end;
}

size_t board_stack_used(void) {
  const uint8_t *at = __stack_limit__;
  while (at < painted && *at == paint)
    ++at;
  return (size_t)(painted - at);
}

/*---- Start-up -----------------------------------------------------------------------------------------------------*/

static void fault(void) {
  board_print("fault: the processor stopped at an instruction or address that it does not have\n");
  board_exit(1);
}

__attribute__((noreturn)) void Reset_Handler(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  COPROCESSOR_ACCESS |= 0xFu << 20; /* The floating-point unit, and Helium, are off until asked for. */
  __asm volatile("dsb\n isb");
#endif
  for (uint32_t *to = __data_start__, *from = __data_load__; to < __data_end__;)
    *to++ = *from++;
  for (uint32_t *to = __bss_start__; to < __bss_end__;)
    *to++ = 0;
  start_clock();
  board_exit(main());
}

/* Stack, reset, NMI, the faults, and the last of the fixed ones: SysTick. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    __stack__, (const void *)Reset_Handler, (const void *)fault, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, [15] = (const void *)SysTick_Handler};
