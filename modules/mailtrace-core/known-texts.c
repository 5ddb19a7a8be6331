/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "known-texts.h"

gboolean
known_texts_has(const KnownTexts *self, Slice text)
{
  guint32 ignored;

  if (self->n > KNOWN_TEXTS_FEW)
    return u64_map_get(&self->hashes, slice_hash(text, self->seed), &ignored);
  for (guint i = 0; i < self->n; i++)
    if (slice_equals(self->few[i], text))
      return TRUE;
  return FALSE;
}

static gboolean
_add_hash(KnownTexts *self, Slice text)
{
  guint32 ignored = 0;

  return u64_map_insert(&self->hashes, slice_hash(text, self->seed), &ignored, NULL);
}

gboolean
known_texts_add_further(KnownTexts *self, Slice text)
{
  if (self->n <= KNOWN_TEXTS_FEW && known_texts_has(self, text))
    return FALSE;
  if (self->n < KNOWN_TEXTS_FEW)
    {
      self->few[self->n++] = text;
      return TRUE;
    }
  for (guint i = 0; self->n == KNOWN_TEXTS_FEW && i < KNOWN_TEXTS_FEW; i++)
    _add_hash(self, self->few[i]);
  self->n = KNOWN_TEXTS_FEW + 1;
  return _add_hash(self, text);
}
