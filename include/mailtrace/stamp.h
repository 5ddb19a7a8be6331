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
} __attribute__((packed, aligned(4))) Stamp;   /* 12 bytes: there are many */

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

static inline void
stamp_keep_earliest(Stamp *self, const Stamp *other)
{
  if (other->local_usec && (!self->local_usec || stamp_to_utc_usec(other) < stamp_to_utc_usec(self)))
    *self = *other;
}

static inline void
stamp_keep_latest(Stamp *self, const Stamp *other)
{
  if (other->local_usec && (!self->local_usec || stamp_to_utc_usec(other) > stamp_to_utc_usec(self)))
    *self = *other;
}

/* a silence that is nothing but a change to summer time, as long as nothing told the new offset */
static inline gboolean
clock_is_dst_step(gint64 usec)
{
  return ABS(usec - 3600 * STAMP_USEC) <= 300 * STAMP_USEC;
}

/* seconds since 1970 of a civil date and time; fields as printed (month 1..12); no range checks */
gint64 stamp_civil_to_sec(gint year, gint month, gint day, gint hour, gint minute, gint second);

/* the date of a day, counted from 1970-01-01 on; the year is cut to 0 to 9999 */
void stamp_date_of_day(gint64 days, gint *year, gint *month, gint *day);

#define STAMP_ISO_MAX 40

/* ISO 8601 with offset (none when unknown), fraction only when there is one: "2019-06-10T11:04:40-04:00".
 * Writes at most STAMP_ISO_MAX bytes, returns the length without the NUL. */
gsize stamp_format_iso(const Stamp *self, gchar buf[STAMP_ISO_MAX]);

/* "2019-06-10T11:04:40" in the clock as printed, never converted; same limits */
gsize stamp_format_local(const Stamp *self, gchar buf[STAMP_ISO_MAX]);

#endif
