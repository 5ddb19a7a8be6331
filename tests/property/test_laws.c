/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Laws that hold for every history.  The histories are those of tests/traces and tests/golden.
 */
#include "facts-make.h"
#include "mailtrace/document.h"
#include "mailtrace/tracker.h"
#include "../unit/guard-page.h"
#include <criterion/criterion.h>

#define NOW_SEC 1574000000

typedef struct _Run
{
  GHashTable *documents;    /* id -> last revision, without "revision" and "lines" */
  guint messages, final_twice;
  TrackerCounters counters;
} Run;

static void
_collect(Run *self, const DocumentWriter *writer, SummaryQueue *queue)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      GString *json = g_string_new(NULL);
      gchar *id = slice_dup(facts_get_text(summary->facts, F_ID));

      facts_remove(summary->facts, F_REVISION);
      facts_remove(summary->facts, F_LINES);
      document_write(writer, summary->facts, json);
      self->messages += summary->facts->kind == RK_MESSAGE && !g_hash_table_contains(self->documents, id);
      g_hash_table_insert(self->documents, id, g_string_free(json, FALSE));
      summary_free(summary);
    }
}

/* feeds all lines, the line number skip not, the line number twice a second time */
static Run
_run(GPtrArray *lines, gint skip, gint twice)
{
  Run self = { g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free), 0, 0, { 0 } };
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  TrackerOptions options;

  tracker_options_init(&options);
  Tracker *tracker = tracker_new(&options);
  DocumentWriter *writer = document_writer_new(DF_NATIVE);
  for (gint i = 0; i < (gint) lines->len; i++)
    for (gint times = i == skip ? 0 : i == twice ? 2 : 1; times > 0; times--)
      {
        Frame frame;
        Line line;

        frame_split(slice_from_string(g_ptr_array_index(lines, i)), NOW_SEC, &frame);
        line_parse(&frame, &line);
        if (!frame.host.len)
          frame.host = SLICE("localhost");
        tracker_feed(tracker, &frame, &line, 0, &queue);
      }
  tracker_finish(tracker, ER_SHUTDOWN, &queue);
  _collect(&self, writer, &queue);
  self.counters = *tracker_counters(tracker);
  tracker_free(tracker);
  document_writer_free(writer);
  return self;
}

static void
_check_counters(const TrackerCounters *c, guint64 fed)
{
  guint64 ended = 0;

  for (guint i = ER_COMPLETE; i < END_REASON_COUNT; i++)
    ended += c->messages_ended[i];
  cr_expect_eq(c->messages_opened, ended);
  cr_expect_eq(fed, c->lines_of_messages + c->lines_of_sessions + c->lines_not_ours + c->lines_unknown
               + c->lines_repeated + c->lines_continued + c->lines_late);
}

typedef void (*Check)(const gchar *path, GPtrArray *lines);

static void
_with_file(const gchar *path, Check check)
{
  gchar *contents = NULL;
  GPtrArray *lines = g_ptr_array_new();

  cr_assert(g_file_get_contents(path, &contents, NULL, NULL));
  gchar **all = g_strsplit(contents, "\n", -1);
  for (gchar **line = all; *line; line++)
    if (g_str_has_prefix(*line, "< "))
      g_ptr_array_add(lines, *line + 2);
  check(path, lines);
  g_ptr_array_free(lines, TRUE);
  g_strfreev(all);
  g_free(contents);
}

static void
_each_file(const gchar *directory, Check check)
{
  GDir *dir = g_dir_open(directory, 0, NULL);
  const gchar *name;
  guint n = 0;

  cr_assert_not_null(dir);
  for (; (name = g_dir_read_name(dir)); n++)
    {
      gchar *path = g_build_filename(directory, name, NULL);
      _with_file(path, check);
      g_free(path);
    }
  g_dir_close(dir);
  cr_assert_gt(n, 0u);
}

static void
_expect_same(const gchar *path, gint line, Run *expected, Run *found)
{
  GHashTableIter iter;
  gpointer id, document;

  cr_expect_eq(g_hash_table_size(expected->documents), g_hash_table_size(found->documents), "%s, line %d", path, line);
  g_hash_table_iter_init(&iter, expected->documents);
  while (g_hash_table_iter_next(&iter, &id, &document))
    {
      const gchar *other = g_hash_table_lookup(found->documents, id);
      cr_expect_str_eq(other ? other : "none", document, "%s, line %d", path, line);
    }
}

