/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace.h"
#include "apphook.h"
#include "journal-place.h"
#include "mainloop.h"
#include "message-glue.h"
#include "messages.h"
#include "state.h"
#include "stats.h"
#include "sync-thread.h"

#include <iv.h>

#define RESENT_A_TICK 1000
#define LAST_WAIT_MSEC 10000
#define LAST_PATIENCE_MSEC 2000   /* more than a usual batch-timeout() */

typedef struct _Mailtrace
{
  LogParser super;
  void (*parser_queue)(LogPipe *, LogMessage *, const LogPathOptions *);
  MailtraceOptions options;
  MessageGlue glue;
  MailtraceState *state;
  MailtraceStats stats;
  SyncThread *sync;
  struct iv_timer tick;
  gint flow_control_requested;   /* as the lines came, TRUE at first; for documents that no line brings about */
  guint clone_id;
  guint ordinal;                 /* among the parsers of one rule */
  gchar *copy;                   /* tells it apart from others of its rule; NULL: it is the first */
  gchar *counter_id;
  guint *clone_counter;          /* shared by the original and its clones, the original frees it */
} Mailtrace;

static GList *live_parsers;      /* main thread only */

MailtraceOptions *
mailtrace_get_options(LogParser *s)
{
  return &((Mailtrace *) s)->options;
}

/* no lock may be held: the rest of the path runs inside, and may acknowledge at once */
static void
_forward(Mailtrace *self, Delivery *delivery, const Facts *facts, gboolean flow_control)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT;
  Facts *covered = privacy_is_on(&self->options.privacy) ? privacy_apply(&self->options.privacy, facts) : NULL;
  LogMessage *msg = message_glue_new_document(&self->glue, covered ? covered : facts);

  facts_free(covered);
  path_options.flow_control_requested = flow_control;
  delivery_add(delivery, (RecordKind) facts->kind, msg, &path_options);
  log_pipe_forward_msg(&self->super.super, msg, &path_options);
}

static void
_forward_flat(Mailtrace *self, Delivery *delivery, RecordKind kind, gboolean flow_control)
{
  const Summary *summary = delivery->summary;
  Facts *flat;

  if (!(self->options.emit & (1u << kind)) || summary->facts->kind != RK_MESSAGE)
    return;
  for (guint i = 0; (flat = summary_flat_facts(summary, kind, i)); i++)
    {
      _forward(self, delivery, flat, flow_control);
      facts_free(flat);
    }
}

static void
_deliver(Mailtrace *self, Delivery *delivery, gboolean flow_control)
{
  const Facts *facts = delivery->summary->facts;

  delivery_begin(delivery);
  _forward_flat(self, delivery, RK_SCAN, flow_control);
  _forward_flat(self, delivery, RK_DKIM, flow_control);
  _forward_flat(self, delivery, RK_DELIVERY, flow_control);
  if (self->options.emit & (1u << facts->kind))
    _forward(self, delivery, facts, flow_control);
  mailtrace_state_count_documents(self->state, delivery);
  delivery_end(delivery);
}

static void
_deliver_all(Mailtrace *self, DeliveryQueue *queue, gboolean flow_control)
{
  Delivery *delivery;

  while ((delivery = delivery_queue_pop(queue)))
    _deliver(self, delivery, flow_control);
}

static gboolean
_process(LogParser *s, LogMessage **pmsg, const LogPathOptions *path_options, const gchar *input, gsize input_len)
{
  Mailtrace *self = (Mailtrace *) s;
  DeliveryQueue queue = DELIVERY_QUEUE_INIT;
  FrameCopy copy;
  Frame frame;
  Line line;

  if (g_atomic_int_get(&self->flow_control_requested) != path_options->flow_control_requested)
    g_atomic_int_set(&self->flow_control_requested, path_options->flow_control_requested);
  copy.len = 0;
  message_glue_get_frame(*pmsg, slice_new(input, input_len), &self->options, &copy, &frame);
  line_parse(&frame, &line);
  mailtrace_state_feed(self->state, &frame, &line, *pmsg, path_options, &queue);
  if (!self->options.drop_lines)
    message_glue_set_line(&self->glue, log_msg_make_writable(pmsg, path_options), &frame, &line);
  _deliver_all(self, &queue, path_options->flow_control_requested);
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
  MailtraceCounts counts;

  mailtrace_state_count(self->state, &counts);
  mailtrace_stats_set(&self->stats, &counts);
}

