/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of a record kind is the list of its fields in the order of their keys, each name split at its dots.  Fields
 * whose names begin alike stand together, so that a nested object opens once.  Knows names; must not know values.
 */
#ifndef MAILTRACE_DOCUMENT_PLAN_H_INCLUDED
#define MAILTRACE_DOCUMENT_PLAN_H_INCLUDED

#include "ecs-derived.h"
#include "mailtrace/document.h"

#define PLAN_DEPTH_MAX 4
#define PLAN_MAX (FIELD_COUNT + 32)
#define PLAN_KEY_ROOM 32     /* copied as a whole */
#define PLAN_PATH_MAX 64       /* copied as a whole, from wherever it begins */

/* a FieldType, or that the value is derived */
#define PLAN_DERIVED (FT_RECORDS + 1)
#define PLAN_ABSENT (FT_RECORDS + 2)

#define PLAN_OUTERMOST 0       /* object */
#define PLAN_NO_OBJECT G_MAXUINT16

/* where an entry stands: looked at only when the one before stands in another object */
typedef struct _PlanPath
{
  guint8 at[PLAN_DEPTH_MAX + 1];       /* where the text of each part begins, its comma or brace included */
  guint16 objects[PLAN_DEPTH_MAX];     /* all it stands in, from the outermost one on */
  gchar text[2 * PLAN_PATH_MAX];       /* ,"a":{"b":{"c": */
  Slice parts[PLAN_DEPTH_MAX];
} PlanPath;

typedef struct _PlanEntry
{
  gchar key[PLAN_KEY_ROOM];    /* ,"c": behind another entry of the same object; and the first quote of a text */
  guint16 object;              /* the innermost one; PLAN_NO_OBJECT: it has no value of its own */
  guint16 value;               /* where it is among the values, in bytes */
  guint8 key_len;
  guint8 id;                   /* FieldId */
  guint8 type;
  guint8 depth;
  const EcsDerived *derived;   /* of PLAN_DERIVED */
  PlanPath *path;
  gpointer unused;             /* a power of 2 is found faster */
} PlanEntry;

#define PLAN_ROUTES 64

/* Documents of a kind mostly have the same fields: what is written for them, entry after entry, and never changes.  The
 * key of an entry is all that stands in front of its value; a long one takes entries without a value of its own. */
typedef struct _PlanRoute
{
  guint64 has[FACTS_WORDS];
  guint n;
  PlanEntry entries[];
} PlanRoute;

typedef struct _Plan
{
  guint n;
  gboolean is_in_order;        /* of the fields, each at most once: entries are found by field */
  guint16 first_of[FIELD_COUNT], next_of[PLAN_MAX];   /* else entries of a field, as numbers from 1 on; 0: no more */
  PlanEntry entries[PLAN_MAX];
  PlanPath paths[PLAN_MAX];
  PlanRoute **routes;          /* PLAN_ROUTES of them, each NULL until it is made: by whatever thread comes first */
} Plan;

/* the writer does not move afterwards */
void plan_make(Plan *self, RecordKind kind, DocumentFormat format);
void plan_release(Plan *self);

#endif
