/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TlsPolicy: which TLS versions and cipher suites are acceptable.  Made from text of this form:
 *
 *   # comment
 *   policy   NAME               one word
 *   version  VERSION            one word
 *   title    TEXT
 *   source   TEXT
 *   date     YYYY-MM-DD
 *   accept   TLS1.3  TLS_AES_256_GCM_SHA384     an IANA name, or * for every suite of that version; any number
 *
 * policy, version and one accept are needed.  Immutable: threads may share it.
 */
#ifndef MAILTRACE_TLS_POLICY_H_INCLUDED
#define MAILTRACE_TLS_POLICY_H_INCLUDED

#include "mailtrace/slice.h"

typedef struct _TlsPolicy TlsPolicy;

/* from best to worst: of several connections the worst counts */
typedef enum _TlsVerdict
{
  TV_ACCEPTABLE,
  TV_UNKNOWN,      /* the suite is not in the table, or the log does not tell the version */
  TV_WEAK,         /* TLS, but outside the policy */
  TV_NONE,         /* no TLS */
} TlsVerdict;

/* NULL: *error, to be freed, names the line and what is wrong there */
TlsPolicy *tls_policy_parse(Slice text, gchar **error);

/* one that comes with mailtrace, or NULL */
TlsPolicy *tls_policy_shipped(Slice name);

/* names of those, static; NULL behind the last */
const gchar *tls_policy_shipped_name(guint i);

#define TLS_POLICY_DEFAULT "bsi-tr-02102-2"

TlsPolicy *tls_policy_ref(TlsPolicy *self);
void tls_policy_unref(TlsPolicy *self);   /* NULL is fine */

Slice tls_policy_name(const TlsPolicy *self);
Slice tls_policy_version(const TlsPolicy *self);

/* version as logged, empty without TLS; iana: name of the suite, empty when not known */
TlsVerdict tls_policy_judge(const TlsPolicy *self, Slice version, Slice iana);

/* protocol = ["s"] ["e"] ["s"] "smtp" ["s"] ["a"]: so Exim names receptions over a network, with an "s" those under TLS, even
 * where the cipher is not logged.  FALSE: another protocol */
gboolean tls_is_network_protocol(Slice protocol, gboolean *with_tls);

/* "acceptable", ...; static */
const gchar *tls_verdict_name(TlsVerdict verdict);

#endif
