/* What the examples ask of a board: a console, a clock that counts executed instructions in QEMU, and how much
   stack was used. Everything goes through semihosting and registers that each Cortex-M has, so one file serves all
   boards; a board is a linker script, boards/NAME.ld. */
#ifndef GLMC_EXAMPLES_FIRMWARE_BOARD_H
#define GLMC_EXAMPLES_FIRMWARE_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Writes text to the console; numbers in decimal. */
void board_print(const char *text);
void board_print_number(uint64_t number);
/* A line of a name, as it is, and a number. */
void board_report(const char *name, uint64_t number);

/* Reads one line, without its end, as a C string. Returns its length, or -1 when there is no more; of a line that is
   longer than `room` - 1 bytes the rest is dropped. */
int board_read_line(char *line, size_t room);

/* Time in ticks of SysTick, which counts the processor's clock. Under `qemu-system-arm -icount shift=0` an instruction
   takes one nanosecond of virtual time, so ticks are instructions: board_instructions turns a difference into them, to
   within 40 instructions on a board of 25 MHz. On hardware it is a clock like any other. */
uint64_t board_ticks(void);
uint64_t board_instructions(uint64_t ticks);

/* Paints the free stack, and says how many bytes of it were written since: from what `board_paint_stack` was called
   with on its caller's frame down to the deepest byte. */
void board_paint_stack(void);
size_t board_stack_used(void);

/* Ends the program: QEMU exits with `status`. */
void board_exit(int status) __attribute__((noreturn));

/* The application. What it returns is the status that QEMU exits with. */
int main(void);

#endif /* GLMC_EXAMPLES_FIRMWARE_BOARD_H */
