/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows the order of the layers, files first, documents last; must not know mail or syslog. */
#include "run.h"

#include "carry-over.h"
#include "complain.h"
#include "explain.h"
#include "input.h"
#include "lookup.h"
#include "output.h"
#include "progress.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_SEC 86400
#define STANDARD_INPUT_NAME "standard input"

typedef struct _Run
{
  Options *options;
  Tracker *tracker;
  DocumentWriter *writer;
  Output output;
  Output answers;          /* --confirm */
  CarryOver carry_over;
  Lookup *lookup;          /* --raw, or NULL */
  Progress progress;
  Report report;
  SummaryQueue summaries;
  Input *input;            /* the one being read, or NULL */
  guint64 bytes_before;    /* of the files already read */
  gint64 begin_usec, begin_sec;
  gint64 now_sec;          /* of the lines: guesses the year of stamps without one */
  gint64 learned_usec;     /* the stamp that told it, 0: none did */
  FrameMemory memory;
  gboolean in_record;      /* the line before was one of Exim, or belonged to one */
  gboolean has_aliases;    /* of hosts */
  gboolean told_problem;   /* of the journal */
  gint status;
} Run;

static void
_complain(Run *self, const gchar *what, const gchar *why)
{
  progress_clear(&self->progress);
  complain(what, why);
  self->status = 1;
}

static void
_complain_of_journal(Run *self, const gchar *why)
{
  progress_clear(&self->progress);
  complain_of_option("journal", self->options->journal, why);
  self->status = 1;
}

static gboolean
_wants(const Run *self, RecordKind kind)
{
  return !self->options->explain && !self->lookup && (self->options->emit & (1u << kind)) != 0;
}

static void
_write_document(Run *self, const Facts *facts)
{
  const Privacy *privacy = &self->options->privacy;
  Facts *covered = privacy_is_on(privacy) ? privacy_apply(privacy, facts) : NULL;

  document_write(self->writer, covered ? covered : facts, output_buffer(&self->output));
  facts_free(covered);
  output_line_done(&self->output);
  self->report.documents++;
  self->report.documents_by_record[facts->kind]++;
}

static void
_write_parts(Run *self, const Summary *summary, RecordKind kind)
{
  Facts *part;

  for (guint i = 0; _wants(self, kind) && (part = summary_flat_facts(summary, kind, i)); i++)
    {
      _write_document(self, part);
      facts_free(part);
    }
}

static void
_write_summary(Run *self, const Summary *summary)
{
  RecordKind kind = (RecordKind) summary->facts->kind;

  if (self->lookup)
    lookup_offer(self->lookup, summary->facts);
  if (_wants(self, kind))
    {
      _write_document(self, summary->facts);
      if (kind == RK_MESSAGE)
        self->report.documents_by_end_reason[summary->end_reason]++;
    }
  if (kind != RK_MESSAGE)
    return;
  _write_parts(self, summary, RK_SCAN);
  _write_parts(self, summary, RK_DELIVERY);
  _write_parts(self, summary, RK_DKIM);
}

static void
_write_summaries(Run *self)
{
  Summary *summary;

  while ((summary = summary_queue_pop(&self->summaries)))
    {
      _write_summary(self, summary);
      carry_over_add(&self->carry_over, summary);
      summary_queue_recycle(&self->summaries, summary);
    }
}

static void
_settle(gpointer data)
{
  Run *self = data;

  carry_over_settle(&self->carry_over);
}

/* what is not safe is not confirmed: the sender says it again later, and a line that is repeated changes nothing */
static void
_confirm(Run *self)
{
  const gchar *problem;

  if (!self->options->confirm)
    return;
  output_flush(&self->output);
  problem = self->output.error ? g_strerror(self->output.error) : carry_over_problem(&self->carry_over);
  g_string_append(output_buffer(&self->answers), problem ? problem : "OK");
  output_line_done(&self->answers);
  output_flush(&self->answers);
}

