/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TlsSuite: what a cipher's name in a log stands for.  Knows names; must not know which suites are good. */
#ifndef MAILTRACE_TLS_SUITE_H_INCLUDED
#define MAILTRACE_TLS_SUITE_H_INCLUDED

#include "mailtrace/slice.h"

typedef struct _TlsSuite
{
  const gchar *name;         /* as in a log */
  const gchar *iana;
  guint8 name_len, iana_len;
  gboolean forward_secrecy;
  gboolean aead;
} TlsSuite;

/* static, or NULL when the name is not in the table; version as logged: descriptions of TLS 1.3 name no suite */
const TlsSuite *tls_suite_find(Slice version, Slice cipher);

#define TLS_SUITE_SLOT_BITS 11

/* Where the search for a name begins; names differ in their length, begin, middle or end.  For the table that
 * make-suite-table.c makes as well. */
static inline guint
tls_suite_slot(Slice name)
{
  guint64 hash = name.len;

  if (name.len < 8)
    for (gsize i = 0; i < name.len; i++)
      hash = hash << 8 ^ (guint8) name.str[i];
  else
    hash ^= slice_word8(name.str) ^ slice_word8(name.str + name.len - 8) * 3
            ^ slice_word8(name.str + (name.len - 8) / 2) * 5;
  return (guint) (hash * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> (64 - TLS_SUITE_SLOT_BITS));
}

/* rows of the table, for tests; NULL behind the last */
const TlsSuite *tls_suite_at(guint i);

#endif
