/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/journal.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static gchar *path;
static GPtrArray *texts;

static void
_setup(void)
{
  gint fd = g_file_open_tmp("journal-XXXXXX", &path, NULL);

  cr_assert_geq(fd, 0);
  close(fd);
  texts = g_ptr_array_new_with_free_func(g_free);
}

static void
_teardown(void)
{
  gchar *aside = g_strconcat(path, ".unreadable", NULL);

  g_unlink(path);
  g_unlink(aside);
  g_free(aside);
  g_free(path);
  g_ptr_array_free(texts, TRUE);
}

TestSuite(journal, .init = _setup, .fini = _teardown);

static gboolean
_keep_none(const JournalEntry *entry, gpointer data)
{
  return FALSE;
}

static gboolean
_keep_all(const JournalEntry *entry, gpointer data)
{
  return TRUE;
}

static JournalFile *
_open(void)
{
  gchar *problem, *notice;
  JournalFile *file = journal_file_open(path, 42, &problem, &notice);

  cr_assert_not_null(file, "%s", problem);
  cr_assert_null(notice, "%s", notice);
  return file;
}

static Journal *
_journal(JournalFile *file, JournalKeep keep)
{
  Journal *journal = journal_new(keep, NULL);

  journal_set_file(journal, file);
  return journal;
}

static void
_add(Journal *journal, JournalGroup group, const gchar *text)
{
  JournalEntry entry = { .kind = JK_LINE, .flags = JF_HAS_HEADER };

  entry.frame = (Frame) { .stamp = { 77, 3600 }, .host = SLICE("mx"), .program = SLICE("exim"), .pid = 9,
                          .text = slice_from_string(text) };
  journal_add(journal, group, &entry);
}

static gboolean
_collect(const JournalEntry *entry, gpointer journal)
{
  g_ptr_array_add(texts, entry->kind == JK_LINE ? slice_dup(entry->frame.text)
                  : g_strdup(journal_kind_name(entry->kind)));
  if (journal)
    {
      JournalGroup group = journal_group_new(journal);
      journal_add(journal, group, entry);
    }
  return TRUE;
}

static gchar *
_stored(void)
{
  JournalFile *file = _open();

  g_ptr_array_set_size(texts, 0);
  journal_file_replay(file, _collect, NULL);
  g_ptr_array_add(texts, NULL);
  gchar *all = g_strjoinv(" ", (gchar **) texts->pdata);
  journal_file_unref(file);
  return all;
}

static void
_close(Journal *journal, JournalFile *file)
{
  journal_free(journal);
  journal_file_unref(file);
}

Test(journal, what_was_added_is_there_in_order_after_the_process)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup group = journal_group_new(journal);

  _add(journal, group, "one");
  _add(journal, group, "two");
  _add(journal, group, "");
  _close(journal, file);
  cr_expect_str_eq(_stored(), "one two ");
}

static gboolean
_check_entry(const JournalEntry *entry, gpointer checked)
{
  const Frame *frame = &entry->frame;

  cr_expect(slice_equals(frame->host, SLICE("mx")));
  cr_expect(slice_equals(frame->node, SLICE("mx-2")));
  cr_expect(slice_equals(frame->program, SLICE("exim")));
  cr_expect(slice_equals(frame->text, SLICE("te\0xt")));
  cr_expect(slice_equals(frame->raw, SLICE("raw te\0xt!")));
  cr_expect_eq(frame->pid, 9u);
  cr_expect_eq(frame->stamp.local_usec, 77);
  cr_expect_eq(frame->stamp.offset_sec, -3600);
  cr_expect(frame->has_header);
  cr_expect_eq(entry->number, 5u);
  (*(guint *) checked)++;
  return TRUE;
}

Test(journal, an_entry_comes_back_as_it_was)
{
  static const gchar raw[] = "raw te\0xt!";
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalEntry entry = { .kind = JK_LINE, .flags = JF_HAS_HEADER, .number = 5 };
  guint checked = 0;

  entry.frame = (Frame) { .stamp = { 77, -3600 }, .host = SLICE("mx"), .node = SLICE("mx-2"), .program = SLICE("exim"),
                          .pid = 9, .raw = slice_new(raw, sizeof(raw) - 1), .text = slice_new(raw + 4, 5) };
  journal_add(journal, journal_group_new(journal), &entry);
  entry.frame.text = SLICE("te\0xt");
  journal_add(journal, journal_group_new(journal), &entry);
  _close(journal, file);
  file = _open();
  journal_file_replay(file, _check_entry, &checked);
  cr_expect_eq(checked, 2u);
  journal_file_unref(file);
}