static void
_check_repeats(const gchar *path, GPtrArray *lines)
{
  Run expected = _run(lines, -1, -1);

  _check_counters(&expected.counters, lines->len);
  for (gint i = 0; i < (gint) lines->len; i++)
    {
      Run found = _run(lines, -1, i);
      _expect_same(path, i, &expected, &found);
      _check_counters(&found.counters, lines->len + 1);
      g_hash_table_destroy(found.documents);
    }
  g_hash_table_destroy(expected.documents);
}

/* as a document, or as a part of one */
static gboolean
_is_told(const Run *run, const gchar *id)
{
  const gchar *queue_id = strrchr(id, ':');
  GHashTableIter iter;
  gpointer document;

  if (g_hash_table_contains(run->documents, id))
    return TRUE;
  g_hash_table_iter_init(&iter, run->documents);
  while (g_hash_table_iter_next(&iter, NULL, &document))
    if (strstr(document, queue_id + 1))
      return TRUE;
  return FALSE;
}

static void
_check_losses(const gchar *path, GPtrArray *lines)
{
  Run expected = _run(lines, -1, -1);

  for (gint i = 0; i < (gint) lines->len; i++)
    {
      Run found = _run(lines, i, -1);
      GHashTableIter iter;
      gpointer id;

      g_hash_table_iter_init(&iter, expected.documents);
      while (lines->len > 4 && g_hash_table_iter_next(&iter, &id, NULL))
        cr_expect(strstr(id, ":session:") || _is_told(&found, id), "%s without line %d lost %s", path, i, (gchar *) id);
      _check_counters(&found.counters, lines->len - 1);
      g_hash_table_destroy(found.documents);
    }
  g_hash_table_destroy(expected.documents);
}

static void
_check_prefixes(const gchar *path, GPtrArray *lines)
{
  GuardPage guard;

  guard_page_init(&guard, 8192);
  for (guint i = 0; i < lines->len; i++)
    {
      Slice whole = slice_from_string(g_ptr_array_index(lines, i));

      for (gsize len = 0; len <= whole.len; len++)
        {
          Frame frame;
          Line line;

          frame_split(guard_page_put(&guard, slice_head(whole, len)), NOW_SEC, &frame);
          line_parse(&frame, &line);
        }
    }
  guard_page_release(&guard);
}

Test(law, repeating_any_line_changes_nothing)
{
  _each_file(TRACE_DIR, _check_repeats);
}

Test(law, losing_any_line_loses_no_message)
{
  _each_file(TRACE_DIR, _check_losses);
}

Test(law, every_prefix_of_every_golden_line_is_safe)
{
  _each_file(GOLDEN_DIR, _check_prefixes);
  _each_file(TRACE_DIR, _check_prefixes);
}

