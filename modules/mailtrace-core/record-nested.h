/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NestedRecords: the nested records of a record lie in one array: by kind, the last kind first, so that the deliveries,
 * of which there may be many, move for no others.
 */
#ifndef MAILTRACE_RECORD_NESTED_H_INCLUDED
#define MAILTRACE_RECORD_NESTED_H_INCLUDED

#include "mailtrace/record.h"

#define NESTED_KINDS (RECORD_KIND_COUNT - FIRST_NESTED_KIND)

struct _NestedRecords
{
  guint32 n[NESTED_KINDS], n_all, size;
  Record items[];
};

static inline gsize
nested_records_bytes(guint32 n)
{
  return sizeof(NestedRecords) + n * sizeof(Record);
}

#endif
