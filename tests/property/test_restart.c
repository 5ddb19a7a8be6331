/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Laws of survival: whatever instant a run ends at, the next one, which reads some of the lines again, gives the
 * documents that an undisturbed run gives.  The histories are those of tests/traces.
 */
#include "mailtrace/document.h"
#include "mailtrace/tracker.h"
#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define NOW_SEC 1574000000

typedef struct _World
{
  gchar *path;
  JournalFile *file;
  Tracker *tracker;
  DocumentWriter *writer;
  SummaryQueue underway;     /* handed out, not arrived */
  GHashTable *documents;     /* what the destination has: id -> document */
  GHashTable *revisions;
} World;

static void
_world_init(World *self)
{
  *self = (World) { .writer = document_writer_new(DF_NATIVE) };
  self->path = g_strdup(g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm/restart-XXXXXX" : "/tmp/restart-XXXXXX");
  close(g_mkstemp(self->path));
  self->documents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  self->revisions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
_store(World *self, Record *record)
{
  GString *json = g_string_new(NULL);
  gchar *id = slice_dup(record_get_text(record, F_ID));
  gint revision = (gint) record_get_integer(record, F_REVISION, 1);
  gint known = GPOINTER_TO_INT(g_hash_table_lookup(self->revisions, id));

  record_remove(record, F_REVISION);
  record_remove(record, F_LINES);
  document_write(self->writer, record, json);
  if (revision >= known)
    {
      if (revision == known && !g_str_equal(g_hash_table_lookup(self->documents, id), json->str))
        cr_expect(FALSE, "revision %d of %s says two things:\n%s\n%s", revision, id,
                  (gchar *) g_hash_table_lookup(self->documents, id), json->str);
      g_hash_table_insert(self->revisions, g_strdup(id), GINT_TO_POINTER(revision));
      g_hash_table_insert(self->documents, g_strdup(id), g_strdup(json->str));
    }
  g_string_free(json, TRUE);
  g_free(id);
}

static void
_deliver(World *self, SummaryQueue *queue)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      _store(self, summary->record);
      tracker_settle(self->tracker, &summary->receipt);
      summary_free(summary);
    }
}

static gboolean
_replay(const JournalEntry *entry, gpointer world)
{
  tracker_replay(((World *) world)->tracker, entry);
  return TRUE;
}

static void
_start(World *self)
{
  TrackerOptions options;
  gchar *problem, *notice;

  tracker_options_init(&options);
  self->file = journal_file_open(self->path, 7, &problem, &notice);
  cr_assert_not_null(self->file, "%s", problem);
  options.hash_seed = journal_file_seed(self->file);
  options.wants_receipts = TRUE;
  self->tracker = tracker_new(&options);
  journal_set_file(tracker_journal(self->tracker), self->file);
  journal_file_replay(self->file, _replay, self);
  tracker_replay_done(self->tracker, &self->underway);
  journal_file_forget_past(self->file);
}

/* nothing that a process does when it is killed: what is underway is lost */
static void
_kill(World *self)
{
  Summary *summary;

  while ((summary = summary_queue_pop(&self->underway)))
    summary_free(summary);
  tracker_free(self->tracker);
  journal_file_unref(self->file);
}

static void
_feed(World *self, const gchar *text)
{
  Frame frame;
  Line line;

  frame_split(slice_from_string(text), NOW_SEC, &frame);
  line_parse(&frame, &line);
  if (!frame.host.len)
    frame.host = SLICE("localhost");
  tracker_feed(self->tracker, &frame, &line, 0, &self->underway);
}

static void
_end(World *self)
{
  tracker_finish(self->tracker, ER_SHUTDOWN, &self->underway);
  _deliver(self, &self->underway);
  _kill(self);
  g_unlink(self->path);
  g_free(self->path);
  document_writer_free(self->writer);
  g_hash_table_destroy(self->revisions);
}

typedef struct _Disturbance
{
  gint kill_at, read_again;   /* before that line; so many lines are read again */
  gboolean arrives;           /* documents arrive at once; else those before the kill do not */
} Disturbance;

static GHashTable *
_run(GPtrArray *lines, Disturbance disturbance)
{
  World world;

  _world_init(&world);
  _start(&world);
  for (gint i = 0; i < (gint) lines->len; i++)
    {
      if (i == disturbance.kill_at)
        {
          _kill(&world);
          _start(&world);
          i = MAX(0, i - disturbance.read_again);
          disturbance = (Disturbance) { -1, 0, TRUE };
        }
      _feed(&world, g_ptr_array_index(lines, i));
      if (disturbance.arrives)
        _deliver(&world, &world.underway);
    }
  _end(&world);
  return world.documents;
}

static void
_expect_same(const gchar *path, Disturbance disturbance, GHashTable *expected, GHashTable *found)
{
  GHashTableIter iter;
  gpointer id, document;

  g_hash_table_iter_init(&iter, expected);
  while (g_hash_table_iter_next(&iter, &id, &document))
    {
      const gchar *other = g_hash_table_lookup(found, id);
      cr_expect_str_eq(other ? other : "none", document, "%s, killed at line %d, %d again, %s:\n%s\n%s", path,
                       disturbance.kill_at, disturbance.read_again, disturbance.arrives ? "arrived" : "lost",
                       other ? other : "none", (gchar *) document);
    }
  g_hash_table_iter_init(&iter, found);
  while (g_hash_table_iter_next(&iter, &id, &document))
    cr_expect(g_hash_table_contains(expected, id), "%s, killed at line %d, %d again, %s: phantom %s", path,
              disturbance.kill_at, disturbance.read_again, disturbance.arrives ? "arrived" : "lost",
              (gchar *) document);
}

static void
_check_file(const gchar *path, GPtrArray *lines)
{
  GHashTable *expected = _run(lines, (Disturbance) { -1, 0, TRUE });

  for (gint at = 1; at < (gint) lines->len; at++)
    for (gint kind = 0; kind < 6; kind++)
      {
        Disturbance disturbance = { at, kind / 2 == 0 ? 0 : kind / 2 == 1 ? 1 : at, kind % 2 };
        GHashTable *found = _run(lines, disturbance);

        _expect_same(path, disturbance, expected, found);
        g_hash_table_destroy(found);
      }
  g_hash_table_destroy(expected);
}

static void
_with_file(const gchar *path)
{
  gchar *contents = NULL;
  GPtrArray *lines = g_ptr_array_new();

  cr_assert(g_file_get_contents(path, &contents, NULL, NULL));
  gchar **all = g_strsplit(contents, "\n", -1);
  for (gchar **line = all; *line; line++)
    if (g_str_has_prefix(*line, "< "))
      g_ptr_array_add(lines, *line + 2);
  _check_file(path, lines);
  g_ptr_array_free(lines, TRUE);
  g_strfreev(all);
  g_free(contents);
}

Test(restart, a_kill_before_any_line_changes_no_document)
{
  GDir *dir = g_dir_open(TRACE_DIR, 0, NULL);
  const gchar *name;
  guint n = 0;

  for (; (name = g_dir_read_name(dir)); n++)
    {
      gchar *path = g_build_filename(TRACE_DIR, name, NULL);
      _with_file(path);
      g_free(path);
    }
  g_dir_close(dir);
  cr_expect_gt(n, 0u);
}
