/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows what entries of a journal are; must not know what becomes of them. */
#include "dump.h"

#include "complain.h"
#include "escape.h"
#include "mailtrace/line.h"
#include "output.h"

typedef struct _Dump
{
  Tracker *tracker;      /* takes the entries in to tell how many messages are open */
  Output output;
  guint64 entries[JOURNAL_KIND_COUNT], bytes[JOURNAL_KIND_COUNT];
} Dump;

static gboolean
_is_text(const JournalEntry *entry)
{
  return entry->kind == JK_LINE || entry->kind == JK_RECORD;
}

static void
_append_time(const JournalEntry *entry, GString *out)
{
  Stamp stamp = _is_text(entry) ? entry->frame.stamp : (Stamp) { entry->usec, 0 };
  gchar text[STAMP_ISO_MAX];

  if (!stamp.local_usec)
    g_string_append_c(out, '-');
  else if (stamp_has_offset(&stamp))
    g_string_append_len(out, text, (gssize) stamp_format_iso(&stamp, text));
  else
    g_string_append_len(out, text, (gssize) stamp_format_local(&stamp, text));
}

static void
_append_queue_id(const JournalEntry *entry, GString *out)
{
  Line line;

  if (!_is_text(entry))
    {
      escape_append_word(entry->queue_id, out);
      return;
    }
  line_parse(&entry->frame, &line);
  escape_append_word(line.queue_id, out);
}

static void
_append_process(const Frame *frame, GString *out)
{
  escape_append_word(frame->program, out);
  if (frame->pid)
    g_string_append_printf(out, "[%u]", frame->pid);
}

static void
_append_facts(const JournalEntry *entry, GString *out)
{
  switch (entry->kind)
    {
    case JK_MESSAGE_END:
      g_string_append_printf(out, "generation %u", entry->number);
      break;
    case JK_SESSION_END:
      g_string_append(out, entry->number < END_REASON_COUNT ? end_reason_name((EndReason) entry->number) : "?");
      break;
    case JK_REVISION:
      g_string_append_printf(out, "revision %u%s", entry->number, entry->flags & JF_ARRIVED ? " arrived" : "");
      break;
    case JK_HOST:
      g_string_append_printf(out, "%s%s", entry->flags & JF_LOGS_DKIM ? "logs-dkim " : "",
                             entry->flags & JF_LOGS_SPAM ? "logs-spam" : "");
      break;
    default:
      escape_append(entry->frame.text, out);
    }
}

/* KIND SEQ HOST[/NODE] TIME PROGRAM[PID] QUEUE-ID TEXT */
static void
_append_entry(const JournalEntry *entry, GString *out)
{
  g_string_append_printf(out, "%-11s %" G_GUINT64_FORMAT " ", journal_kind_name(entry->kind), entry->seq);
  escape_append_word(entry->frame.host, out);
  if (entry->frame.node.len)
    {
      g_string_append_c(out, '/');
      escape_append_word(entry->frame.node, out);
    }
  g_string_append_c(out, ' ');
  _append_time(entry, out);
  g_string_append_c(out, ' ');
  _append_process(&entry->frame, out);
  g_string_append_c(out, ' ');
  _append_queue_id(entry, out);
  g_string_append_c(out, ' ');
  _append_facts(entry, out);
}

static guint64
_bytes(const JournalEntry *entry)
{
  const Frame *frame = &entry->frame;
  Slice text = frame->raw.len ? frame->raw : frame->text;

  return frame->host.len + frame->node.len + frame->program.len + entry->queue_id.len + text.len;
}

static gboolean
_show(const JournalEntry *entry, gpointer data)
{
  Dump *self = data;

  self->entries[entry->kind]++;
  self->bytes[entry->kind] += _bytes(entry);
  _append_entry(entry, output_buffer(&self->output));
  output_line_done(&self->output);
  tracker_replay(self->tracker, entry);
  return !self->output.error;
}

static void
_finish_replay(Dump *self)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  Summary *summary;

  tracker_replay_done(self->tracker, &queue);
  while ((summary = summary_queue_pop(&queue)))
    summary_free(summary);
}

static void
_summarize(const Dump *self, JournalFile *file)
{
  JournalFileStatus status;

  journal_file_get_status(file, &status);
  for (guint i = 0; i < JOURNAL_KIND_COUNT; i++)
    if (self->entries[i])
      fprintf(stderr, "mailtrace: %-11s %" G_GUINT64_FORMAT " entries, %" G_GUINT64_FORMAT " bytes of text\n",
              journal_kind_name((JournalKind) i), self->entries[i], self->bytes[i]);
  fprintf(stderr, "mailtrace: blocks: %" G_GUINT64_FORMAT " (torn: %" G_GUINT64_FORMAT "), bytes on disk: %"
          G_GUINT64_FORMAT ", open messages: %u, open sessions: %u\n", status.bytes / JOURNAL_BLOCK_BYTES,
          status.torn_blocks, status.bytes, tracker_open_messages(self->tracker), tracker_open_sessions(self->tracker));
}

static gint
_dump(Options *options, JournalFile *file, gint fd)
{
  Dump self = { 0 };

  options->tracker.hash_seed = journal_file_seed(file);
  options->tracker.wants_receipts = TRUE;
  self.tracker = tracker_new(&options->tracker);
  output_init(&self.output, fd, output_name(options->output));
  journal_file_replay(file, _show, &self);
  _finish_replay(&self);
  gboolean written = output_close(&self.output);
  if (!written)
    complain(self.output.name, g_strerror(self.output.error));
  if (!options->quiet)
    _summarize(&self, file);
  tracker_free(self.tracker);
  return written ? 0 : 1;
}

gint
dump(Options *options)
{
  gchar *journal[] = { options->journal, NULL }, *problem;
  const gchar *error;
  JournalFile *file = journal_file_open_read_only(options->journal, &problem);

  if (!file)
    {
      complain_of_option("journal", options->journal, problem);
      g_free(problem);
      return 1;
    }
  gint fd = output_open(options->output, OM_TRUNCATE, journal, &error);
  gint status = error ? 1 : _dump(options, file, fd);
  if (error)
    complain(output_name(options->output), error);
  journal_file_unref(file);
  return status;
}
