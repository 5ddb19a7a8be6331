/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frame: who said a line, and when.  Takes the header off a raw line, whatever syslog or file it came through:
 *
 *   2019:06:10-11:04:40 defense exim-in[9103]: TEXT             Sophos UTM, with or without host, with or without <PRI>
 *   Mar  1 00:01:01 192.0.2.1 2019: 06:10-11:04:40 [host ]...    the same, damaged by a classic syslogd
 *   <22>Jun 10 11:04:40 mx exim[12]: TEXT                        RFC 3164
 *   2026-11-24T15:05:07.812+00:00 mx exim[12]: TEXT              ISO files
 *   <22>1 2026-11-24T15:05:07Z mx exim 12 - - TEXT               RFC 5424
 *   2019-06-10 11:04:40[.123][ +0200] [[pid] ]TEXT               Exim's own main log
 *   mx exim[12]: 2019-06-10 11:04:40 TEXT                        the same behind host and program
 *
 * Exim's own stamp (and "[pid] ") in front of TEXT is taken off as well and wins over the outer one.
 * Knows no mail.  No allocation, linear time, any bytes.
 */
#ifndef MAILTRACE_FRAME_H_INCLUDED
#define MAILTRACE_FRAME_H_INCLUDED

#include "mailtrace/stamp.h"

typedef struct _Frame
{
  Stamp stamp;
  Slice host;      /* empty: the line names none */
  Slice node;      /* set by the caller who renamed the host: the cluster node, whose pids are its own; else empty */
  Slice program;   /* without [pid] and colon; empty: a bare main log */
  guint32 pid;     /* 0: not logged */
  Slice text;      /* what the program said; trailing CR and LF are cut off */
  gboolean has_header; /* a syslog header names the program, or a stamp of Exim stands in front of the text */
  Slice raw;       /* the whole line, as far as it was given; trailing CR and LF are cut off */
} Frame;

/* FALSE: no known frame; then text is the whole line (without CR and LF) and everything else is empty.
 * now_sec (seconds since 1970 UTC) serves only to guess the year of RFC 3164 stamps. */
gboolean frame_split(Slice raw, gint64 now_sec, Frame *out);

#define FRAME_MEMORY_MAX 80

/* How the line before began, and what that meant: most lines of a log begin like the one before.  Zeroed at first. */
typedef struct _FrameMemory
{
  gchar begin[FRAME_MEMORY_MAX];
  gsize len;
  gsize host_len;   /* 0: a bare main log */
  Stamp stamp;
} FrameMemory;

/* the same as frame_split(), faster; memory may be that of any other lines */
LAYER_ENTRY gboolean frame_split_next(FrameMemory *memory, Slice raw, gint64 now_sec, Frame *out);

/* a line whose header a syslog daemon has taken off already; repairs the UTM's header ("2019" taken for the program).
 * stamp is the daemon's; Exim's own stamp in front of text wins. */
void frame_from_syslog(Slice host, Slice program, Slice pid, Stamp stamp, Slice text, Frame *out);

/* takes Exim's own stamp and "[pid] " off the front of the text, as both functions above do */
void frame_take_inner(Frame *self);

#endif