static void
_arm_timer(Mailtrace *self, glong seconds)
{
  iv_validate_now();
  self->tick.expires = iv_now;
  self->tick.expires.tv_sec += seconds;
  iv_timer_register(&self->tick);
}

static void
_report_journal(Mailtrace *self, JournalNews news)
{
  JournalFileStatus status;

  if (news == JN_NONE)
    return;
  journal_file_get_status(mailtrace_state_journal(self->state), &status);
  if (news == JN_FULL)
    msg_error("mailtrace(): the journal cannot grow, lines wait unacknowledged until it can",
              evt_tag_str("journal", journal_file_path(mailtrace_state_journal(self->state))),
              evt_tag_str("error", g_strerror(status.full_errno)), log_pipe_location_tag(&self->super.super));
  else
    msg_notice("mailtrace(): the journal has room again",
               evt_tag_str("journal", journal_file_path(mailtrace_state_journal(self->state))),
               log_pipe_location_tag(&self->super.super));
}

/* again, in order, until one is refused once more; TRUE: there may be more */
static gboolean
_deliver_refused(Mailtrace *self, gboolean flow_control)
{
  guint64 refused = mailtrace_state_refused(self->state);

  for (guint i = 0; i < RESENT_A_TICK; i++)
    {
      Delivery *delivery = mailtrace_state_next_refused(self->state);
      if (!delivery)
        return FALSE;
      _deliver(self, delivery, flow_control);
      if (mailtrace_state_refused(self->state) != refused)
        return FALSE;
    }
  return TRUE;
}

/* the first tick: what an init must not do, since the configuration may still fail */
static void
_sync_journal(Mailtrace *self)
{
  JournalFile *file = mailtrace_state_journal(self->state);

  if (file && self->options.journal_sync_sec && !self->sync)
    self->sync = sync_thread_start(file, self->options.journal_sync_sec);
}

static void
_tick(gpointer s)
{
  Mailtrace *self = (Mailtrace *) s;
  DeliveryQueue queue = DELIVERY_QUEUE_INIT;
  gboolean flow_control = g_atomic_int_get(&self->flow_control_requested);

  _report_journal(self, mailtrace_state_tick(self->state, g_get_real_time(), &queue));
  _sync_journal(self);
  gboolean more = _deliver_refused(self, flow_control);
  _deliver_all(self, &queue, flow_control);
  _update_stats(self);
  _arm_timer(self, more ? 0 : 1);
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
  g_free(self->copy);
  self->copy = self->ordinal || self->clone_id ? g_strdup_printf("%u.%u", self->ordinal, self->clone_id) : NULL;
  g_free(self->counter_id);
  self->counter_id = g_strconcat(self->super.name, self->copy ? "#" : NULL, self->copy, NULL);
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
}

static gboolean
_open_journal(Mailtrace *self)
{
  LogPipe *s = &self->super.super;
  gchar *path = journal_place(&self->options, log_pipe_get_config(s), s->persist_name ? s->persist_name
                              : self->super.name, self->copy);
  gchar *problem = NULL, *notice = NULL;
  gboolean opened = mailtrace_state_open_journal(self->state, path, &problem, &notice);

  if (!opened)
    msg_error("mailtrace(): the file of journal() cannot be used", evt_tag_str("journal", path),
              evt_tag_str("error", problem), log_pipe_location_tag(s));
  if (notice)
    msg_warning("mailtrace(): the file of journal() was not usable, a new one was made", evt_tag_str("journal", path),
                evt_tag_str("reason", notice), log_pipe_location_tag(s));
  g_free(path);
  g_free(problem);
  g_free(notice);
  return opened;
}

