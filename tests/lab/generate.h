/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the generators of logs share: random numbers that are the same with every compiler, and Exim's queue ids */
#ifndef MAILTRACE_TESTS_GENERATE_H_INCLUDED
#define MAILTRACE_TESTS_GENERATE_H_INCLUDED

#include <stdint.h>

#define ID_SIZE 17

static uint64_t random_state;

static unsigned
_draw(unsigned limit)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (unsigned)(((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % limit);
}

static int
_percent(unsigned percent)
{
  return _draw(100) < percent;
}

#define PICK(words) ((words)[_draw(sizeof(words) / sizeof((words)[0]))])

/* a real Exim never makes an id twice */
static void
_new_id(char id[ID_SIZE], int64_t msec, int pid)
{
  static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static unsigned fraction;
  uint64_t parts[3] = { (uint64_t)(msec / 1000), (uint64_t) pid, fraction++ % 3844 };
  static const int ends[3] = { 5, 12, 15 }, starts[3] = { 0, 7, 14 };

  for (int part = 0; part < 3; part++)
    for (int i = ends[part]; i >= starts[part]; i--, parts[part] /= 62)
      id[i] = digits[parts[part] % 62];
  id[6] = id[13] = '-';
  id[16] = '\0';
}

#endif