static void
_look_after_journal(Run *self)
{
  const gchar *problem;

  output_sync(&self->output);
  carry_over_tidy(&self->carry_over);
  problem = carry_over_problem(&self->carry_over);
  if (problem && !self->told_problem)
    _complain_of_journal(self, problem);
  self->told_problem = problem != NULL;
}

static __attribute__((noinline)) void
_apply_alias(const Run *self, Frame *frame)
{
  gchar name[256];

  if (frame->host.len >= sizeof(name))
    return;
  memcpy(name, frame->host.str, frame->host.len);
  name[frame->host.len] = '\0';
  const gchar *alias = g_hash_table_lookup(self->options->host_aliases, name);
  if (!alias)
    return;
  frame->node = frame->host;
  frame->host = slice_from_string(alias);
}

static inline void
_name_gateway(const Run *self, Frame *frame)
{
  if (!frame->host.len)
    frame->host = slice_from_string(self->options->host);
  if (self->has_aliases)
    _apply_alias(self, frame);
}

/* a damaged stamp of the far future must not decide the year of the lines behind it */
static inline void
_learn_time(Run *self, const Stamp *stamp)
{
  if (stamp->local_usec <= 0 || stamp->local_usec == self->learned_usec)
    return;
  self->learned_usec = stamp->local_usec;
  self->now_sec = MIN(stamp->local_usec / STAMP_USEC, self->begin_sec + DAY_SEC);
}

static __attribute__((noinline)) void
_explain(Run *self, const Frame *frame, gboolean has_frame, const Line *line)
{
  GString *text = g_string_new(NULL);

  explain_line(self->report.lines, frame, has_frame, line, text);
  g_string_append_len(output_buffer(&self->output), text->str, (gssize) text->len - 1);
  output_line_done(&self->output);
  g_string_free(text, TRUE);
}

static inline void
_feed(Run *self, Frame *frame, gboolean has_frame, const Line *line)
{
  if (self->options->explain)
    _explain(self, frame, has_frame, line);
  _name_gateway(self, frame);
  tracker_feed(self->tracker, frame, line, 0, &self->summaries);
  if (self->summaries.head)
    _write_summaries(self);
}

/* without a stamp: a line behind the first one of a record, or no log line at all */
static __attribute__((noinline)) void
_process_unframed(Run *self, Slice raw, gboolean whole)
{
  Frame frame = { .stamp = { 0, STAMP_OFFSET_UNKNOWN }, .text = raw, .raw = raw };
  Line line;

  line_parse(&frame, &line);
  if (!whole || line.role != LR_CONTINUATION || !self->in_record)
    line = (Line) { .role = LR_UNKNOWN };
  self->in_record = line.role == LR_CONTINUATION;
  _feed(self, &frame, FALSE, &line);
}

static inline __attribute__((always_inline)) void
_process_line(Run *self, Slice raw)
{
  Frame frame;
  Line line;

  if (!frame_split_next(&self->memory, raw, self->now_sec, &frame))
    {
      _process_unframed(self, frame.text, TRUE);
      return;
    }
  _learn_time(self, &frame.stamp);
  line_parse(&frame, &line);
  self->in_record = line.role != LR_NOT_OURS;
  _feed(self, &frame, TRUE, &line);
}

static void
_before_read(gboolean idle, gpointer data)
{
  Run *self = data;
  guint64 bytes = self->bytes_before + (self->input ? input_position(self->input) : 0);

  if (idle)
    output_flush(&self->output);
  if (carry_over_is_due(&self->carry_over))
    _look_after_journal(self);
  progress_update(&self->progress, bytes, self->report.lines, tracker_open_messages(self->tracker));
}

static gboolean
_has_failed(const Run *self)
{
  return self->output.error || self->answers.error;
}