static void
_report_damage(Mailtrace *self)
{
  guint64 torn_blocks = mailtrace_state_take_torn_blocks(self->state);

  if (torn_blocks)
    msg_warning("mailtrace(): the journal was damaged, what stood behind its torn places is lost",
                evt_tag_str("journal", journal_file_path(mailtrace_state_journal(self->state))),
                evt_tag_long("torn_places", (glong) torn_blocks), log_pipe_location_tag(&self->super.super));
}

static gboolean
_check_options(Mailtrace *self)
{
  const gchar *problem = mailtrace_options_problem(&self->options);

  if (problem)
    msg_error("mailtrace(): options that do not go together", evt_tag_str("error", problem),
              log_pipe_location_tag(&self->super.super));
  return !problem;
}

static gboolean
_init(LogPipe *s)
{
  Mailtrace *self = (Mailtrace *) s;

  if (!log_parser_init_method(s) || !_check_options(self))
    return FALSE;
  _name_instance(self);
  _restore_state(self);
  if (!_open_journal(self))
    return FALSE;
  mailtrace_state_set_options(self->state, &self->options);
  _report_damage(self);
  message_glue_init(&self->glue, &self->options);
  mailtrace_stats_register(&self->stats, self->counter_id);
  live_parsers = g_list_prepend(live_parsers, self);
  IV_TIMER_INIT(&self->tick);
  self->tick.cookie = self;
  self->tick.handler = _tick;
  _arm_timer(self, 0);
  return TRUE;
}

static gboolean
_deinit(LogPipe *s)
{
  Mailtrace *self = (Mailtrace *) s;

  if (iv_timer_registered(&self->tick))
    iv_timer_unregister(&self->tick);
  sync_thread_stop(self->sync);
  self->sync = NULL;
  if (main_loop_is_terminating(main_loop_get_instance()))
    mailtrace_state_leave(self->state);
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
  g_free(self->copy);
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
  self->flow_control_requested = TRUE;
  self->state = mailtrace_state_new();
  self->clone_counter = g_rc_box_new0(guint);
  return &self->super;
}

static guint
_count_waiting(void)
{
  guint n = 0;

  for (GList *l = live_parsers; l; l = l->next)
    if (!((Mailtrace *) l->data)->options.has_journal)
      n += mailtrace_state_count_waiting(((Mailtrace *) l->data)->state);
  return n;
}

/* destinations with threads of their own lose what they have not begun with when they are told to end, and go on until
 * then; those of the main thread write all that they have, so that nothing moves here */
static void
_wait_for_destinations(void)
{
  guint waiting, before = G_MAXUINT;
  gint patience = LAST_PATIENCE_MSEC;

  for (gint msec = LAST_WAIT_MSEC; msec > 0 && patience > 0 && (waiting = _count_waiting()); msec -= 10)
    {
      patience = waiting < before ? LAST_PATIENCE_MSEC : patience - 10;
      before = waiting;
      g_usleep(10 * G_TIME_SPAN_MILLISECOND);
    }
}

/* runs on the main thread while every pipe is still alive; deinit would be too late.  What has a journal stays open. */
static void
_pre_shutdown(gint type, gpointer unused)
{
  for (GList *l = live_parsers; l; l = l->next)
    {
      Mailtrace *self = l->data;
      DeliveryQueue queue = DELIVERY_QUEUE_INIT;

      if (self->options.has_journal)
        continue;
      mailtrace_state_finish(self->state, ER_SHUTDOWN, &queue);
      _deliver_all(self, &queue, g_atomic_int_get(&self->flow_control_requested));
      _update_stats(self);
    }
  _wait_for_destinations();
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
