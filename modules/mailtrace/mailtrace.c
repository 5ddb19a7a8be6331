/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace.h"
#include "apphook.h"
#include "mainloop.h"
#include "message-glue.h"
#include "messages.h"
#include "state.h"
#include "stats.h"

#include <iv.h>

typedef struct _Mailtrace
{
  LogParser super;
  void (*parser_queue)(LogPipe *, LogMessage *, const LogPathOptions *);
  MailtraceOptions options;
  MessageGlue glue;
  MailtraceState *state;
  MailtraceStats stats;
  struct iv_timer tick;
  gint flow_control_requested;   /* as the lines came; for documents that no line brings about */
  guint clone_id;
  guint ordinal;                 /* among the parsers of one rule */
  gchar *counter_id;
  guint *clone_counter;          /* shared by the original and its clones, the original frees it */
} Mailtrace;

static GList *live_parsers;      /* main thread only */

MailtraceOptions *
mailtrace_get_options(LogParser *s)
{
  return &((Mailtrace *) s)->options;
}

/* no lock may be held: the rest of the path runs inside */
static void
_forward(Mailtrace *self, const Record *record, LogMessage *line, const LogPathOptions *line_options)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT_NOACK;
  LogMessage *msg;

  if (line && line_options->ack_needed)
    {
      /* the line is acknowledged when its document is */
      log_msg_add_ack(line, line_options);
      msg = log_msg_clone_cow(line, line_options);
      log_msg_clear(msg);
      path_options.ack_needed = TRUE;
    }
  else
    msg = log_msg_new_empty();
  path_options.flow_control_requested = line_options ? line_options->flow_control_requested
                                        : g_atomic_int_get(&self->flow_control_requested);
  message_glue_set_document(&self->glue, msg, record);
  log_pipe_forward_msg(&self->super.super, msg, &path_options);
}

static void
_forward_flat(Mailtrace *self, const Summary *summary, RecordKind kind, LogMessage *line,
              const LogPathOptions *line_options)
{
  Record *flat;

  if (!(self->options.emit & (1u << kind)) || summary->record->kind != RK_MESSAGE)
    return;
  for (guint i = 0; (flat = summary_flat_record(summary, kind, i)); i++)
    {
      _forward(self, flat, line, line_options);
      record_free(flat);
    }
}

static void
_forward_all(Mailtrace *self, SummaryQueue *queue, LogMessage *line, const LogPathOptions *line_options)
{
  Summary *summary;

  while ((summary = summary_queue_pop(queue)))
    {
      LogMessage *ride = summary->by_line ? line : NULL;
      const LogPathOptions *ride_options = line ? line_options : NULL;

      _forward_flat(self, summary, RK_SCAN, ride, ride_options);
      _forward_flat(self, summary, RK_DKIM, ride, ride_options);
      _forward_flat(self, summary, RK_DELIVERY, ride, ride_options);
      if (self->options.emit & (1u << summary->record->kind))
        _forward(self, summary->record, ride, ride_options);
      summary_free(summary);
    }
}

static gboolean
_process(LogParser *s, LogMessage **pmsg, const LogPathOptions *path_options, const gchar *input, gsize input_len)
{
  Mailtrace *self = (Mailtrace *) s;
  LogMessage *msg = log_msg_make_writable(pmsg, path_options);
  SummaryQueue queue = SUMMARY_QUEUE_INIT;
  Frame frame;
  Line line;

  g_atomic_int_set(&self->flow_control_requested, path_options->flow_control_requested);
  message_glue_get_frame(msg, slice_new(input, input_len), &self->options, &frame);
  line_parse(&frame, &line);
  mailtrace_state_feed(self->state, &frame, &line, g_get_real_time(), &queue);
  /* before the documents: a line that documents ride on is write-protected */
  if (!self->options.drop_lines)
    message_glue_set_line(&self->glue, msg, &frame, &line);
  _forward_all(self, &queue, msg, path_options);
  return !self->options.drop_lines;
}

/* lines(drop): a consumed line has matched, no else branch may take it */
static void
_queue(LogPipe *s, LogMessage *msg, const LogPathOptions *path_options)
{
  Mailtrace *self = (Mailtrace *) s;
  LogPathOptions local = *path_options;
  gboolean ignored;

  if (self->options.drop_lines)
    local.matched = &ignored;
  self->parser_queue(s, msg, &local);
}

static void
_update_stats(Mailtrace *self)
{
  TrackerCounters counters;
  guint open_messages, open_sessions;

  mailtrace_state_count(self->state, &counters, &open_messages, &open_sessions);
  mailtrace_stats_set(&self->stats, &counters, open_messages, open_sessions);
}

static void
_arm_timer(Mailtrace *self)
{
  iv_validate_now();
  self->tick.expires = iv_now;
  self->tick.expires.tv_sec++;
  iv_timer_register(&self->tick);
}

static void
_tick(gpointer s)
{
  Mailtrace *self = (Mailtrace *) s;
  SummaryQueue queue = SUMMARY_QUEUE_INIT;

  mailtrace_state_tick(self->state, g_get_real_time(), &queue);
  _forward_all(self, &queue, NULL, NULL);
  _update_stats(self);
  _arm_timer(self);
}

