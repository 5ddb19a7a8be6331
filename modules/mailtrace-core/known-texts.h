/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KnownTexts: a set of texts that lives as long as a function.  A few are compared; of many their hashes are, so that
 * no number of them takes more than linear time.
 */
#ifndef MAILTRACE_KNOWN_TEXTS_H_INCLUDED
#define MAILTRACE_KNOWN_TEXTS_H_INCLUDED

#include "u64-map.h"
#include "mailtrace/slice.h"

#define KNOWN_TEXTS_FEW 8

typedef struct _KnownTexts
{
  guint64 seed;
  U64Map hashes;      /* beyond a few */
  guint n;
  Slice few[KNOWN_TEXTS_FEW];
} KnownTexts;

static inline void
known_texts_init(KnownTexts *self, guint64 seed)
{
  self->seed = seed;
  self->hashes = (U64Map) { 0 };
  self->n = 0;
}

static inline void
known_texts_release(KnownTexts *self)
{
  u64_map_release(&self->hashes, NULL);
}

gboolean known_texts_has(const KnownTexts *self, Slice text);

gboolean known_texts_add_further(KnownTexts *self, Slice text);

/* TRUE when it is new; the bytes must live as long as the set */
static inline gboolean
known_texts_add(KnownTexts *self, Slice text)
{
  if (self->n)
    return known_texts_add_further(self, text);
  self->few[self->n++] = text;
  return TRUE;
}

#endif