Test(journal, entries_come_in_the_order_of_their_numbers_not_of_their_addition)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup group = journal_group_new(journal);
  JournalEntry end = { .kind = JK_SESSION_END };
  JournalEntry late = { .kind = JK_LINE, .seq = journal_next_seq(journal), .frame = { .text = SLICE("first") } };

  journal_add(journal, 0, &end);
  journal_add(journal, group, &late);
  _close(journal, file);
  cr_expect_str_eq(_stored(), "first session-end");
}

Test(journal, a_second_run_adds_what_lives_and_forgets_the_past)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);

  _add(journal, journal_group_new(journal), "one");
  _add(journal, journal_group_new(journal), "two");
  _close(journal, file);
  file = _open();
  journal = _journal(file, _keep_none);
  journal_file_replay(file, _collect, journal);
  journal_file_forget_past(file, FALSE);
  _add(journal, journal_group_new(journal), "three");
  _close(journal, file);
  cr_expect_str_eq(_stored(), "one two three");
}

static guint64
_file_bytes(void)
{
  struct stat status;

  cr_assert_eq(stat(path, &status), 0);
  return (guint64) status.st_blocks * 512;
}

static gboolean
_keeps_past(JournalFile *file)
{
  JournalFileStatus status;

  journal_file_get_status(file, &status);
  return status.keeps_past;
}

/* what is added before the past is forgotten does not count, however often that happens: it may be half of something */
Test(journal, a_run_that_is_killed_while_it_replays_leaves_the_past)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);

  _add(journal, journal_group_new(journal), "one");
  _add(journal, journal_group_new(journal), "two");
  _close(journal, file);
  for (guint i = 0; i < 3; i++)
    {
      file = _open();
      journal = _journal(file, _keep_none);
      if (i < 2)
        journal_file_replay(file, _collect, journal);
      _add(journal, journal_group_new(journal), "lost");
      cr_expect(_keeps_past(file));
      _close(journal, file);
      cr_expect_str_eq(_stored(), "one two");
      cr_expect_leq(_file_bytes(), (i ? 2 : 3) * (guint64) JOURNAL_BLOCK_BYTES + JOURNAL_BLOCK_BYTES / 2);
    }
}

Test(journal, the_past_is_over_when_it_is_forgotten)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);

  _add(journal, journal_group_new(journal), "one");
  _close(journal, file);
  file = _open();
  journal = _journal(file, _keep_none);
  journal_file_replay(file, _collect, journal);
  _close(journal, file);
  file = _open();
  journal = _journal(file, _keep_none);
  journal_file_replay(file, _collect, journal);
  journal_file_sync(file);
  cr_expect(_keeps_past(file));
  cr_expect(journal_file_forget_past(file, TRUE));
  cr_expect_not(_keeps_past(file));
  _add(journal, journal_group_new(journal), "two");
  _close(journal, file);
  cr_expect_str_eq(_stored(), "one two");
  file = _open();
  journal = _journal(file, _keep_none);
  _add(journal, journal_group_new(journal), "three");
  _close(journal, file);
  cr_expect_str_eq(_stored(), "one two");
}

static gchar *
_text(guint i)
{
  return g_strdup_printf("%06u %0300u", i, i);
}

static void
_add_numbered(Journal *journal, JournalGroup group, guint i)
{
  gchar *text = _text(i);

  _add(journal, group, text);
  g_free(text);
}

Test(journal, size_follows_what_lives)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup keeper = journal_group_new(journal);
  JournalStatus status;

  for (guint i = 0; i < 100000; i++)
    {
      JournalGroup group = i % 1000 == 0 ? keeper : journal_group_new(journal);
      _add_numbered(journal, group, i);
      if (group != keeper)
        journal_group_unref(journal, group);
    }
  journal_file_tidy(file);
  journal_get_status(journal, &status);
  cr_expect_gt(status.bytes, 30u * JOURNAL_BLOCK_BYTES);
  cr_expect_leq(_file_bytes(), 6u * JOURNAL_BLOCK_BYTES, "%lu", (gulong) _file_bytes());
  _close(journal, file);
  file = _open();
  journal_file_replay(file, _collect, NULL);
  guint kept = 0;
  for (guint i = 0; i < texts->len; i++)
    kept += strtoul(g_ptr_array_index(texts, i), NULL, 10) % 1000 == 0;
  cr_expect_eq(kept, 100u);
  journal_file_unref(file);
}

static void
_add_and_end(Journal *journal, const gchar *text)
{
  JournalGroup group = journal_group_new(journal);

  _add(journal, group, text);
  journal_group_unref(journal, group);
}