static const gchar *
_persist_name(const LogPipe *s)
{
  static gchar name[512];
  const Mailtrace *self = (const Mailtrace *) s;

  g_snprintf(name, sizeof(name), "mailtrace(%s,%u,%u)", s->persist_name ? s->persist_name : self->super.name,
             self->ordinal, self->clone_id);
  return name;
}

/* a rule may hold several parsers, e.g. those that app-parser() collects; their order names them across reloads */
static void
_name_instance(Mailtrace *self)
{
  self->ordinal = 0;
  for (GList *l = live_parsers; l; l = l->next)
    {
      const Mailtrace *other = l->data;
      if (g_strcmp0(other->super.name, self->super.name) == 0 && other->clone_id == self->clone_id)
        self->ordinal++;
    }
  g_free(self->counter_id);
  if (self->ordinal || self->clone_id)
    self->counter_id = g_strdup_printf("%s#%u.%u", self->super.name, self->ordinal, self->clone_id);
  else
    self->counter_id = g_strdup(self->super.name);
}

static void
_restore_state(Mailtrace *self)
{
  GlobalConfig *cfg = log_pipe_get_config(&self->super.super);
  MailtraceState *kept = cfg_persist_config_fetch(cfg, log_pipe_get_persist_name(&self->super.super));

  if (kept)
    {
      mailtrace_state_unref(self->state);
      self->state = kept;
    }
  mailtrace_state_set_options(self->state, &self->options);
}

static gboolean
_init(LogPipe *s)
{
  Mailtrace *self = (Mailtrace *) s;

  if (!log_parser_init_method(s))
    return FALSE;
  _name_instance(self);
  _restore_state(self);
  message_glue_init(&self->glue, &self->options);
  mailtrace_stats_register(&self->stats, self->counter_id);
  live_parsers = g_list_prepend(live_parsers, self);
  IV_TIMER_INIT(&self->tick);
  self->tick.cookie = self;
  self->tick.handler = _tick;
  _arm_timer(self);
  return TRUE;
}

static gboolean
_deinit(LogPipe *s)
{
  Mailtrace *self = (Mailtrace *) s;

  if (iv_timer_registered(&self->tick))
    iv_timer_unregister(&self->tick);
  live_parsers = g_list_remove(live_parsers, self);
  mailtrace_stats_unregister(&self->stats, self->counter_id);
  message_glue_release(&self->glue);
  /* a reference of our own stays: if the new configuration fails, this very pipe is initialised again */
  compat_persist_add(log_pipe_get_config(s), log_pipe_get_persist_name(s), mailtrace_state_ref(self->state),
                     (GDestroyNotify) mailtrace_state_unref);
  return log_parser_deinit_method(s);
}

static void
_free(LogPipe *s)
{
  Mailtrace *self = (Mailtrace *) s;

  message_glue_release(&self->glue);
  mailtrace_state_unref(self->state);
  mailtrace_options_clear(&self->options);
  g_rc_box_release(self->clone_counter);
  g_free(self->counter_id);
  log_parser_free_method(s);
}

static LogPipe *
_clone(LogPipe *s)
{
  Mailtrace *self = (Mailtrace *) s;
  LogParser *parser = mailtrace_new(s->cfg);
  Mailtrace *clone = (Mailtrace *) parser;

  compat_clone_parser_settings(&self->super, parser);
  mailtrace_options_copy(&clone->options, &self->options);
  log_pipe_set_persist_name(&parser->super, s->persist_name);
  g_rc_box_release(clone->clone_counter);
  clone->clone_counter = g_rc_box_acquire(self->clone_counter);
  clone->clone_id = ++*self->clone_counter;
  return &parser->super;
}

LogParser *
mailtrace_new(GlobalConfig *cfg)
{
  Mailtrace *self = g_new0(Mailtrace, 1);

  log_parser_init_instance(&self->super, cfg);
  self->super.super.init = _init;
  self->super.super.deinit = _deinit;
  self->parser_queue = self->super.super.queue;
  self->super.super.queue = _queue;
  self->super.super.clone = _clone;
  self->super.super.free_fn = _free;
  self->super.super.generate_persist_name = _persist_name;
  self->super.process = _process;
  mailtrace_options_init(&self->options);
  self->state = mailtrace_state_new();
  self->clone_counter = g_rc_box_new0(guint);
  return &self->super;
}

/* runs on the main thread while every pipe is still alive; deinit would be too late */
static void
_pre_shutdown(gint type, gpointer unused)
{
  for (GList *l = live_parsers; l; l = l->next)
    {
      Mailtrace *self = l->data;
      SummaryQueue queue = SUMMARY_QUEUE_INIT;

      mailtrace_state_finish(self->state, ER_SHUTDOWN, &queue);
      _forward_all(self, &queue, NULL, NULL);
      _update_stats(self);
    }
}

/* hooks cannot be taken back, and modules are initialised again at every reload */
void
mailtrace_global_init(void)
{
  static gboolean done = FALSE;

  if (done)
    return;
  done = TRUE;
  register_application_hook(AH_PRE_SHUTDOWN, _pre_shutdown, NULL, AHM_RUN_REPEAT);
}