/* the machine may be busy with something else */
static gint64
_processor_usec(void)
{
  struct timespec now;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gint64
_parse_seconds(const gchar *begin, const gchar *unit, gsize repeats)
{
  GString *text = g_string_new(begin);
  Frame frame;
  Line line;

  for (gsize i = 0; i < repeats; i++)
    g_string_append(text, unit);
  gint64 start = _processor_usec();
  frame_split(slice_new(text->str, text->len), NOW_SEC, &frame);
  line_parse(&frame, &line);
  gint64 taken = _processor_usec() - start;
  g_string_free(text, TRUE);
  return taken;
}

/* 64 times the text may cost 64 times the time; what grows with the square would cost 4096 times */
Test(law, hostile_text_costs_linear_time)
{
  static const gchar *const units[] = { ") [1.2.3.4] ", "\"", " F=<", ": ", " <", " (", "\" to=\"", "cl=1,", "\\", " T=\"",
    " defer (", "a@b ", "]: " };
  static const gchar *const begins[] = { "2026-11-24 17:36:45 H=(", "2026-11-24 17:36:45 1haLqi-0002Mp-2G <= ",
    "2026-11-24 17:36:45 1haLqi-0002Mp-2G ** a@b ", "2026-11-24 17:36:45 1haLqi-0002Mp-2G == a@b ",
    "2026-11-24 17:36:45 1haLqi-0002Mp-2G => a@b C=\"", "2026-11-24 17:36:45 1haLqi-0002Mp-2G DKIM: d=",
    "2019:06:10-11:04:43 d smtpd[1]: SCANNER[1]: id=\"1000\" severity=\"i\" sys=\"S\" sub=\"s\" name=\"n\" from=\"" };

  for (guint b = 0; b < G_N_ELEMENTS(begins); b++)
    for (guint u = 0; u < G_N_ELEMENTS(units); u++)
      {
        gint64 small = MAX(_parse_seconds(begins[b], units[u], 4000), 500);
        gint64 large = _parse_seconds(begins[b], units[u], 64 * 4000);
        cr_expect_lt(large, small * 64 * 8, "%s...%s: %d us, then %d us", begins[b], units[u], (int) small, (int) large);
      }
}

typedef void (*WriteLine)(guint i, GString *out);

#define ID "1xVuRg-0001cr-22"
#define AT "2026-11-24 17:36:45 "

static void
_warning_line(guint i, GString *out)
{
  g_string_printf(out, AT ID " H=(x) [192.0.2.9] Warning: w%u", i);
}

static void
_session_line(guint i, GString *out)
{
  g_string_printf(out, AT "[6253] H=(x) [192.0.2.9]:77 Warning: w%u", i);
}

static void
_delivery_line(guint i, GString *out)
{
  g_string_printf(out, AT ID " == r%u@c.test R=r T=t defer (-44): later", i);
}

static void
_list_line(guint i, GString *out)
{
  if (i)
    {
      _delivery_line(i, out);
      return;
    }
  g_string_printf(out, AT ID " <= a@b.test H=(x) [192.0.2.9] P=esmtp S=1 for");
  for (guint recipient = 0; recipient < 12000; recipient++)
    g_string_append_printf(out, " r%u@c.test", recipient);
}

static void
_bounce_line(guint i, GString *out)
{
  g_string_printf(out, AT "1xVuRg-%06u-22 <= <> R=" ID " U=x P=local S=1", i);
}

static void
_scan_line(guint i, GString *out)
{
  g_string_printf(out, "2019:06:10-11:04:43 d smtpd[9]: SCANNER[9]: id=\"1000\" severity=\"i\" sys=\"S\" sub=\"s\""
                  " name=\"email passed\" from=\"a\" to=\"r%u@c\" subject=\"s\" queueid=\"" ID "\" size=\"9\"", i);
}

static gint64
_history_usec(WriteLine write, guint n)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  GString *line = g_string_new(NULL);

  for (guint i = 0; i < n; i++)
    {
      write(i, line);
      g_ptr_array_add(lines, g_strdup(line->str));
    }
  gint64 start = _processor_usec();
  Run run = _run(lines, -1, -1);
  gint64 taken = _processor_usec() - start;
  _check_counters(&run.counters, n);
  g_hash_table_destroy(run.documents);
  g_ptr_array_free(lines, TRUE);
  g_string_free(line, TRUE);
  return taken;
}

/* the kernel's part of it (fresh pages) may be any multiple on a busy machine: the least of some runs counts */
static gint64
_least_usec(WriteLine write, guint n, gint64 wanted)
{
  gint64 least = G_MAXINT64;

  for (guint run = 0; run < 4 && least >= wanted; run++)
    least = MIN(least, _history_usec(write, n));
  return least;
}

/* 8 times the lines of one message or session may cost 8 times the time, not 64 times */
Test(law, hostile_histories_cost_linear_time)
{
  static const WriteLine kinds[] = { _warning_line, _session_line, _delivery_line, _list_line, _bounce_line,
    _scan_line };

  for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
    {
      gint64 small = MAX(_history_usec(kinds[k], 4000), 5000);
      gint64 large = _least_usec(kinds[k], 8 * 4000, small * 8 * 3);
      cr_expect_lt(large, small * 8 * 3, "kind %u: %d us, then %d us", k, (int) small, (int) large);
    }
}

/* a full message still learns what becomes of the recipients it knows */
Test(law, outcomes_of_known_recipients_count_at_the_limit)
{
  static const gchar *const texts[] = { AT ID " <= a@b.test U=x P=local S=1 for r0@c.test r1@c.test r2@c.test",
    AT ID " == r0@c.test R=r T=t defer (-44): later", AT ID " == r1@c.test R=r T=t defer (-44): later",
    AT ID " => r0@c.test R=r T=t", AT ID " => r1@c.test R=r T=t", AT ID " => r2@c.test R=r T=t", AT ID " Completed" };
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  TrackerOptions options;

  tracker_options_init(&options);
  options.max_recipients = 2;
  Tracker *tracker = tracker_new(&options);
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    {
      Frame frame;
      Line line;

      frame_split(slice_from_string(texts[i]), NOW_SEC, &frame);
      frame.host = SLICE("mx");
      line_parse(&frame, &line);
      tracker_feed(tracker, &frame, &line, 0, &queue);
    }
  Summary *summary = summary_queue_pop(&queue);
  cr_assert_not_null(summary);
  cr_expect(slice_equals(facts_get_text(summary->facts, F_STATUS), SLICE("delivered")));
  cr_expect_eq(facts_get_integer(summary->facts, F_RECIPIENTS_OMITTED, 0), 1);
  cr_expect_eq(facts_count_nested(summary->facts, RK_DELIVERY), 2u);
  summary_free(summary);
  tracker_free(tracker);
}
