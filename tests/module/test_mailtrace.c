/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the parser in process, between a source that counts acknowledgements and a pipe that captures */
#include "mailtrace.h"
#include "apphook.h"
#include "list-text.h"
#include "scratch-buffers.h"
#include "str-repr/encode.h"
#include <criterion/criterion.h>
#include <iv.h>

typedef struct _Capture
{
  LogMessage *msg;
  gboolean ack_needed, flow_control;
} Capture;

static GlobalConfig *cfg;
static LogPipe *sink;
static GArray *captured;
static guint acks, aborts;
static gboolean hold_documents;
static guint refuse_documents;

static void
_capture(LogPipe *s, LogMessage *msg, const LogPathOptions *path_options)
{
  Capture capture = { log_msg_ref(msg), path_options->ack_needed, path_options->flow_control_requested };

  g_array_append_val(captured, capture);
  if (hold_documents && log_msg_is_tag_by_name(msg, "mailtrace"))
    return;   /* what a destination does that has not written it yet */
  if (refuse_documents && log_msg_is_tag_by_name(msg, "mailtrace"))
    {
      refuse_documents--;
      log_msg_drop(msg, path_options, AT_SUSPENDED);
      return;
    }
  log_msg_drop(msg, path_options, AT_PROCESSED);
}

static void
_acked(LogMessage *msg, AckType type)
{
  if (type == AT_PROCESSED)
    acks++;
  else
    aborts++;
}

static void
_send(LogParser *parser, const gchar *text)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT;
  LogMessage *msg = log_msg_new_empty();

  path_options.flow_control_requested = TRUE;
  msg->ack_func = _acked;
  log_msg_set_value(msg, LM_V_MESSAGE, text, -1);
  log_msg_add_ack(msg, &path_options);
  log_pipe_queue(&parser->super, msg, &path_options);
}

static guint
_send_founding(LogParser *parser)
{
  gchar *contents = NULL;
  guint n = 0;

  cr_assert(g_file_get_contents(TEST_DATA_DIR "/utm-full-message.log", &contents, NULL, NULL));
  gchar **lines = g_strsplit(contents, "\n", -1);
  for (gchar **line = lines; *line && **line; line++, n++)
    _send(parser, *line);
  g_strfreev(lines);
  g_free(contents);
  return n;
}

static void
_setup(void)
{
  app_startup();
  cfg = cfg_new_snippet();
  captured = g_array_new(FALSE, FALSE, sizeof(Capture));
  sink = log_pipe_new(cfg);
  sink->queue = _capture;
  cr_assert(log_pipe_init(sink));
}

static void
_teardown(void)
{
  for (guint i = 0; i < captured->len; i++)
    log_msg_unref(g_array_index(captured, Capture, i).msg);
  g_array_free(captured, TRUE);
  log_pipe_deinit(sink);
  log_pipe_unref(sink);
  scratch_buffers_explicit_gc();
  cfg_free(cfg);
  app_shutdown();
}

static LogParser *
_start(LogParser *parser)
{
  log_pipe_append(&parser->super, sink);
  cr_assert(log_pipe_init(&parser->super));
  return parser;
}

static void
_stop(LogParser *parser)
{
  log_pipe_deinit(&parser->super);
  log_pipe_unref(&parser->super);
}

static const gchar *
_value(const Capture *capture, const gchar *name)
{
  return log_msg_get_value_by_name(capture->msg, name, NULL);
}

/* the first of that kind; valid until the next message comes */
static Capture *
_document(const gchar *record)
{
  for (guint i = 0; i < captured->len; i++)
    if (g_str_equal(_value(&g_array_index(captured, Capture, i), "mailtrace.record"), record))
      return &g_array_index(captured, Capture, i);
  return NULL;
}

static void
_run_main_loop(gint64 msec)
{
  struct iv_timer timer;

  IV_TIMER_INIT(&timer);
  timer.handler = (void (*)(void *)) iv_quit;
  iv_validate_now();
  timer.expires = iv_now;
  timer.expires.tv_sec += msec / 1000;
  timer.expires.tv_nsec += msec % 1000 * 1000000;
  if (timer.expires.tv_nsec >= 1000000000)
    {
      timer.expires.tv_sec++;
      timer.expires.tv_nsec -= 1000000000;
    }
  iv_timer_register(&timer);
  iv_main();
}

