/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stamps of all kinds of headers.  Knows dates and clocks; must not know what stands behind them. */
#ifndef MAILTRACE_FRAME_STAMP_H_INCLUDED
#define MAILTRACE_FRAME_STAMP_H_INCLUDED

#include "mailtrace/frame.h"

#define DATE_TIME_LEN 19   /* "YYYY-MM-DD hh:mm:ss" */

static inline gboolean
frame_take_char(Slice *at, gchar c)
{
  if (!at->len || at->str[0] != c)
    return FALSE;
  *at = slice_new(at->str + 1, at->len - 1);
  return TRUE;
}

gboolean frame_take_number(Slice *at, gsize digits, gint *out);

/* each takes the blank behind it, too */
gboolean frame_stamp_utm(Slice *at, Stamp *out);
gboolean frame_stamp_damaged_utm(Slice *at, gint year, Stamp *out);
gboolean frame_stamp_bsd(Slice *at, gint64 now_sec, Stamp *out);
gboolean frame_stamp_iso(Slice *at, Stamp *out);
gboolean frame_stamp_exim(Slice *at, Stamp *out);

/* behind the seconds of an exim stamp, which are known */
gboolean frame_stamp_exim_end(Slice *at, gint64 local_usec, Stamp *out);

#endif
