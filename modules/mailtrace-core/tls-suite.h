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

/* rows of the table, for tests; NULL behind the last */
const TlsSuite *tls_suite_at(guint i);

#endif