/* the destination has written it */
static void
_release(Capture *document)
{
  LogPathOptions path_options = LOG_PATH_OPTIONS_INIT;

  log_msg_ack(document->msg, &path_options, AT_PROCESSED);
  log_msg_unref(document->msg);
}

static guint
_count_documents(void)
{
  guint n = 0;

  for (guint i = 0; i < captured->len; i++)
    n += !g_str_equal(_value(&g_array_index(captured, Capture, i), "mailtrace.record"), "line");
  return n;
}

TestSuite(mailtrace, .init = _setup, .fini = _teardown);

Test(mailtrace, each_line_is_acknowledged_once_and_the_document_comes_before_its_last_line)
{
  LogParser *parser = _start(mailtrace_new(cfg));
  guint lines = _send_founding(parser);

  cr_expect_eq(lines, 14u);
  cr_expect_eq(acks, lines);
  cr_expect_eq(captured->len, lines + 1);
  cr_expect_str_eq(_value(&g_array_index(captured, Capture, lines - 1), "mailtrace.record"), "message");
  _stop(parser);
}

Test(mailtrace, the_last_line_is_not_acknowledged_before_its_document)
{
  LogParser *parser = _start(mailtrace_new(cfg));

  hold_documents = TRUE;
  _send_founding(parser);
  Capture *document = _document("message");
  cr_assert_not_null(document);
  cr_expect(document->ack_needed);
  cr_expect(document->flow_control);
  cr_expect_eq(acks, 13u);

  _release(_document("message"));
  cr_expect_eq(acks, 14u);
  cr_expect_eq(aborts, 0u);
  _stop(parser);
}

Test(mailtrace, a_refused_document_comes_again_and_only_then_its_line_is_acknowledged)
{
  LogParser *parser = _start(mailtrace_new(cfg));

  refuse_documents = 2;
  _send_founding(parser);
  cr_expect_eq(_count_documents(), 1u);
  cr_expect_eq(acks, 13u);
  _run_main_loop(500);
  cr_expect_eq(_count_documents(), 2u, "at the first tick");
  cr_expect_eq(acks, 13u);
  _run_main_loop(1500);
  cr_expect_eq(_count_documents(), 3u, "and at the next one");
  cr_expect_eq(acks, 14u);
  cr_expect_eq(aborts, 0u);
  _stop(parser);
}

Test(mailtrace, a_document_that_waits_keeps_its_state_alive_after_the_parser)
{
  LogParser *parser = _start(mailtrace_new(cfg));

  hold_documents = TRUE;
  _send_founding(parser);
  Capture *document = _document("message");
  cr_assert_not_null(document);
  _stop(parser);
  cr_expect_eq(acks, 13u);
  _release(_document("message"));
  cr_expect_eq(acks, 14u);
}

/* a message whose completion was lost waits for settle-time(); the destination of another one is dead meanwhile */
Test(mailtrace, time_stands_still_while_a_document_waits)
{
  LogParser *parser = mailtrace_new(cfg);

  mailtrace_get_options(parser)->tracker.settle_sec = 1;
  _start(parser);
  _run_main_loop(100);
  hold_documents = TRUE;
  _send_founding(parser);
  Capture *document = _document("message");
  cr_assert_not_null(document);
  _send(parser, "2019:06:10-11:04:50 defense exim-out[9]: 2019-06-10 11:04:50 1haLr0-0000Mp-2G <= a@b.example P=local S=1 for c@d.example");
  _send(parser, "2019:06:10-11:04:50 defense exim-out[9]: 2019-06-10 11:04:50 1haLr0-0000Mp-2G => c@d.example R=r T=t");
  _run_main_loop(4500);
  cr_expect_eq(_count_documents(), 1u);
  _release(_document("message"));
  hold_documents = FALSE;
  _send(parser, "2019:06:10-11:04:50 defense exim-out[10]: 2019-06-10 11:04:50 1haLr0-0000Mq-2G <= a@b.example P=local S=1 for c@d.example");
  _run_main_loop(3500);
  cr_expect_eq(_count_documents(), 2u);
  _stop(parser);
}

