/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows what was counted; must not know how. */
#include "report.h"

typedef struct _Count
{
  const gchar *name;
  guint64 value;
} Count;

static void
_append_counts(GString *out, const Count *counts, guint n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_printf(out, "%s\"%s\":%" G_GUINT64_FORMAT, i ? "," : "", counts[i].name, counts[i].value);
}

static void
_append_object(GString *out, const gchar *name, const Count *counts, guint n)
{
  g_string_append_printf(out, ",\"%s\":{", name);
  _append_counts(out, counts, n);
  g_string_append_c(out, '}');
}

static void
_append_groups(const Report *self, const TrackerCounters *counters, GString *out)
{
  Count roles[LINE_ROLE_COUNT], records[RECORD_KIND_COUNT], reasons[END_REASON_COUNT];
  guint n_records = 0;

  for (guint i = 0; i < LINE_ROLE_COUNT; i++)
    roles[i] = (Count) { line_role_name((LineRole) i), counters->lines_by_role[i] };
  for (guint i = 0; i < RECORD_KIND_COUNT; i++)
    if (i != RK_LINE && i != RK_REFUSAL)
      records[n_records++] = (Count) { record_kind_name((RecordKind) i), self->documents_by_record[i] };
  for (guint i = 0; i < END_REASON_COUNT; i++)
    reasons[i] = (Count) { end_reason_name((EndReason) i), self->documents_by_end_reason[i] };
  _append_object(out, "lines_by_role", roles, LINE_ROLE_COUNT);
  _append_object(out, "documents_by_record", records, n_records);
  _append_object(out, "documents_by_end_reason", reasons, END_REASON_COUNT);
}

void
report_as_json(const Report *self, const TrackerCounters *counters, GString *out)
{
  const Count counts[] =
  {
    { "lines", self->lines },
    { "bytes", self->bytes },
    { "lines_of_messages", counters->lines_of_messages },
    { "lines_of_sessions", counters->lines_of_sessions },
    { "not_ours_lines", counters->lines_not_ours },
    { "unknown_lines", counters->lines_unknown },
    { "repeated_lines", counters->lines_repeated },
    { "continuation_lines", counters->lines_continued },
    { "late_lines", counters->lines_late },
    { "messages_opened", counters->messages_opened },
    { "documents", self->documents },
    { "sessions", counters->sessions_ended },
    { "revisions", counters->revisions },
    { "open_messages", self->open_messages },
    { "open_sessions", self->open_sessions },
  };
  gchar seconds[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c(out, '{');
  _append_counts(out, counts, G_N_ELEMENTS(counts));
  _append_groups(self, counters, out);
  g_ascii_formatd(seconds, sizeof(seconds), "%.3f", self->seconds);
  g_string_append_printf(out, ",\"seconds\":%s}\n", seconds);
}

void
report_as_text(const Report *self, const TrackerCounters *counters, GString *out)
{
  gdouble seconds = MAX(self->seconds, 1e-6);

  g_string_append_printf(out, "mailtrace: lines: %" G_GUINT64_FORMAT " (unknown: %" G_GUINT64_FORMAT ", of others: %"
                         G_GUINT64_FORMAT "), ", self->lines, counters->lines_unknown, counters->lines_not_ours);
  g_string_append_printf(out, "messages: %" G_GUINT64_FORMAT " (%s: %u), sessions: %" G_GUINT64_FORMAT
                         ", documents: %" G_GUINT64_FORMAT ", ", counters->messages_opened,
                         self->stay_open ? "stay open" : "open at the end", self->open_messages,
                         counters->sessions_ended, self->documents);
  g_string_append_printf(out, "%.2f s, %.0f lines/s\n", self->seconds, self->lines / seconds);
}
