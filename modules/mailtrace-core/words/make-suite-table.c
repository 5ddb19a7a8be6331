/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the table in which tls-suite.c finds a suite by its name.  Runs while mailtrace is built. */
#include "tls-suite.h"

#include <stdio.h>

#define SLOTS (1u << TLS_SUITE_SLOT_BITS)

static const Slice names[] =
{
#define SUITE(name, iana, forward_secrecy, aead) { name, sizeof(name) - 1 },
#include "tls-suites.def"
#undef SUITE
};

G_STATIC_ASSERT(G_N_ELEMENTS(names) * 2 < SLOTS);

int
main(void)
{
  guint16 slots[SLOTS] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    {
      guint at = tls_suite_slot(names[i]);

      while (slots[at])
        at = (at + 1) % SLOTS;
      slots[at] = (guint16) (i + 1);
    }
  for (guint i = 0; i < SLOTS; i++)
    printf("%u,%s", slots[i], i % 16 == 15 ? "\n" : " ");
  return 0;
}