Test(mailtrace, documents_that_no_line_brought_about_are_flow_controlled_as_the_lines_were)
{
  LogParser *parser = mailtrace_new(cfg);

  mailtrace_get_options(parser)->tracker.settle_sec = 1;
  _start(parser);
  _send(parser, "2019-06-10 11:04:50 1haLr0-0000Mp-2G <= a@b.example P=local S=1 for c@d.example");
  _send(parser, "2019-06-10 11:04:50 1haLr0-0000Mp-2G => c@d.example R=r T=t");
  _run_main_loop(3500);
  Capture *document = _document("message");
  cr_assert_not_null(document);
  cr_expect(document->ack_needed);
  cr_expect(document->flow_control);
  _stop(parser);
}

Test(mailtrace, a_document_carries_typed_values_host_program_stamp_and_tag)
{
  LogParser *parser = _start(mailtrace_new(cfg));
  LogMessageValueType type;

  _send_founding(parser);
  Capture *document = _document("message");
  cr_assert_not_null(document);
  cr_expect_str_eq(_value(document, "HOST"), "defense");
  cr_expect_str_eq(_value(document, "PROGRAM"), "mailtrace");
  cr_expect_str_eq(_value(document, "mailtrace.tls.in.version"), "TLSv1.2");
  cr_expect_eq(document->msg->timestamps[LM_TS_STAMP].ut_sec, 1560179080);
  cr_expect_eq(document->msg->timestamps[LM_TS_STAMP].ut_gmtoff, -4 * 3600);
  cr_expect(log_msg_is_tag_by_name(document->msg, "mailtrace"));
  log_msg_get_value_with_type(document->msg, log_msg_get_value_handle("mailtrace.size"), NULL, &type);
  cr_expect_eq(type, LM_VT_INTEGER);
  log_msg_get_value_with_type(document->msg, log_msg_get_value_handle("mailtrace.deliveries"), NULL, &type);
  cr_expect_eq(type, LM_VT_JSON);
  _stop(parser);
}

static void
_set_fields(LogParser *parser, const gchar *one, const gchar *other)
{
  GList *names = g_list_append(g_list_append(NULL, (gpointer) one), (gpointer) other);

  cr_expect_null(mailtrace_options_unknown_field(names));
  mailtrace_options_set_fields(mailtrace_get_options(parser), names);
  g_list_free(names);
}

Test(mailtrace, only_the_fields_that_are_asked_for_are_set)
{
  LogParser *parser = mailtrace_new(cfg);

  _set_fields(parser, "status", "tls.*");
  _start(parser);
  _send_founding(parser);
  Capture *document = _document("message"), *line = &g_array_index(captured, Capture, 0);
  cr_assert_not_null(document);
  cr_expect_str_eq(_value(document, "mailtrace.status"), "delivered");
  cr_expect_str_eq(_value(document, "mailtrace.tls.in.version"), "TLSv1.2");
  cr_expect_str_empty(_value(document, "mailtrace.subject"));
  cr_expect_str_empty(_value(document, "mailtrace.deliveries"));
  cr_expect_not_null(strstr(_value(document, "MESSAGE"), "\"subject\":\"Statement\""));
  cr_expect_str_eq(_value(line, "mailtrace.record"), "line");
  cr_expect_str_empty(_value(line, "mailtrace.client.ip"));
  _stop(parser);
}

Test(mailtrace, lists_are_written_as_syslog_ng_writes_them)
{
  GString *own = g_string_new(NULL), *theirs = g_string_new(NULL);
  gchar text[4] = "x y";

  for (guint byte = 1; byte < 256; byte++)
    for (guint at = 0; at < 3; at++)
      {
        memcpy(text, "xyz", 3);
        text[at] = (gchar) byte;
        g_string_truncate(own, 0);
        g_string_truncate(theirs, 0);
        list_text_append(own, slice_from_string(text));
        str_repr_encode_append(theirs, text, 3, ",");
        cr_expect_str_eq(own->str, theirs->str);
        cr_expect_eq(list_text_is_plain(slice_from_string(text)), strlen(theirs->str) == 3);
      }
  g_string_truncate(own, 0);
  list_text_append(own, SLICE("a"));
  list_text_append(own, SLICE(""));
  list_text_append(own, SLICE("b\\ \"c"));
  cr_expect_str_eq(own->str, "a,\"\",'b\\\\ \"c'");
  g_string_free(own, TRUE);
  g_string_free(theirs, TRUE);
}

