/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a message's document says about its DKIM signatures */
#include "lower.h"
#include "message-parts.h"
#include "words.h"

#include <libpsl.h>

#define DOMAIN_MAX 255

/* in lower case, without the dot at its end; SLICE_NONE when no domain can be so long, or has a NUL */
static Slice
_normal(Slice domain, gchar lower[DOMAIN_MAX + 1])
{
  if (!domain.len || domain.len > DOMAIN_MAX)
    return SLICE_NONE;
  if (slice_find_char(domain, '\0') >= 0)
    return SLICE_NONE;
  lower_copy(lower, domain);
  if (lower[domain.len - 1] == '.')
    domain.len--;
  lower[domain.len] = '\0';
  return slice_new(lower, domain.len);
}

static Slice
_domain_of(Slice address)
{
  gssize at = slice_find_last_char(address, '@');

  return at < 0 ? SLICE_NONE : slice_skip(address, (gsize) at + 1);
}

/* the registrable domain by the Public Suffix List as built in; a name that is a public suffix itself stays as it is */
static Slice
_organisational_domain(Slice domain)
{
  const gchar *registrable = psl_registrable_domain(psl_builtin(), domain.str);

  return registrable ? slice_from_string(registrable) : domain;
}

/* Organisational domains of different domains have two labels, and both domains end with them. */
static gboolean
_share_two_labels(Slice a, Slice b)
{
  guint dots = 0;
  gsize n = 0;

  for (; n < a.len && n < b.len && a.str[a.len - 1 - n] == b.str[b.len - 1 - n]; n++)
    dots += a.str[a.len - 1 - n] == '.';
  return dots >= 2 || (dots == 1 && ((n == a.len && b.str[b.len - 1 - n] == '.')
                                     || (n == b.len && a.str[a.len - 1 - n] == '.')));
}

static gboolean
_is_aligned(Slice signing, Slice sender)
{
  gchar signing_lower[DOMAIN_MAX + 1], sender_lower[DOMAIN_MAX + 1];
  Slice a = signing, b = _domain_of(sender);

  if (slice_equals(a, b) && a.len > 1 && a.len <= DOMAIN_MAX && slice_find_char(a, '\0') < 0)
    return TRUE;
  a = _normal(signing, signing_lower);
  b = _normal(b, sender_lower);
  if (!a.len || !b.len)
    return FALSE;
  if (slice_equals(a, b))
    return TRUE;
  return _share_two_labels(a, b) && slice_equals(_organisational_domain(a), _organisational_domain(b));
}

/* the sender of the envelope, and the one that the scanner knows; what a rewritten address claims is nobody's word */
static void
_set_aligned(Facts *facts, Facts *signature)
{
  Slice domain = facts_get_text(signature, F_DKIM_DOMAIN);
  const Facts *scan = facts_nested(facts, RK_SCAN, 0);
  Slice sender = facts_get_text(facts, F_SENDER);
  Slice original = scan ? facts_get_text(scan, F_SCAN_SENDER) : SLICE_NONE;

  if (!domain.len || (!sender.len && !original.len))
    return;
  gboolean aligned = _is_aligned(domain, sender) || (!slice_equals(sender, original) && _is_aligned(domain, original));
  gboolean passed = slice_equals(facts_get_text(signature, F_DKIM_SIGNATURE_RESULT), SLICE("pass"));
  facts_set_number(signature, F_DKIM_SIGNATURE_ALIGNED, aligned);
  facts_set_number(facts, F_DKIM_ALIGNED, facts_get_integer(facts, F_DKIM_ALIGNED, 0) || (aligned && passed));
}

/* the best of all */
static void
_set_result(Facts *facts)
{
  static const Slice results[] = { WORD_ROW(w_pass), WORD_ROW(w_fail), WORD_ROW(w_invalid), WORD_ROW(w_none) };
  guint best = G_N_ELEMENTS(results);
  const Facts *signature;

  for (guint i = 0; (signature = facts_nested(facts, RK_DKIM, i)); i++)
    for (guint r = 0; r < best; r++)
      if (slice_equals(facts_get_text(signature, F_DKIM_SIGNATURE_RESULT), results[r]))
        best = r;
  if (best < G_N_ELEMENTS(results))
    facts_set_text(facts, F_DKIM_RESULT, results[best]);
}

void
message_set_dkim(const Message *self, Facts *facts)
{
  guint n = facts_count_nested(facts, RK_DKIM);

  if (!n && !(self->arrived && self->dkim_logged && facts_has(facts, F_CLIENT_IP)))
    return;
  facts_set_number(facts, F_DKIM_COUNT, n);
  if (!n)
    facts_set_text(facts, F_DKIM_RESULT, WORD_TEXT(w_none));
  _set_result(facts);
  for (guint i = 0; i < n; i++)
    _set_aligned(facts, facts_nested_at(facts, RK_DKIM, i));
}
