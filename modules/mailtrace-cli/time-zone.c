/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows GTimeZone; must not know lines.  Zones change their offset at quarters of an hour, so one is remembered. */
#include "time-zone.h"

#define QUARTER_SEC 900

struct _TimeZone
{
  GTimeZone *zone;
  gint64 quarter;
  gint32 offset_sec;
};

TimeZone *
time_zone_new(const gchar *name)
{
  GTimeZone *zone = name ? g_time_zone_new_identifier(name) : g_time_zone_new_local();

  if (!zone)
    return NULL;
  TimeZone *self = g_new0(TimeZone, 1);
  self->zone = zone;
  self->quarter = G_MAXINT64;
  return self;
}

void
time_zone_free(TimeZone *self)
{
  if (!self)
    return;
  g_time_zone_unref(self->zone);
  g_free(self);
}

gint32
time_zone_offset_at(gint64 local_sec, gpointer data)
{
  TimeZone *self = data;
  gint64 quarter = local_sec / QUARTER_SEC, adjusted = local_sec;

  if (quarter != self->quarter)
    {
      gint interval = g_time_zone_adjust_time(self->zone, G_TIME_TYPE_STANDARD, &adjusted);

      self->offset_sec = g_time_zone_get_offset(self->zone, interval);
      self->quarter = quarter;
    }
  return self->offset_sec;
}