Test(mailtrace, a_clone_has_all_options_and_its_own_state)
{
  LogParser *parser = mailtrace_new(cfg);
  MailtraceOptions *options = mailtrace_get_options(parser), *copied;

  mailtrace_options_set_prefix(options, "x.");
  _set_fields(parser, "size", "dkim.*");
  options->emit = 1u << RK_DKIM;
  options->drop_lines = TRUE;
  options->format = DF_ECS;
  options->tracker.timeout_sec = 7;
  options->journal_sync_sec = 3;
  cr_assert(mailtrace_options_set_journal(options, "/dev/shm/test-mailtrace.journal"));
  options->tracker.max_messages = 9;
  mailtrace_options_add_alias(options, "defense", "cluster");
  cr_assert(mailtrace_options_set_time_zone(options, "Europe/Berlin"));
  LogParser *clone = (LogParser *) log_pipe_clone(&parser->super);
  copied = mailtrace_get_options(clone);
  cr_expect_str_eq(copied->prefix, "x.");
  cr_expect(mailtrace_options_has_field(copied, F_SIZE, RK_LINE));
  cr_expect_not(mailtrace_options_has_field(copied, F_ID, RK_MESSAGE));
  cr_expect_eq(copied->emit, 1u << RK_DKIM);
  cr_expect(copied->drop_lines);
  cr_expect_eq(copied->format, DF_ECS);
  cr_expect_eq(copied->tracker.timeout_sec, 7);
  cr_expect_eq(copied->journal_sync_sec, 3u);
  cr_expect(copied->has_journal);
  cr_expect_str_eq(copied->journal, "/dev/shm/test-mailtrace.journal");
  mailtrace_options_set_journal(copied, "no");
  cr_expect_eq(copied->tracker.max_messages, 9u);
  cr_expect_str_eq(copied->time_zone, "Europe/Berlin");
  cr_expect(slice_equals(mailtrace_options_gateway(copied, SLICE("defense")), SLICE("cluster")));
  _stop(_start(clone));
  log_pipe_unref(&parser->super);
}

Test(mailtrace, dropped_lines_still_make_documents)
{
  LogParser *parser = mailtrace_new(cfg);

  cr_assert(mailtrace_options_set_lines(mailtrace_get_options(parser), "drop"));
  _start(parser);
  _send_founding(parser);
  cr_expect_eq(captured->len, 1u);
  cr_expect_eq(acks, 14u);
  _stop(parser);
}

Test(mailtrace, garbage_passes_as_an_unknown_line)
{
  LogParser *parser = _start(mailtrace_new(cfg));

  _send(parser, "");
  _send(parser, "\xff\xfe not a log line");
  cr_expect_eq(captured->len, 2u);
  cr_expect_eq(acks, 2u);
  cr_expect_str_eq(_value(&g_array_index(captured, Capture, 1), "mailtrace.role"), "unknown");
  _stop(parser);
}

/* by template() nothing holds the table of the message while values are set */
Test(mailtrace, the_host_is_right_whenever_the_table_of_values_moves)
{
  LogParser *parser = mailtrace_new(cfg);
  LogTemplate *template = log_template_new(cfg, NULL);

  cr_assert(log_template_compile(template, "${MESSAGE}", NULL));
  log_parser_set_template(parser, template);
  _start(parser);
  for (guint len = 1; len < 1000; len += 7)
    {
      gchar *subject = g_strnfill(len, 's');
      gchar *text = g_strdup_printf("1haLqi-0002Mp-2G <= a@b.example P=local S=1 T=\"%s\" for c@d.example", subject);
      LogPathOptions path_options = LOG_PATH_OPTIONS_INIT_NOACK;
      LogMessage *msg = log_msg_new_empty();

      log_msg_set_value(msg, LM_V_HOST, "mx.example.org", -1);
      log_msg_set_value(msg, LM_V_PROGRAM, "exim", -1);
      log_msg_set_value(msg, LM_V_MESSAGE, text, -1);
      log_pipe_queue(&parser->super, msg, &path_options);
      cr_expect_str_eq(_value(&g_array_index(captured, Capture, captured->len - 1), "mailtrace.gateway"),
                       "mx.example.org");
      g_free(text);
      g_free(subject);
    }
  _stop(parser);
}

