/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Traces: whole histories and the documents they must give.  A file in tests/traces has lines
 *   # why the case exists
 *   < a raw log line
 *   ! end of input (without it the trace ends there, too)
 *   = an expected document, in the order of emission; the whole document is compared
 */
#include "mailtrace/document.h"
#include "mailtrace/tracker.h"
#include <criterion/criterion.h>

#define NOW_SEC 1574000000

typedef struct _Trace
{
  Tracker *tracker;
  DocumentWriter *writer;
  GPtrArray *documents, *expected;
} Trace;

static void
_collect(Trace *self, SummaryQueue *queue)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      GString *json = g_string_new(NULL);
      document_write(self->writer, summary->facts, json);
      g_ptr_array_add(self->documents, g_string_free(json, FALSE));
      summary_free(summary);
    }
}

static void
_feed(Trace *self, const gchar *raw)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  Frame frame;
  Line line = { 0 };

  if (frame_split(slice_from_string(raw), NOW_SEC, &frame))
    line_parse(&frame, &line);
  if (!frame.host.len)
    frame.host = SLICE("localhost");
  tracker_feed(self->tracker, &frame, &line, 0, &queue);
  _collect(self, &queue);
}

static void
_finish(Trace *self)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;

  tracker_finish(self->tracker, ER_SHUTDOWN, &queue);
  _collect(self, &queue);
}

static void
_run(Trace *self, gchar **lines)
{
  for (gchar **line = lines; *line; line++)
    {
      if (g_str_has_prefix(*line, "< "))
        _feed(self, *line + 2);
      else if (g_str_has_prefix(*line, "= "))
        g_ptr_array_add(self->expected, *line + 2);
    }
  _finish(self);
}

static void
_check(const gchar *path)
{
  TrackerOptions options;
  TlsPolicy *policy = tls_policy_shipped(SLICE(TLS_POLICY_DEFAULT));
  Trace self = { .documents = g_ptr_array_new_with_free_func(g_free), .expected = g_ptr_array_new() };
  gchar *contents = NULL;

  cr_assert(g_file_get_contents(path, &contents, NULL, NULL), "%s", path);
  gchar **lines = g_strsplit(contents, "\n", -1);
  tracker_options_init(&options);
  options.tls_policy = policy;
  self.tracker = tracker_new(&options);
  self.writer = document_writer_new(DF_NATIVE);
  _run(&self, lines);
  cr_assert_geq(self.expected->len, 1, "%s expects nothing", path);
  cr_expect_eq(self.documents->len, self.expected->len, "%s: %u documents instead of %u", path, self.documents->len,
               self.expected->len);
  for (guint i = 0; i < MIN(self.documents->len, self.expected->len); i++)
    cr_expect_str_eq(g_ptr_array_index(self.documents, i), g_ptr_array_index(self.expected, i), "%s, document %u", path,
                     i + 1);
  tracker_free(self.tracker);
  tls_policy_unref(policy);
  document_writer_free(self.writer);
  g_ptr_array_free(self.documents, TRUE);
  g_ptr_array_free(self.expected, TRUE);
  g_strfreev(lines);
  g_free(contents);
}

Test(trace, every_history_gives_its_documents)
{
  GDir *dir = g_dir_open(TRACE_DIR, 0, NULL);
  const gchar *name;
  guint n = 0;

  cr_assert_not_null(dir);
  while ((name = g_dir_read_name(dir)))
    {
      gchar *path = g_build_filename(TRACE_DIR, name, NULL);
      if (g_str_has_suffix(name, ".trace") && ++n)
        _check(path);
      g_free(path);
    }
  g_dir_close(dir);
  cr_assert_geq(n, 3u);
}
