/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows the order of the layers, files first, documents last; must not know mail or syslog. */
#include "run.h"

#include "complain.h"
#include "explain.h"
#include "input.h"
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
  Progress progress;
  Report report;
  Input *input;            /* the one being read, or NULL */
  guint64 bytes_before;    /* of the files already read */
  gint64 begin_usec, begin_sec;
  gint64 now_sec;          /* of the lines: guesses the year of stamps without one */
  gboolean in_record;      /* the line before was one of Exim, or belonged to one */
  gint status;
} Run;

static void
_complain(Run *self, const gchar *what, const gchar *why)
{
  progress_clear(&self->progress);
  complain(what, why);
  self->status = 1;
}

static gboolean
_wants(const Run *self, RecordKind kind)
{
  return !self->options->explain && (self->options->emit & (1u << kind)) != 0;
}

static void
_write_document(Run *self, const Record *record)
{
  document_write(self->writer, record, output_buffer(&self->output));
  output_line_done(&self->output);
  self->report.documents++;
  self->report.documents_by_record[record->kind]++;
}

static void
_write_parts(Run *self, const Summary *summary, RecordKind kind)
{
  Record *part;

  for (guint i = 0; _wants(self, kind) && (part = summary_flat_record(summary, kind, i)); i++)
    {
      _write_document(self, part);
      record_free(part);
    }
}

static void
_write_summary(Run *self, const Summary *summary)
{
  RecordKind kind = summary->record->kind;

  if (_wants(self, kind))
    {
      _write_document(self, summary->record);
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
_write_summaries(Run *self, SummaryQueue *queue)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      _write_summary(self, summary);
      summary_free(summary);
    }
}

static void
_name_gateway(const Run *self, Frame *frame)
{
  gchar name[256];

  if (!frame->host.len)
    frame->host = slice_from_string(self->options->host);
  if (!g_hash_table_size(self->options->host_aliases) || frame->host.len >= sizeof(name))
    return;
  memcpy(name, frame->host.str, frame->host.len);
  name[frame->host.len] = '\0';
  const gchar *alias = g_hash_table_lookup(self->options->host_aliases, name);
  if (!alias)
    return;
  frame->node = frame->host;
  frame->host = slice_from_string(alias);
}

/* a damaged stamp of the far future must not decide the year of the lines behind it */
static void
_learn_time(Run *self, const Stamp *stamp)
{
  if (stamp->local_usec > 0)
    self->now_sec = MIN(stamp->local_usec / STAMP_USEC, self->begin_sec + DAY_SEC);
}

static void
_explain(Run *self, const Frame *frame, gboolean has_frame, const Line *line)
{
  GString *text = g_string_new(NULL);

  explain_line(self->report.lines, frame, has_frame, line, text);
  g_string_append_len(output_buffer(&self->output), text->str, (gssize) text->len - 1);
  output_line_done(&self->output);
  g_string_free(text, TRUE);
}

static void
_feed(Run *self, Frame *frame, gboolean has_frame, const Line *line)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;

  if (self->options->explain)
    _explain(self, frame, has_frame, line);
  _name_gateway(self, frame);
  tracker_feed(self->tracker, frame, line, 0, &queue);
  _write_summaries(self, &queue);
}

/* without a stamp: a line behind the first one of a record, or no log line at all */
static void
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

static void
_process_line(Run *self, Slice raw)
{
  Frame frame;
  Line line;

  if (!frame_split(raw, self->now_sec, &frame))
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
  progress_update(&self->progress, bytes, self->report.lines, tracker_open_messages(self->tracker));
}

static void
_read_lines(Run *self, const gchar *name)
{
  InputResult result = IR_LINE;
  Slice raw;

  while (!self->output.error && (result = input_next(self->input, &raw)) < IR_END)
    {
      self->report.lines++;
      if (result == IR_LINE)
        _process_line(self, raw);
      else
        _process_unframed(self, raw, FALSE);
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

/* truncated only after it is known not to be one of the inputs */
static gint
_open_output(const Options *options, const gchar **error)
{
  struct stat mine, theirs;
  gint fd = options->output ? open(options->output, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : STDOUT_FILENO;

  *error = NULL;
  if (fd < 0 || fstat(fd, &mine) < 0)
    *error = g_strerror(errno);
  for (guint i = 0; !*error && S_ISREG(mine.st_mode) && options->files[i]; i++)
    if ((g_str_equal(options->files[i], "-") ? fstat(STDIN_FILENO, &theirs) : stat(options->files[i], &theirs)) == 0
        && mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino)
      *error = "is also the input";
  if (!*error && options->output && S_ISREG(mine.st_mode) && ftruncate(fd, 0) < 0)
    *error = g_strerror(errno);
  return fd;
}

static guint64
_random(void)
{
  guint64 seed;

  if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (gssize) sizeof(seed))
    seed = (guint64) g_get_real_time() ^ ((guint64) getpid() << 32);
  return seed;
}

static void
_init(Run *self, Options *options, gint output_fd)
{
  options->tracker.hash_seed = _random();
  *self = (Run) { .options = options, .tracker = tracker_new(&options->tracker) };
  self->writer = document_writer_new(options->format);
  self->begin_usec = g_get_monotonic_time();
  self->begin_sec = g_get_real_time() / G_USEC_PER_SEC;
  output_init(&self->output, output_fd, options->output ? options->output : "standard output");
  progress_init(&self->progress, _progress_is_shown(options), _total_bytes(options->files));
}

static void
_finish(Run *self)
{
  SummaryQueue queue = SUMMARY_QUEUE_INIT;

  self->report.open_messages = tracker_open_messages(self->tracker);
  self->report.open_sessions = tracker_open_sessions(self->tracker);
  tracker_finish(self->tracker, ER_SHUTDOWN, &queue);
  _write_summaries(self, &queue);
  progress_clear(&self->progress);
  if (!output_close(&self->output) && !(self->options->quiet && self->output.error == EPIPE))
    complain(self->output.name, g_strerror(self->output.error));
  if (self->output.error)
    self->status = 1;
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

gint
run(Options *options)
{
  const gchar *error;
  gint fd = _open_output(options, &error);
  Run self;

  if (error)
    {
      complain(options->output ? options->output : "standard output", error);
      return 1;
    }
  _init(&self, options, fd);
  for (guint i = 0; options->files[i] && !self.output.error; i++)
    _read_file(&self, options->files[i]);
  _finish(&self);
  _report(&self);
  document_writer_free(self.writer);
  tracker_free(self.tracker);
  return self.status;
}
