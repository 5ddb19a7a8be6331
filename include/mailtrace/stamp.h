/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stamp: a time as logs print it, which may lack its UTC offset.  Proleptic Gregorian calendar, no leap seconds.
 */
#ifndef MAILTRACE_STAMP_H_INCLUDED
#define MAILTRACE_STAMP_H_INCLUDED

#include "mailtrace/slice.h"

#define STAMP_OFFSET_UNKNOWN G_MININT32
#define STAMP_USEC G_GINT64_CONSTANT(1000000)

typedef struct _Stamp
{
  gint64 local_usec;   /* the printed clock, read as if it were UTC: microseconds since 1970; 0 = no stamp */
  gint32 offset_sec;   /* local minus UTC, or STAMP_OFFSET_UNKNOWN */
} Stamp;

static inline gboolean
stamp_has_offset(const Stamp *self)
{
  return self->offset_sec != STAMP_OFFSET_UNKNOWN;
}

/* microseconds since 1970 UTC; an unknown offset counts as 0 */
static inline gint64
stamp_to_utc_usec(const Stamp *self)
{
  return self->local_usec - (stamp_has_offset(self) ? (gint64) self->offset_sec * STAMP_USEC : 0);
}

/* seconds since 1970 of a civil date and time; fields as printed (month 1..12); no range checks */
gint64 stamp_civil_to_sec(gint year, gint month, gint day, gint hour, gint minute, gint second);

#define STAMP_ISO_MAX 40

/* ISO 8601 with offset (none when unknown), fraction only when there is one: "2019-06-10T11:04:40-04:00".
 * Writes at most STAMP_ISO_MAX bytes, returns the length without the NUL. */
gsize stamp_format_iso(const Stamp *self, gchar buf[STAMP_ISO_MAX]);

/* "2019-06-10T11:04:40" in the clock as printed, never converted; same limits */
gsize stamp_format_local(const Stamp *self, gchar buf[STAMP_ISO_MAX]);

#endif