Test(mailtrace, a_stamp_before_1970_has_a_fraction_of_a_second)
{
  LogParser *parser = _start(mailtrace_new(cfg));

  cr_assert(mailtrace_options_set_time_zone(mailtrace_get_options(parser), "UTC"));
  _send(parser, "1960-01-01 00:00:00.500 1haLqi-0002Mp-2G Completed");
  cr_expect_eq(g_array_index(captured, Capture, 0).msg->timestamps[LM_TS_STAMP].ut_sec, -315619200);
  cr_expect_eq(g_array_index(captured, Capture, 0).msg->timestamps[LM_TS_STAMP].ut_usec, 500000u);
  _stop(parser);
}

Test(mailtrace, wrong_values_are_refused)
{
  LogParser *parser = mailtrace_new(cfg);
  MailtraceOptions *options = mailtrace_get_options(parser);
  GList *kinds = g_list_append(g_list_append(NULL, "message"), "refusal");
  gchar *prefix = g_strnfill(MAILTRACE_PREFIX_MAX + 1, 'x');

  cr_expect_not(mailtrace_options_set_prefix(options, prefix));
  cr_expect_str_eq(mailtrace_options_unknown_kind(kinds), "refusal");
  cr_expect_str_eq(mailtrace_options_unknown_field(kinds), "refusal");
  cr_expect_not(mailtrace_options_set_lines(options, "keep"));
  cr_expect_not(mailtrace_options_set_json(options, "xml"));
  cr_expect_not(mailtrace_options_set_journal(options, ""));
  cr_expect_not(mailtrace_options_set_emit(options, kinds));
  cr_expect_not(mailtrace_options_set_time_zone(options, "Mars/Base"));
  gchar *problem = mailtrace_options_set_tls_policy(options, "none");
  cr_expect_not_null(problem);
  g_free(problem);
  g_list_free(kinds);
  g_free(prefix);
  log_pipe_unref(&parser->super);
}

Test(mailtrace, a_message_that_opens_while_syslog_ng_stops_still_has_a_document)
{
  mailtrace_global_init();
  LogParser *parser = _start(mailtrace_new(cfg));

  _send(parser, "2019-06-10 11:04:40 1haLqi-0002Mp-2G <= a@b.example P=local S=1 for c@d.example");
  app_pre_shutdown();
  _send(parser, "2019-06-10 11:04:41 1haLql-0002Mh-MA <= a@b.example P=local S=1 for c@d.example");
  cr_assert_eq(captured->len, 4u);
  cr_expect_str_eq(_value(&g_array_index(captured, Capture, 1), "mailtrace.end_reason"), "shutdown");
  cr_expect_str_eq(_value(&g_array_index(captured, Capture, 2), "mailtrace.end_reason"), "shutdown");
  _stop(parser);
}

Test(mailtrace, raw_documents_carry_their_own_lines)
{
  LogParser *parser = mailtrace_new(cfg);

  mailtrace_get_options(parser)->tracker.keep_raw = TRUE;
  _start(parser);
  _send_founding(parser);
  const gchar *json = _value(_document("message"), "MESSAGE");
  const gchar *raw = strstr(json, "\"raw\":[\"2019:06:10-11:04:40 defense exim-in[6854]");
  cr_assert_not_null(raw);
  guint lines = 0;
  for (const gchar *at = raw; (at = strstr(at, "2019:06:10-")); at++)
    lines++;
  cr_expect_eq(lines, 14u);
  _stop(parser);
}
