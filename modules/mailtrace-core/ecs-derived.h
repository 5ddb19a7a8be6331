/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an ECS document says beside the fields that have an ECS name: constants, and values made from one field.
 * Knows ECS; must not know how documents are written.
 */
#ifndef MAILTRACE_ECS_DERIVED_H_INCLUDED
#define MAILTRACE_ECS_DERIVED_H_INCLUDED

#include "mailtrace/facts.h"

typedef struct _EcsDerived
{
  const gchar *name;   /* dotted */
  FieldId source;      /* absent source: absent key */
  guint kinds;         /* bit (1 << RecordKind) each */
  gboolean as_list;
  Slice (*derive)(const Facts *facts, Slice first);   /* str NULL: absent key */
} EcsDerived;

/* static; NULL behind the last one */
const EcsDerived *ecs_derived_get(guint i);

/* TRUE when derived rows say everything under its ECS name: then the field itself has none */
gboolean ecs_derived_replaces(FieldId id);

#endif
