/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MessageGlue: log messages to frames, lines and documents to log messages.  All names are registered once.
 * Read-only after init: all threads share it.
 */
#ifndef MAILTRACE_MESSAGE_GLUE_H_INCLUDED
#define MAILTRACE_MESSAGE_GLUE_H_INCLUDED

#include "compat.h"
#include "options.h"

typedef struct _MessageGlue
{
  CompatName names[RECORD_KIND_COUNT][FIELD_COUNT];   /* handle 0: no such field in that kind, or not wanted */
  guint64 wanted[RECORD_KIND_COUNT][FACTS_WORDS];     /* bit of each field that has a handle, as in Facts */
  const MailtraceOptions *options;   /* the parser's own */
  DocumentWriter *writer;
  LogTagId tag;
} MessageGlue;

void message_glue_init(MessageGlue *self, const MailtraceOptions *options);
void message_glue_release(MessageGlue *self);

/* copies of short texts that a frame points to; begins with len 0, and lives as long as the frame */
typedef struct _FrameCopy
{
  gsize len;
  gchar text[512];
} FrameCopy;

/* the frame of a log message: its own text when that is a raw line, else what syslog-ng took off it */
void message_glue_get_frame(LogMessage *msg, Slice input, const MailtraceOptions *options, FrameCopy *copy, Frame *out);

/* fields of a line, as name-value pairs; msg must be writable */
void message_glue_set_line(const MessageGlue *self, LogMessage *msg, const Frame *frame, const Line *line);

/* the document of a record as a message of its own */
LogMessage *message_glue_new_document(const MessageGlue *self, const Facts *facts);

#endif