/* all there is to do, but main() would be built to be small */
static __attribute__((noinline)) void
_read_lines(Run *self, const gchar *name)
{
  InputResult result = IR_LINE;
  Slice raw;

  while (!_has_failed(self) && (result = input_next(self->input, &raw)) < IR_END)
    {
      self->report.lines++;
      if (result == IR_LINE)
        _process_line(self, raw);
      else
        _process_unframed(self, raw, FALSE);
      _confirm(self);
    }
  if (result == IR_ERROR)
    _complain(self, name, input_error(self->input));
}

static void
_read_file(Run *self, const gchar *file)
{
  const gchar *name = g_str_equal(file, "-") ? STANDARD_INPUT_NAME : file;
  const gchar *error;

  self->input = input_open(file, _before_read, self, &error);
  if (!self->input)
    {
      _complain(self, name, error);
      return;
    }
  gint64 modified_sec = input_modified_sec(self->input);
  self->in_record = FALSE;
  self->now_sec = modified_sec ? MIN(modified_sec, self->begin_sec) : self->begin_sec;
  self->learned_usec = 0;
  _read_lines(self, name);
  self->bytes_before += input_position(self->input);
  self->report.bytes += input_text_bytes(self->input);
  input_close(self->input);
  self->input = NULL;
}

static guint64
_total_bytes(gchar **files)
{
  guint64 total = 0;

  for (guint i = 0; files[i]; i++)
    total += input_size_of(files[i]);
  return total;
}

static gboolean
_progress_is_shown(const Options *options)
{
  if (options->progress != PM_AUTO)
    return options->progress == PM_ALWAYS;
  return isatty(STDERR_FILENO) && (options->output || !isatty(STDOUT_FILENO));
}

static guint64
_random(void)
{
  guint64 seed;

  if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (gssize) sizeof(seed))
    seed = (guint64) g_get_real_time() ^ ((guint64) getpid() << 32);
  return seed;
}

/* the journal must be none of the files that hold something else */
static gboolean
_open_journal(Run *self)
{
  const Options *options = self->options;
  gchar *output[] = { options->output, NULL }, *problem = NULL, *notice = NULL;
  struct stat status;

  if (options->journal && stat(options->journal, &status) == 0
      && (input_is_among(&status, options->files) || input_is_among(&status, output)))
    problem = g_strdup("is also the input or the output");
  else
    carry_over_open(&self->carry_over, options->journal, &self->options->tracker, &problem, &notice);
  if (problem || notice)
    _complain_of_journal(self, problem ? problem : notice);
  gboolean opened = !problem;
  g_free(problem);
  g_free(notice);
  return opened;
}

static gboolean
_open_output(Run *self)
{
  const Options *options = self->options;
  OutputMode mode = options->journal || options->confirm ? OM_APPEND : OM_TRUNCATE;
  const gchar *error;
  gint fd = output_open(options->output, mode, options->files, &error);

  if (error)
    {
      _complain(self, output_name(options->output), error);
      return FALSE;
    }
  output_init(&self->output, fd, output_name(options->output));
  self->output.written = _settle;
  self->output.data = self;
  if (options->confirm)
    output_init(&self->answers, STDOUT_FILENO, output_name(NULL));
  return TRUE;
}

static void
_resume(Run *self)
{
  guint64 torn = carry_over_resume(&self->carry_over, self->tracker, &self->summaries);
  gchar *text;

  if (torn)
    {
      text = g_strdup_printf("was damaged: what stood behind %" G_GUINT64_FORMAT " torn places is lost", torn);
      _complain_of_journal(self, text);
      g_free(text);
    }
  _write_summaries(self);
  if (self->options->journal)
    _look_after_journal(self);
}

static void
_begin(Run *self)
{
  Options *options = self->options;

  self->tracker = tracker_new(&options->tracker);
  self->writer = document_writer_new(options->format);
  self->has_aliases = g_hash_table_size(options->host_aliases) > 0;
  self->lookup = options->raw ? lookup_new(slice_from_string(options->raw)) : NULL;
  progress_init(&self->progress, _progress_is_shown(options), _total_bytes(options->files));
  _resume(self);
  _confirm(self);
}

