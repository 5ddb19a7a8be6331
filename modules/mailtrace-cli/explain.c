/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explain.h"
#include "mailtrace/document.h"

static void
_append_header(const Frame *frame, GString *out)
{
  gchar stamp[STAMP_ISO_MAX];
  gsize len = stamp_has_offset(&frame->stamp) ? stamp_format_iso(&frame->stamp, stamp)
              : stamp_format_local(&frame->stamp, stamp);

  g_string_append_printf(out, "   header: stamp %.*s", (gint) len, stamp);
  if (frame->host.len)
    {
      g_string_append(out, ", host ");
      document_write_string(frame->host, out);
    }
  if (frame->program.len)
    {
      g_string_append(out, ", program ");
      document_write_string(frame->program, out);
    }
  if (frame->pid)
    g_string_append_printf(out, ", pid %u", frame->pid);
  g_string_append_c(out, '\n');
}

static gboolean
_is_inside(Slice raw, Slice value)
{
  return raw.str && value.str >= raw.str && value.str + value.len <= raw.str + raw.len;
}

/* where in the raw line the value stands, "-" for a word that mailtrace made */
static void
_append_value(const Frame *frame, const gchar *name, const LineField *field, GString *out)
{
  gchar *buffer = g_malloc(line_field_decoded_max(field) + 1);

  if (_is_inside(frame->raw, field->value))
    g_string_append_printf(out, "   %5" G_GSIZE_FORMAT "  ", (gsize) (field->value.str - frame->raw.str));
  else
    g_string_append(out, "       -  ");
  g_string_append_printf(out, "%s = ", name);
  document_write_string(line_field_decode(field, buffer), out);
  g_string_append_c(out, '\n');
  g_free(buffer);
}

static void
_append_fields(const Frame *frame, const Line *line, GString *out)
{
  const LineField ids[] =
  {
    { F_QUEUE_ID, FALSE, line->queue_id }, { F_PARENT, FALSE, line->parent }, { F_CAUSE, FALSE, line->cause }
  };

  for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
    if (ids[i].value.len)
      _append_value(frame, field_texts(ids[i].id)->name, &ids[i], out);
  for (guint i = 0; i < line->n_fields; i++)
    _append_value(frame, field_texts(line->fields[i].id)->name, &line->fields[i], out);
}

#define CONTEXT_BYTES 40

static void
_append_nearest(const Frame *frame, GString *out)
{
  LineNearest nearest;

  line_find_nearest(frame, &nearest);
  if (!nearest.shape)
    {
      g_string_append(out, "   no shape begins like this\n");
      return;
    }
  g_string_append_printf(out, "   closest shape: %s; it stopped at byte %" G_GSIZE_FORMAT " in front of ", nearest.shape,
                         (gsize) (nearest.rest.str - frame->raw.str));
  document_write_string(slice_head(nearest.rest, CONTEXT_BYTES), out);
  if (nearest.expected)
    {
      g_string_append(out, ", where it expects ");
      if (*nearest.expected)
        document_write_string(slice_from_string(nearest.expected), out);
      else
        g_string_append(out, "the end of the line");
    }
  g_string_append_c(out, '\n');
}

void
explain_line(guint64 number, const Frame *frame, gboolean has_frame, const Line *line, GString *out)
{
  g_string_append_printf(out, "%" G_GUINT64_FORMAT ": %s", number, line_role_name(line->role));
  if (line->shape)
    g_string_append_printf(out, ", shape %s", line->shape);
  g_string_append(out, "\n   ");
  document_write_string(frame->raw, out);
  g_string_append_c(out, '\n');
  if (has_frame)
    _append_header(frame, out);
  else
    g_string_append(out, "   header: none that mailtrace knows\n");
  _append_fields(frame, line, out);
  if (has_frame && line->role == LR_UNKNOWN)
    _append_nearest(frame, out);
}