static void
_fill(Journal *journal, guint n)
{
  gchar *filler = g_strnfill(JOURNAL_TEXT_MAX / 2, 'x');

  while (n--)
    _add_and_end(journal, filler);
  g_free(filler);
}

/* half of it would look like a message of its own */
Test(journal, of_a_group_that_died_no_entry_comes_back_when_blocks_in_front_are_gone)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup group = journal_group_new(journal), open = journal_group_new(journal);

  _add(journal, group, "begin");
  _fill(journal, 9);
  _add(journal, group, "end");
  _add(journal, open, "open");
  journal_group_unref(journal, group);
  _fill(journal, 16);
  _close(journal, file);
  gchar *found = _stored();
  cr_expect_null(strstr(found, "begin"), "its block is still there, the test shows nothing");
  cr_expect_null(strstr(found, "end"));
  cr_expect_not_null(strstr(found, "open"));
  g_free(found);
}

Test(journal, ends_stay_as_long_as_they_are_wanted)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_all);
  JournalEntry end = { .kind = JK_MESSAGE_END, .hash = 7 };

  journal_add(journal, 0, &end);
  for (guint i = 0; i < 20000; i++)
    {
      JournalGroup group = journal_group_new(journal);
      _add_numbered(journal, group, i);
      journal_group_unref(journal, group);
    }
  _close(journal, file);
  gchar *stored = _stored();
  cr_expect(g_str_has_prefix(stored, "message-end "));
  g_free(stored);
}

Test(journal, a_group_lives_as_long_as_one_that_holds_it)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup message = journal_group_new(journal), groups[5];
  JournalStatus status;

  for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
    {
      groups[i] = journal_group_new(journal);
      _add(journal, groups[i], "x");
      journal_group_hold(journal, message, groups[i]);
      journal_group_unref(journal, groups[i]);
    }
  journal_get_status(journal, &status);
  cr_expect_eq(status.living_bytes, status.bytes);
  journal_group_unref(journal, message);
  journal_get_status(journal, &status);
  cr_expect_eq(status.living_bytes, 0u);
  for (guint i = 0; i < 100000; i++)
    {
      JournalGroup next = journal_group_new(journal);
      if (i)
        journal_group_hold(journal, next, groups[0]);
      if (i)
        journal_group_unref(journal, groups[0]);
      groups[0] = next;
    }
  journal_group_unref(journal, groups[0]);
  _close(journal, file);
}

Test(journal, a_file_serves_one_at_a_time)
{
  gchar *problem, *notice;
  JournalFile *file = _open();

  cr_expect_null(journal_file_open(path, 1, &problem, &notice));
  cr_expect_str_eq(problem, "is in use by another parser or process");
  journal_file_unref(file);
  journal_file_unref(_open());
}

Test(journal, an_unreadable_file_is_moved_aside)
{
  gchar *problem, *notice;

  cr_assert(g_file_set_contents(path, "this is something else", -1, NULL));
  JournalFile *file = journal_file_open(path, 1, &problem, &notice);
  cr_assert_not_null(file);
  cr_expect_not_null(strstr(notice, "is no journal"));
  journal_file_unref(file);
  cr_expect_null(journal_file_open("/dev/null", 1, &problem, &notice));
  cr_expect_null(journal_file_open("/nowhere/at/all", 1, &problem, &notice));
}

Test(journal, a_file_of_another_version_is_moved_aside)
{
  gchar *problem, *notice;

  journal_file_unref(_open());
  gint fd = open(path, O_WRONLY);
  guint32 version = 99;
  cr_assert_eq(pwrite(fd, &version, sizeof(version), 28), (gssize) sizeof(version));
  close(fd);
  JournalFile *file = journal_file_open(path, 1, &problem, &notice);
  cr_assert_not_null(file);
  cr_expect_not_null(strstr(notice, "version 99"), "%s", notice);
  journal_file_unref(file);
}

/* a machine that crashed: whatever part of the file is there, what can be read is a part of what was added */
Test(journal, a_file_cut_anywhere_gives_a_part)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup group = journal_group_new(journal);
  gchar *whole;
  gsize len;

  for (guint i = 0; i < 4000; i++)
    _add_numbered(journal, group, i);
  _close(journal, file);
  cr_assert(g_file_get_contents(path, &whole, &len, NULL));
  for (guint i = 0; i < 60; i++)
    {
      gsize cut = len * i / 60 + i * 7;
      gchar *problem, *notice;

      cr_assert(g_file_set_contents(path, whole, (gssize) MIN(cut, len), NULL));
      file = journal_file_open(path, 1, &problem, &notice);
      cr_assert_not_null(file);
      g_ptr_array_set_size(texts, 0);
      journal_file_replay(file, _collect, NULL);
      for (guint j = 0; j < texts->len; j++)
        {
          gchar *expected = _text(j);
          cr_expect_str_eq(g_ptr_array_index(texts, j), expected);
          g_free(expected);
        }
      journal_file_unref(file);
    }
  g_free(whole);
}

