// What a sketch uses of Arduino, for this machine.
#pragma once
#include <cstdio>

struct Console {
  void begin(long) {}
  void println(const char *text) { std::puts(text); }
};
static Console Serial;

void setup();
int main() { setup(); }
