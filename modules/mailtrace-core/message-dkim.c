/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a message's document says about its DKIM signatures */
#include "message.h"
#include "host.h"

#include <libpsl.h>

#define DOMAIN_MAX 255

/* the registrable domain by the Public Suffix List as built in; a name that is a public suffix itself stays as it is */
static Slice
_organisational_domain(Slice domain, gchar lower[DOMAIN_MAX + 1])
{
  if (!domain.len || domain.len > DOMAIN_MAX || slice_find_char(domain, '\0') >= 0)
    return SLICE_NONE;
  for (gsize i = 0; i < domain.len; i++)
    lower[i] = g_ascii_tolower(domain.str[i]);
  if (lower[domain.len - 1] == '.')
    domain.len--;
  lower[domain.len] = '\0';
  const gchar *registrable = psl_registrable_domain(psl_builtin(), lower);
  return registrable ? slice_from_string(registrable) : slice_new(lower, domain.len);
}

static Slice
_domain_of(Slice address)
{
  gssize at = slice_find_last_char(address, '@');

  return at < 0 ? SLICE_NONE : slice_skip(address, (gsize) at + 1);
}

static gboolean
_is_aligned(Slice signing, Slice sender)
{
  gchar signing_lower[DOMAIN_MAX + 1], sender_lower[DOMAIN_MAX + 1];
  Slice a = _organisational_domain(signing, signing_lower);
  Slice b = _organisational_domain(_domain_of(sender), sender_lower);

  return a.len && slice_equals(a, b);
}

/* the sender of the envelope, and the one that the scanner knows; what a rewritten address claims is nobody's word */
static void
_set_aligned(Record *record, Record *signature)
{
  Slice domain = record_get_text(signature, F_DKIM_DOMAIN);
  Record *scan = record_nested(record, RK_SCAN, 0);
  Slice sender = record_get_text(record, F_SENDER);
  Slice original = scan ? record_get_text(scan, F_SCAN_SENDER) : SLICE_NONE;

  if (!domain.len || (!sender.len && !original.len))
    return;
  gboolean aligned = _is_aligned(domain, sender) || _is_aligned(domain, original);
  gboolean passed = slice_equals(record_get_text(signature, F_DKIM_SIGNATURE_RESULT), SLICE("pass"));
  record_set_boolean(signature, F_DKIM_SIGNATURE_ALIGNED, aligned);
  record_set_boolean(record, F_DKIM_ALIGNED, record_get_integer(record, F_DKIM_ALIGNED, 0) || (aligned && passed));
}

static void
_set_result(Record *record, guint n)
{
  static const gchar *const results[] = { "pass", "fail", "invalid", "none" };

  for (guint r = 0; r < G_N_ELEMENTS(results); r++)
    for (guint i = 0; i < n && !record_has(record, F_DKIM_RESULT); i++)
      if (slice_equals(record_get_text(record_nested(record, RK_DKIM, i), F_DKIM_SIGNATURE_RESULT),
                       slice_from_string(results[r])))
        record_replace_text(record, F_DKIM_RESULT, slice_from_string(results[r]));
}

void
message_set_dkim(const Message *self, Record *record)
{
  guint n = record_count_nested(record, RK_DKIM);

  if (!n && !(self->arrived && self->dkim_logged && record_has(record, F_CLIENT_IP)))
    return;
  record_set_integer(record, F_DKIM_COUNT, n);
  if (!n)
    {
      record_replace_text(record, F_DKIM_RESULT, SLICE("none"));
      return;
    }
  _set_result(record, n);
  for (guint i = 0; i < n; i++)
    _set_aligned(record, record_nested(record, RK_DKIM, i));
}