Test(journal, damaged_bytes_are_never_an_entry)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  GRand *random = g_rand_new_with_seed(5);
  gchar *whole;
  gsize len;

  for (guint i = 0; i < 50; i++)
    _add_numbered(journal, journal_group_new(journal), i);
  _close(journal, file);
  cr_assert(g_file_get_contents(path, &whole, &len, NULL));
  for (guint round = 0; round < 200; round++)
    {
      gsize at = 4096 + 16 + (gsize) g_rand_int_range(random, 0, 50 * 380);
      gchar *damaged = g_memdup2(whole, len);

      damaged[at] ^= (gchar) (1 << g_rand_int_range(random, 0, 8));
      cr_assert(g_file_set_contents(path, damaged, (gssize) len, NULL));
      g_free(damaged);
      g_free(_stored());
      for (guint j = 0; j + 1 < texts->len; j++)
        {
          gchar *expected = _text(j);
          cr_expect_str_eq(g_ptr_array_index(texts, j), expected);
          g_free(expected);
        }
    }
  g_rand_free(random);
  g_free(whole);
}

Test(journal, a_reader_may_look_while_it_is_in_use)
{
  gchar *problem;
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);

  _add(journal, journal_group_new(journal), "one");
  JournalFile *reader = journal_file_open_read_only(path, &problem);
  cr_assert_not_null(reader);
  journal_file_replay(reader, _collect, NULL);
  cr_expect_eq(texts->len, 1u);
  journal_file_unref(reader);
  _close(journal, file);
}

Test(journal, moves_to_another_file_with_all_that_lives)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup dead = journal_group_new(journal);

  _add(journal, journal_group_new(journal), "lives");
  _add(journal, dead, "dead");
  journal_group_unref(journal, dead);
  gchar *old = path;
  path = g_strconcat(old, ".new", NULL);
  JournalFile *other = _open();
  journal_set_file(journal, other);
  _add(journal, journal_group_new(journal), "more");
  journal_file_unref(file);
  _close(journal, other);
  cr_expect_str_eq(_stored(), "lives more");
  g_unlink(old);
  g_free(old);
}

Test(journal, without_a_file_it_does_nothing)
{
  Journal *journal = journal_new(_keep_none, NULL);
  JournalGroup group = journal_group_new(journal);

  cr_expect_eq(group, 0u);
  _add(journal, group, "x");
  journal_group_hold(journal, group, group);
  journal_group_unref(journal, group);
  cr_expect(journal_is_durable(journal));
  journal_free(journal);
}

/* what is left of a group that died must not come back: it would tell half of what happened */
Test(journal, half_a_group_is_not_replayed)
{
  JournalFile *file = _open();
  Journal *journal = _journal(file, _keep_none);
  JournalGroup dead = journal_group_new(journal), needed = journal_group_new(journal);
  JournalGroup living = journal_group_new(journal), last = journal_group_new(journal);
  gchar *filler = g_strnfill(200000, 'x');

  _add(journal, dead, "dead-1");
  _add(journal, needed, "needed");
  _add(journal, living, "living-1");
  for (guint i = 0; i < 6; i++)
    {
      JournalGroup group = journal_group_new(journal);
      _add(journal, group, filler);
      journal_group_unref(journal, group);
    }
  journal_group_hold(journal, last, needed);
  journal_group_unref(journal, needed);
  _add(journal, dead, "dead-2");
  _add(journal, last, "needy");
  _add(journal, living, "living-2");
  journal_group_unref(journal, dead);
  journal_group_unref(journal, last);
  for (guint i = 0; i < 12; i++)
    {
      JournalGroup group = journal_group_new(journal);
      _add(journal, group, filler);
      journal_group_unref(journal, group);
    }
  _close(journal, file);
  gchar *stored = _stored();
  cr_expect_not_null(strstr(stored, "living-1"));
  cr_expect_not_null(strstr(stored, "living-2"));
  cr_expect_null(strstr(stored, "dead-2"));
  cr_expect_null(strstr(stored, "needy"));
  g_free(stored);
  g_free(filler);
}
