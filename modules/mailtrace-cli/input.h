/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: the lines of one file or of standard input, plain or gzip (recognised by its first bytes).  Lines end at LF,
 * the last one also at the end; any bytes, any length.  Memory does not grow with the input.
 */
#ifndef MAILTRACE_CLI_INPUT_H_INCLUDED
#define MAILTRACE_CLI_INPUT_H_INCLUDED

#include "mailtrace/slice.h"

#define INPUT_LINE_MAX (1024 * 1024)

typedef enum _InputResult
{
  IR_LINE,
  IR_LONG_LINE,   /* longer than INPUT_LINE_MAX: its begin; the rest is skipped */
  IR_END,
  IR_ERROR,       /* see input_error(); what was read before has been handed out */
} InputResult;

typedef struct _Input Input;

/* before each read: idle is TRUE when nothing can be read right now */
typedef void (*InputHook)(gboolean idle, gpointer data);

/* "-" is standard input; NULL: *error says why, static */
Input *input_open(const gchar *name, InputHook hook, gpointer hook_data, const gchar **error);
void input_close(Input *self);

/* without LF; valid until the next call */
InputResult input_next(Input *self, Slice *line);

const gchar *input_error(const Input *self);

/* bytes taken from the file, before decompression */
guint64 input_position(const Input *self);

/* bytes of all lines handed out, after decompression, line feeds and skipped parts included */
guint64 input_text_bytes(const Input *self);

/* modification time of a regular file, seconds since 1970; 0 for anything else */
gint64 input_modified_sec(const Input *self);

struct stat;
/* that file is one of those named, "-" being standard input; pipes and devices never are */
gboolean input_is_among(const struct stat *file, gchar **names);

/* what input_position() will be at the end; 0 when unknown */
guint64 input_size_of(const gchar *name);

#endif