static void
_write_lookup(Run *self)
{
  guint64 omitted = lookup_omitted_lines(self->lookup);
  gchar *text;

  lookup_write(self->lookup, isatty(self->output.fd) == 1, &self->output);
  if (!lookup_count(self->lookup))
    _complain(self, self->options->raw, "no message in this log has that id, queue id or address");
  if (!omitted)
    return;
  text = g_strdup_printf("%" G_GUINT64_FORMAT " lines are missing, see --max-message-bytes", omitted);
  _complain(self, self->options->raw, text);
  g_free(text);
}

/* without a journal, or in the last run with it, nothing stays open */
static void
_end_all(Run *self)
{
  if (self->options->journal && !self->options->last)
    return;
  tracker_finish(self->tracker, ER_SHUTDOWN, &self->summaries);
  _write_summaries(self);
}

static void
_close_journal(Run *self)
{
  const gchar *problem;

  if (self->options->last && !_has_failed(self))
    {
      carry_over_remove(&self->carry_over);
      return;
    }
  carry_over_tidy(&self->carry_over);
  problem = carry_over_problem(&self->carry_over);
  if (problem)
    {
      _complain_of_journal(self, problem);
      _complain_of_journal(self, "what is open could not be kept: run again over the same input");
    }
  carry_over_close(&self->carry_over);
}

static void
_finish(Run *self)
{
  self->report.open_messages = tracker_open_messages(self->tracker);
  self->report.open_sessions = tracker_open_sessions(self->tracker);
  self->report.stay_open = self->options->journal && !self->options->last;
  _end_all(self);
  progress_clear(&self->progress);
  if (self->lookup)
    _write_lookup(self);
  if (self->options->journal)
    output_sync(&self->output);
  if (!output_close(&self->output) && !(self->options->quiet && self->output.error == EPIPE))
    complain(self->output.name, g_strerror(self->output.error));
  if (_has_failed(self))
    self->status = 1;
  _close_journal(self);
  if (self->options->confirm)
    output_close(&self->answers);
  self->report.seconds = (gdouble) (g_get_monotonic_time() - self->begin_usec) / G_USEC_PER_SEC;
}

static void
_report_counters(Run *self)
{
  GString *json = g_string_new(NULL);
  gint fd = open(self->options->counters, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  Output file;

  if (fd < 0)
    _complain(self, self->options->counters, g_strerror(errno));
  else
    {
      output_init(&file, fd, self->options->counters);
      report_as_json(&self->report, tracker_counters(self->tracker), json);
      g_string_append_len(output_buffer(&file), json->str, (gssize) json->len);
      if (!output_close(&file))
        _complain(self, file.name, g_strerror(file.error));
    }
  g_string_free(json, TRUE);
}

static void
_report(Run *self)
{
  if (self->options->counters)
    _report_counters(self);
  if (self->options->quiet || self->output.error == EPIPE)
    return;
  GString *text = g_string_new(NULL);
  report_as_text(&self->report, tracker_counters(self->tracker), text);
  fputs(text->str, stderr);
  g_string_free(text, TRUE);
}

static void
_release(Run *self)
{
  document_writer_free(self->writer);
  lookup_free(self->lookup);
  summary_queue_release(&self->summaries);
  tracker_free(self->tracker);
}

gint
run(Options *options)
{
  Run self = { .options = options };

  options->tracker.hash_seed = _random();
  self.begin_usec = g_get_monotonic_time();
  self.begin_sec = g_get_real_time() / G_USEC_PER_SEC;
  if (!_open_journal(&self))
    return 1;
  if (!_open_output(&self))
    {
      carry_over_close(&self.carry_over);
      return 1;
    }
  _begin(&self);
  for (guint i = 0; options->files[i] && !_has_failed(&self); i++)
    _read_file(&self, options->files[i]);
  _finish(&self);
  _report(&self);
  _release(&self);
  return self.status;
}
