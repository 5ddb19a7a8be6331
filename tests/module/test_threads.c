/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many connections at once, the timer, and a destination whose threads acknowledge, all on one parser */
#include "mailtrace.h"
#include "apphook.h"
#include "scratch-buffers.h"
#include <glib/gstdio.h>
#include <iv.h>
#include <iv_event.h>
#ifdef WITHOUT_CRITERION
#include "without-criterion.h"
#else
#include <criterion/criterion.h>
#endif

#define THREADS 4
#define ROUNDS 30

typedef struct _Waiting
{
  LogMessage *msg;
  gboolean ack_needed;
} Waiting;

static GlobalConfig *cfg;
static LogPipe *sink;
static LogParser *parser;
static GMutex lock;
static GQueue waiting = G_QUEUE_INIT;          /* Waiting: documents that the destination has not written */
static GHashTable *arrived;                    /* ids */
static guint lines_sent, lines_acked, refused;
static gint feeders, stopping;
static gboolean asks_main_thread;
static struct iv_event question;
static GCond answered;
static guint questions, answers;

/* as a destination does that is opened in the main thread: a lock held while forwarding would never be released */
static void
_ask_main_thread(void)
{
  gint64 until = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;

  g_mutex_lock(&lock);
  guint mine = ++questions;
  iv_event_post(&question);
  while ((gint) (answers - mine) < 0)
    cr_assert(g_cond_wait_until(&answered, &lock, until), "the main thread never answers");
  g_mutex_unlock(&lock);
}

static __thread gboolean is_feeder;

static void
_queue(LogPipe *s, LogMessage *msg, const LogPathOptions *path_options)
{
  Waiting *document = g_new(Waiting, 1);

  if (asks_main_thread && is_feeder)
    _ask_main_thread();
  *document = (Waiting) { msg, path_options->ack_needed };
  g_mutex_lock(&lock);
  g_queue_push_tail(&waiting, document);
  g_mutex_unlock(&lock);
}

static void
_line_acked(LogMessage *msg, AckType type)
{
  g_mutex_lock(&lock);
  lines_acked++;
  g_mutex_unlock(&lock);
}

static void
_send(const gchar *text)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT;
  LogMessage *msg = log_msg_new_empty();

  path_options.flow_control_requested = TRUE;
  msg->ack_func = _line_acked;
  log_msg_set_value(msg, LM_V_MESSAGE, text, -1);
  log_msg_add_ack(msg, &path_options);
  log_pipe_queue(&parser->super, msg, &path_options);
}

/* the founding message, of a gateway for each thread and round; the gateways share the shards */
static void
_send_message(gchar **lines, guint thread, guint round)
{
  gchar *host = g_strdup_printf(" host%u-%u ", thread, round);

  for (gchar **line = lines; *line && **line; line++)
    {
      GString *text = g_string_new(*line);
      g_string_replace(text, " defense ", host, 1);
      _send(text->str);
      g_mutex_lock(&lock);
      lines_sent++;
      g_mutex_unlock(&lock);
      g_string_free(text, TRUE);
    }
  g_free(host);
}

static gpointer
_feed(gpointer number)
{
  gchar *contents = NULL;

  app_thread_start();
  iv_init();
  is_feeder = TRUE;
  cr_assert(g_file_get_contents(TEST_DATA_DIR "/utm-full-message.log", &contents, NULL, NULL));
  gchar **lines = g_strsplit(contents, "\n", -1);
  for (guint round = 0; round < ROUNDS; round++)
    {
      _send_message(lines, GPOINTER_TO_UINT(number), round);
      scratch_buffers_explicit_gc();
    }
  g_strfreev(lines);
  g_free(contents);
  iv_deinit();
  app_thread_stop();
  g_atomic_int_add(&feeders, -1);
  return NULL;
}

static void
_write_document(Waiting *document, gboolean refuse)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT;

  path_options.ack_needed = document->ack_needed;
  if (refuse)
    refused++;
  else
    g_hash_table_add(arrived, g_strdup(log_msg_get_value_by_name(document->msg, "mailtrace.id", NULL)));
  log_msg_drop(document->msg, &path_options, refuse ? AT_ABORTED : AT_PROCESSED);
  g_free(document);
}

static Waiting *
_next_document(void)
{
  g_mutex_lock(&lock);
  Waiting *document = g_queue_pop_head(&waiting);
  g_mutex_unlock(&lock);
  return document;
}

