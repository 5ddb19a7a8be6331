/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a message's document says about its recipients and their domains */
#include "host.h"
#include "known-texts.h"
#include "lower.h"
#include "message-parts.h"

#define DOMAINS_FROM_MAX 1000   /* recipients whose domains are looked at */

Slice
facts_domain(Facts *facts, Slice address)
{
  gssize at = slice_find_last_char(address, '@');
  Slice domain = at < 0 ? SLICE_NONE : slice_skip(address, (gsize) at + 1);

  if (!lower_has_work(domain))
    return domain;
  gchar *lower = facts_alloc(facts->memory, domain.len);
  lower_copy(lower, domain);
  return slice_new(lower, domain.len);
}

static Slice
_envelope_recipient(const Facts *delivery)
{
  Slice original = facts_get_text(delivery, F_DELIVERY_ORIGINAL_RECIPIENT);

  return original.len ? original : facts_get_text(delivery, F_DELIVERY_RECIPIENT);
}

/* an empty one is a recipient, too */
static void
_add_recipient(Facts *facts, KnownTexts *known, Slice recipient)
{
  if (known_texts_add(known, recipient))
    facts_append(facts, F_RECIPIENTS, recipient);
}

/* from what was delivered, else from what the scanner said */
static void
_derive_recipients(Facts *facts, gboolean envelope_known, KnownTexts *known)
{
  const Facts *nested;

  for (guint i = 0; !envelope_known && (nested = facts_nested(facts, RK_DELIVERY, i)); i++)
    _add_recipient(facts, known, _envelope_recipient(nested));
  if (facts_has(facts, F_RECIPIENTS) || !(nested = facts_nested(facts, RK_SCAN, 0)))
    return;
  for (const FactItem *item = facts_get_list(nested, F_SCAN_RECIPIENTS); item; item = item->next)
    _add_recipient(facts, known, item->text);
}

static void
_set_domains(Facts *facts, KnownTexts *known)
{
  guint n = 0;

  for (const FactItem *item = facts_get_list(facts, F_RECIPIENTS); item && n < DOMAINS_FROM_MAX; item = item->next)
    {
      Slice domain = facts_domain(facts, item->text);

      n += domain.str != NULL;
      if (domain.str && known_texts_add(known, domain))
        facts_append(facts, F_RECIPIENT_DOMAINS, domain);
    }
}

/* most messages have one recipient; FALSE: there are more */
static gboolean
_set_only_domain(Facts *facts)
{
  const FactItem *item = facts_get_list(facts, F_RECIPIENTS);
  Slice domain = item && !item->next ? facts_domain(facts, item->text) : SLICE_NONE;

  if (item && item->next)
    return FALSE;
  if (domain.str)
    facts_append(facts, F_RECIPIENT_DOMAINS, domain);
  return TRUE;
}

void
message_set_recipients(const Message *self, Facts *facts)
{
  KnownTexts known;

  if (!self->envelope_known || !facts_has(facts, F_RECIPIENTS))
    {
      known_texts_init(&known, self->host->seed);
      for (const FactItem *item = facts_get_list(facts, F_RECIPIENTS); item; item = item->next)
        known_texts_add(&known, item->text);
      _derive_recipients(facts, self->envelope_known, &known);
      known_texts_release(&known);
    }
  if (_set_only_domain(facts))
    return;
  known_texts_init(&known, self->host->seed);
  _set_domains(facts, &known);
  known_texts_release(&known);
}

static void
_add_missing(Facts *facts, Slice recipient, Slice status)
{
  Facts *delivery = facts_add(facts, RK_DELIVERY);

  facts_set_text(delivery, F_DELIVERY_RECIPIENT, recipient);
  facts_set_text(delivery, F_DELIVERY_DOMAIN, facts_domain(delivery, recipient));
  facts_set_text(delivery, F_DELIVERY_STATUS, status.len ? status : SLICE("unknown"));
}

/* the one recipient and the one delivery belong together */
static gboolean
_is_only_one(const Facts *facts, const FactItem *item)
{
  return item && !item->next && facts_count_nested(facts, RK_DELIVERY) == 1
         && slice_equals(_envelope_recipient(facts_nested(facts, RK_DELIVERY, 0)), item->text);
}

void
message_add_missing_deliveries(const Message *self, Facts *facts, Slice status)
{
  const FactItem *item = facts_get_list(facts, F_RECIPIENTS);
  const Facts *delivery;
  KnownTexts known;

  if (_is_only_one(facts, item))
    return;
  known_texts_init(&known, self->host->seed);
  for (guint i = 0; item && (delivery = facts_nested(facts, RK_DELIVERY, i)); i++)
    known_texts_add(&known, _envelope_recipient(delivery));
  for (; item; item = item->next)
    if (known_texts_add(&known, item->text))
      _add_missing(facts, item->text, status);
  known_texts_release(&known);
}
