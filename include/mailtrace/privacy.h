/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Privacy: which words of people a document may not show, and what it shows instead.  Knows which fields are addresses,
 * subjects and texts of strangers; must not know where documents go.
 */
#ifndef MAILTRACE_PRIVACY_H_INCLUDED
#define MAILTRACE_PRIVACY_H_INCLUDED

#include "mailtrace/facts.h"

typedef enum _PrivateThing
{
  PT_SUBJECT,
  PT_LOCAL_PART,   /* of every address, also inside texts; login names */
  PT_TEXT,         /* replies, errors, reasons and warnings in strangers' words; can only be left out */
} PrivateThing;

#define PRIVACY_KEY_MIN 16

/* all zeros: nothing is private; copied by assignment */
typedef struct _Privacy
{
  guint hashed;    /* bit (1 << PrivateThing) */
  guint omitted;
  gboolean has_key;
  guint8 key[32];
} Privacy;

/* FALSE for an unknown name; known: "subject", "local-part", "text" */
gboolean private_thing_by_name(Slice name, PrivateThing *thing);

/* FALSE: shorter than PRIVACY_KEY_MIN bytes */
gboolean privacy_set_key(Privacy *self, Slice secret);

static inline gboolean
privacy_is_on(const Privacy *self)
{
  return self->hashed || self->omitted;
}

/* what is wrong with the combination, static; NULL: nothing */
const gchar *privacy_problem(const Privacy *self);

/* the same document without what is private; texts are shared with facts, which must outlive it; linear in its bytes */
Facts *privacy_apply(const Privacy *self, const Facts *facts);

#endif
