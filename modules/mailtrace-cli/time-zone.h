/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TimeZone: the UTC offset that a zone had at a local time.  For stamps that have none.  Not thread-safe.
 */
#ifndef MAILTRACE_CLI_TIME_ZONE_H_INCLUDED
#define MAILTRACE_CLI_TIME_ZONE_H_INCLUDED

#include <glib.h>

typedef struct _TimeZone TimeZone;

/* an IANA name, "+hhmm", or NULL for the system's zone; NULL for an unknown one */
TimeZone *time_zone_new(const gchar *name);
void time_zone_free(TimeZone *self);

/* for TrackerOptions.offset_at; data is the TimeZone */
gint32 time_zone_offset_at(gint64 local_sec, gpointer data);

#endif
