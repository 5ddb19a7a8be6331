/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows journal and tracker; must not know documents or lines. */
#include "carry-over.h"

#include <errno.h>

gboolean
carry_over_open(CarryOver *self, const gchar *path, TrackerOptions *options, gchar **problem, gchar **notice)
{
  *self = (CarryOver) { 0 };
  *problem = *notice = NULL;
  if (!path)
    return TRUE;
  self->file = journal_file_open(path, options->hash_seed, problem, notice);
  if (!self->file)
    return FALSE;
  options->hash_seed = journal_file_seed(self->file);
  options->wants_receipts = TRUE;
  self->receipts = g_array_new(FALSE, FALSE, sizeof(Receipt));
  return TRUE;
}

static gboolean
_replay(const JournalEntry *entry, gpointer tracker)
{
  tracker_replay(tracker, entry);
  return TRUE;
}

/* until all is in the new blocks, and on the disk, the old ones are what the next run needs */
static void
_forget_past(CarryOver *self)
{
  if (self->keeps_past && journal_is_durable(tracker_journal(self->tracker)))
    self->keeps_past = !journal_file_forget_past(self->file, TRUE);
}

guint64
carry_over_resume(CarryOver *self, Tracker *tracker, SummaryQueue *out)
{
  JournalFileStatus status = { 0 };

  self->tracker = tracker;
  if (!self->file)
    return 0;
  journal_set_file(tracker_journal(tracker), self->file);
  journal_file_replay(self->file, _replay, tracker);
  tracker_replay_done(tracker, out);
  self->keeps_past = TRUE;
  _forget_past(self);
  journal_file_get_status(self->file, &status);
  return status.torn_blocks;
}

void
carry_over_add(CarryOver *self, const Summary *summary)
{
  if (self->file)
    g_array_append_val(self->receipts, summary->receipt);
}

void
carry_over_settle(CarryOver *self)
{
  if (!self->file)
    return;
  for (guint i = 0; i < self->receipts->len; i++)
    tracker_settle(self->tracker, &g_array_index(self->receipts, Receipt, i));
  g_array_set_size(self->receipts, 0);
}

gboolean
carry_over_is_due(const CarryOver *self)
{
  return self->file && g_get_monotonic_time() - self->tidied_usec >= G_USEC_PER_SEC;
}

void
carry_over_tidy(CarryOver *self)
{
  if (!self->file)
    return;
  journal_file_tidy(self->file);
  journal_tidy(tracker_journal(self->tracker));
  journal_file_sync(self->file);
  _forget_past(self);
  self->tidied_usec = g_get_monotonic_time();
}

const gchar *
carry_over_problem(const CarryOver *self)
{
  JournalFileStatus status;
  JournalStatus journal;

  if (!self->file)
    return NULL;
  journal_get_status(tracker_journal(self->tracker), &journal);
  if (!self->keeps_past && journal_is_durable(tracker_journal(self->tracker)) && !journal.lost_entries)
    return NULL;
  journal_file_get_status(self->file, &status);
  return g_strerror(status.full_errno ? status.full_errno : ENOSPC);
}

static void
_let_go(CarryOver *self)
{
  journal_file_unref(self->file);
  g_array_free(self->receipts, TRUE);
  *self = (CarryOver) { 0 };
}

void
carry_over_remove(CarryOver *self)
{
  if (!self->file)
    return;
  journal_set_file(tracker_journal(self->tracker), NULL);
  journal_file_remove(self->file);
  _let_go(self);
}

void
carry_over_close(CarryOver *self)
{
  if (!self->file)
    return;
  _let_go(self);
}