static gpointer
_write(gpointer unused)
{
  guint n = 0;

  app_thread_start();
  while (!g_atomic_int_get(&stopping))
    {
      Waiting *document = _next_document();

      if (document)
        _write_document(document, ++n % 13 == 0);
      else
        g_usleep(500);
    }
  app_thread_stop();
  return NULL;
}

static void
_answer(gpointer unused)
{
  g_mutex_lock(&lock);
  answers = questions;
  g_cond_broadcast(&answered);
  g_mutex_unlock(&lock);
}

static gboolean
_is_done(void)
{
  g_mutex_lock(&lock);
  gboolean done = !g_atomic_int_get(&feeders) && lines_acked == lines_sent && g_queue_is_empty(&waiting);
  g_mutex_unlock(&lock);
  return done;
}

static void
_look(gpointer timer)
{
  struct iv_timer *self = timer;

  if (_is_done())
    {
      iv_quit();
      return;
    }
  iv_validate_now();
  self->expires = iv_now;
  self->expires.tv_nsec += 20000000;
  if (self->expires.tv_nsec >= 1000000000)
    {
      self->expires.tv_sec++;
      self->expires.tv_nsec -= 1000000000;
    }
  iv_timer_register(self);
}

static void
_run_main_loop(void)
{
  struct iv_timer timer;

  IV_TIMER_INIT(&timer);
  timer.handler = _look;
  timer.cookie = &timer;
  _look(&timer);
  iv_main();
}

static void
_run(void)
{
  GThread *feeding[THREADS], *writing = g_thread_new("write", _write, NULL);

  IV_EVENT_INIT(&question);
  question.handler = _answer;
  iv_event_register(&question);
  g_atomic_int_set(&feeders, THREADS);
  for (guint i = 0; i < THREADS; i++)
    feeding[i] = g_thread_new("feed", _feed, GUINT_TO_POINTER(i));
  _run_main_loop();
  for (guint i = 0; i < THREADS; i++)
    g_thread_join(feeding[i]);
  g_atomic_int_set(&stopping, TRUE);
  g_thread_join(writing);
  iv_event_unregister(&question);
}

static gchar *journal;

static void
_setup(void)
{
  app_startup();
  cfg = cfg_new_snippet();
  arrived = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  sink = log_pipe_new(cfg);
  sink->queue = _queue;
  cr_assert(log_pipe_init(sink));
  parser = mailtrace_new(cfg);
  journal = g_build_filename(g_get_tmp_dir(), "mailtrace-threads-XXXXXX", NULL);
  g_close(g_mkstemp(journal), NULL);
  MailtraceOptions *options = mailtrace_get_options(parser);
  cr_assert(mailtrace_options_set_lines(options, "drop"));
  cr_assert(mailtrace_options_set_journal(options, journal));
  log_pipe_append(&parser->super, sink);
  cr_assert(log_pipe_init(&parser->super));
}

static void
_teardown(void)
{
  log_pipe_deinit(&parser->super);
  log_pipe_unref(&parser->super);
  log_pipe_deinit(sink);
  log_pipe_unref(sink);
  g_hash_table_destroy(arrived);
  scratch_buffers_explicit_gc();
  cfg_free(cfg);
  app_shutdown();
  g_unlink(journal);
  g_free(journal);
}

TestSuite(threads, .init = _setup, .fini = _teardown, .timeout = 120);

Test(threads, every_message_of_every_connection_arrives_and_every_line_is_acknowledged)
{
  _run();
  cr_expect_eq(lines_sent, 14u * THREADS * ROUNDS);
  cr_expect_eq(g_hash_table_size(arrived), (guint) THREADS * ROUNDS);
  cr_expect_gt(refused, 0u);
}

Test(threads, a_destination_that_waits_for_the_main_thread_does_not_deadlock)
{
  asks_main_thread = TRUE;
  _run();
  cr_expect_gt(answers, 0u);
  cr_expect_eq(g_hash_table_size(arrived), (guint) THREADS * ROUNDS);
}

#ifdef WITHOUT_CRITERION
int
main(int argc, char **argv)
{
  asks_main_thread = argc > 1;
  _setup();
  (asks_main_thread ? a_destination_that_waits_for_the_main_thread_does_not_deadlock
   : every_message_of_every_connection_arrives_and_every_line_is_acknowledged)();
  _teardown();
  return 0;
}
#endif
