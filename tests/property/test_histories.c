/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Laws over made histories (history.h).  HISTORY_SEEDS=N tries N more seeds than the fixed ones and the random one,
 * HISTORY_SEED=N that one only, HISTORY_PRINT=1 prints the lines.
 *
 * What is compared: the last revision of each document by its id, without "revision".  Where lines change places also
 * without
 *   - "lines" and what connect and close lines say (client.connected, connection_count, closed, duration): they add
 *     nothing to what has ended, so they count only when they come in time;
 *   - the order of recipients, warnings and bounces: theirs is that of the lines.
 */
#include "history-run.h"
#include "facts-make.h"
#include "mailtrace/document.h"
#include <criterion/criterion.h>
#include <stdlib.h>

#define SESSIONS 40
#define SHIFT_DAYS 100

static gint64 change_sec;   /* summer time begins or ends */

/* how documents are compared */
typedef enum _Compare
{
  CMP_ALL,
  CMP_LOOSE,    /* see above */
} Compare;

static guint
_count(const FactItem *item)
{
  guint n = 0;

  for (; item; item = item->next)
    n++;
  return n;
}

static gint
_compare_items(gconstpointer a, gconstpointer b)
{
  Slice x = (*(const FactItem *const *) a)->text, y = (*(const FactItem *const *) b)->text;
  gint order = memcmp(x.str, y.str, MIN(x.len, y.len));

  return order ? order : (x.len > y.len) - (x.len < y.len);
}

static void
_sort_list(Facts *facts, FieldId id)
{
  GPtrArray *items = g_ptr_array_new();

  for (const FactItem *item = facts_get_list(facts, id); item; item = item->next)
    g_ptr_array_add(items, (gpointer) item);
  g_ptr_array_sort(items, _compare_items);
  facts_remove(facts, id);
  for (guint i = 0; i < items->len; i++)
    facts_append(facts, id, ((const FactItem *) g_ptr_array_index(items, i))->text);
  g_ptr_array_free(items, TRUE);
}

/* the document itself stays as it is: only what finds its values is copied */
static gchar *
_json(const Facts *document, Compare compare)
{
  static const FieldId late[] = { F_LINES, F_CLIENT_CONNECTED, F_CLIENT_CONNECTION_COUNT, F_CLIENT_CLOSED,
    F_CLIENT_DURATION, F_ENDED };
  static const FieldId lists[] = { F_RECIPIENTS, F_RECIPIENT_DOMAINS, F_WARNINGS, F_BOUNCES };
  static DocumentWriter *writer;
  Facts *facts = g_memdup2(document, sizeof(Facts) + FIELD_COUNT * sizeof(Fact));
  GString *json = g_string_new(NULL);

  facts->at = facts->values;
  if (!writer)
    writer = document_writer_new(DF_NATIVE);
  facts_remove(facts, F_REVISION);
  for (guint i = 0; compare == CMP_LOOSE && i < G_N_ELEMENTS(late); i++)
    facts_remove(facts, late[i]);
  for (guint i = 0; compare == CMP_LOOSE && i < G_N_ELEMENTS(lists); i++)
    _sort_list(facts, lists[i]);
  document_write(writer, facts, json);
  g_free(facts);
  return g_string_free(json, FALSE);
}

static void
_show_difference(const gchar *law, const gchar *id, const gchar *a, const gchar *b)
{
  gsize same = 0, begin;

  while (a[same] && a[same] == b[same])
    same++;
  begin = same > 60 ? same - 60 : 0;
  cr_expect(FALSE, "%s, seed %u, %s:\n%.200s\n%.200s", law, current_seed, id, a + begin, b + begin);
}

static void
_expect_same(const gchar *law, const Run *expected, const Run *found, Compare compare)
{
  GHashTableIter iter;
  gpointer id, document;
  guint shown = 0;

  g_hash_table_iter_init(&iter, found->documents);
  while (g_hash_table_iter_next(&iter, &id, NULL))
    if (!g_hash_table_contains(expected->documents, id) && shown++ < 3)
      cr_expect(FALSE, "%s, seed %u: new document %s", law, current_seed, (gchar *) id);
  g_hash_table_iter_init(&iter, expected->documents);
  while (g_hash_table_iter_next(&iter, &id, &document))
    {
      const Facts *other = g_hash_table_lookup(found->documents, id);
      gchar *a = _json(document, compare), *b = other ? _json(other, compare) : g_strdup("none");

      if (!g_str_equal(a, b) && shown++ < 3)
        _show_difference(law, id, a, b);
      g_free(a);
      g_free(b);
    }
}

static gint32
_winter(gint64 utc_sec)
{
  return 3600;
}

static gint32
_spring(gint64 utc_sec)
{
  return utc_sec < change_sec ? 3600 : 7200;
}

static gint32
_autumn(gint64 utc_sec)
{
  return utc_sec < change_sec ? 7200 : 3600;
}

static void
_each_seed(void (*law)(GRand *rand, const History *history))
{
  const gchar *more = getenv("HISTORY_SEEDS"), *only = getenv("HISTORY_SEED");
  guint32 n_fixed = only ? 1 : 12, n = n_fixed + (more ? (guint32) g_ascii_strtoull(more, NULL, 10) : only ? 0 : 1);
  guint32 first_random = g_random_int();

  for (guint32 i = 0; i < n; i++)
    {
      current_seed = only ? (guint32) g_ascii_strtoull(only, NULL, 10) : i < n_fixed ? i + 1 : first_random + i;
      if (!only && i >= n_fixed)
        g_print("seed %u\n", current_seed);
      GRand *rand = g_rand_new_with_seed(current_seed);
      History *history = history_new(current_seed, BEGIN_SEC, SESSIONS, _winter);

      for (guint k = 0; getenv("HISTORY_PRINT") && k < history->lines->len; k++)
        g_print("< %s\n", ((HistoryLine *) g_ptr_array_index(history->lines, k))->text);
      law(rand, history);
      history_free(history);
      g_rand_free(rand);
    }
}

static const Facts *
_document_of(const Run *run, const HistoryMessage *message)
{
  gchar *id = g_strdup_printf("%s:%s", message->host, (gchar *) g_ptr_array_index(message->ids, 0));
  const Facts *document = g_hash_table_lookup(run->documents, id);

  g_free(id);
  return document;
}

static void
_check_truth(GRand *rand, const History *history)
{
  Plan plan = { .lines = history->lines };
  Run run = history_run(&plan);
  guint n = 0;
  GHashTableIter iter;
  gpointer document;

  for (guint i = 0; i < history->messages->len; i++)
    {
      const HistoryMessage *message = g_ptr_array_index(history->messages, i);
      const Facts *found = _document_of(&run, message);
      const gchar *id = g_ptr_array_index(message->ids, 0);

      cr_expect_eq(found != NULL, message->arrives, "seed %u: %s", current_seed, id);
      n += message->arrives;
      if (!found)
        continue;
      Slice status = facts_get_text(found, F_STATUS);
      cr_expect_eq(_count(facts_get_list(found, F_QUEUE_IDS)), message->ids->len, "seed %u: %s", current_seed, id);
      cr_expect(!message->status || slice_equals(status, slice_from_string(message->status)),
                "seed %u: %s is %.*s, not %s", current_seed, id, (int) status.len, status.str, message->status);
      cr_expect(!facts_has(found, F_MISSING), "seed %u: %s misses something", current_seed, id);
    }
  g_hash_table_iter_init(&iter, run.documents);
  while (g_hash_table_iter_next(&iter, NULL, &document))
    n -= slice_equals(facts_get_text(document, F_RECORD), SLICE("message"));
  cr_expect_eq(n, 0u, "seed %u: phantoms", current_seed);
  history_run_release(&run);
}

Test(history, every_message_is_one_document)
{
  _each_seed(_check_truth);
}

static gint64
_second(const Facts *facts, FieldId id)
{
  return facts_has(facts, id) ? stamp_to_utc_usec(&facts_at(facts, id)->stamp) / STAMP_USEC : 0;
}

/* a message that arrived before, or a session without one, may tell nothing of the change */
static gboolean
_tells_of_change(const Facts *document)
{
  return slice_equals(facts_get_text(document, F_RECORD), SLICE("message"))
         && _second(document, F_RECEIVED) >= change_sec;
}

/* whatever the gateway's clock does, it is the same second of the world */
static void
_expect_same_seconds(const gchar *zone, const Run *expected, const Run *found)
{
  GHashTableIter iter;
  gpointer id, document;

  g_hash_table_iter_init(&iter, expected->documents);
  while (g_hash_table_iter_next(&iter, &id, &document))
    {
      const Facts *other = g_hash_table_lookup(found->documents, id);

      if (!other || !_tells_of_change(document))
        continue;
      cr_expect_eq(_second(other, F_RECEIVED), _second(document, F_RECEIVED), "seed %u, %s, received: %s",
                   current_seed, zone, (gchar *) id);
      cr_expect_eq(_second(other, F_COMPLETED), _second(document, F_COMPLETED), "seed %u, %s, completed: %s",
                   current_seed, zone, (gchar *) id);
    }
}

static void
_check_zone(GRand *rand, const History *changed, const gchar *zone, const Run *expected, gboolean is_live)
{
  Plan plan = { .lines = changed->lines, .is_live = is_live };
  Run found = history_run(&plan);

  _check_truth(rand, changed);
  /* the wall clock tells how old a connection is, whatever its stamps say */
  if (is_live)
    cr_expect_eq(g_hash_table_size(found.documents) + found.twins, g_hash_table_size(expected->documents),
                 "seed %u, %s", current_seed, zone);
  _expect_same_seconds(zone, expected, &found);
  history_run_release(&found);
}

/* as often as not in a pause */
static gint64
_any_second(GRand *rand, const History *history)
{
  guint at = (guint) g_rand_int_range(rand, 0, (gint) history->lines->len - 1);
  const HistoryLine *line = g_ptr_array_index(history->lines, at);

  if (g_rand_boolean(rand))
    return line->sec;
  for (guint i = at; i + 1 < history->lines->len; i++)
    {
      const HistoryLine *before = g_ptr_array_index(history->lines, i);
      const HistoryLine *behind = g_ptr_array_index(history->lines, i + 1);

      if (behind->sec > before->sec + 400)
        return before->sec + g_rand_int_range(rand, 1, (gint) (behind->sec - before->sec) + 1);
    }
  return line->sec;
}

static void
_check_zones(GRand *rand, const History *history)
{
  static const HistoryZone zones[] = { _spring, _autumn };
  static const gchar *const names[] = { "spring", "autumn" };
  Plan plan = { .lines = history->lines };
  Run expected = history_run(&plan);

  for (guint i = 0; i < 4 * G_N_ELEMENTS(zones); i++)
    {
      change_sec = i < 2 * G_N_ELEMENTS(zones) ? BEGIN_SEC + 100 : _any_second(rand, history);
      History *changed = history_new(current_seed, BEGIN_SEC, SESSIONS, zones[i / 2 % G_N_ELEMENTS(zones)]);

      _check_zone(rand, changed, names[i / 2 % G_N_ELEMENTS(zones)], &expected, i % 2);
      history_free(changed);
    }
  history_run_release(&expected);
}

Test(history, summer_time_may_begin_and_end)
{
  _each_seed(_check_zones);
}

static void
_check_order(GRand *rand, const History *history)
{
  Plan plan = { .lines = history->lines };
  Run expected = history_run(&plan);

  for (guint i = 0; i < 6; i++)
    {
      plan.lines = history_interleave(history, rand, BEGIN_SEC, i < 2 ? 1500 : 20000);
      Run found = history_run(&plan);
      _expect_same("order", &expected, &found, CMP_LOOSE);
      history_run_release(&found);
      g_ptr_array_free(plan.lines, TRUE);
    }
  history_run_release(&expected);
}

Test(history, the_order_of_processes_does_not_matter)
{
  _each_seed(_check_order);
}

static GPtrArray *
_copy_lines(const GPtrArray *lines)
{
  GPtrArray *copy = g_ptr_array_new();

  for (guint i = 0; i < lines->len; i++)
    g_ptr_array_add(copy, g_ptr_array_index(lines, i));
  return copy;
}

static void
_check_repeats(GRand *rand, const History *history)
{
  Plan plan = { .lines = history->lines };
  Run expected = history_run(&plan);

  for (guint i = 0; i < 20; i++)
    {
      guint which = (guint) g_rand_int_range(rand, 0, (gint) history->lines->len);
      guint where = (guint) g_rand_int_range(rand, (gint) which + 1, (gint) history->lines->len + 1);

      plan.lines = _copy_lines(history->lines);
      g_ptr_array_insert(plan.lines, (gint) where, g_ptr_array_index(history->lines, which));
      Run found = history_run(&plan);
      gchar *law = g_strdup_printf("line %u again behind %u", which + 1, where);
      _expect_same(law, &expected, &found, CMP_ALL);
      g_free(law);
      history_run_release(&found);
      g_ptr_array_free(plan.lines, TRUE);
    }
  history_run_release(&expected);
}

Test(history, a_repeated_line_changes_nothing)
{
  _each_seed(_check_repeats);
}

static void
_check_reading_again(GRand *rand, const History *history)
{
  Plan plan = { .lines = history->lines };
  Run expected = history_run(&plan);

  for (guint i = 0; i < 12; i++)
    {
      plan.again = i < 2 ? history->lines->len : (guint) g_rand_int_range(rand, 1, (gint) history->lines->len);
      plan.settled_before = i % 2;
      Run found = history_run(&plan);
      _expect_same(plan.settled_before ? "read again, settled" : "read again", &expected, &found, CMP_ALL);
      history_run_release(&found);
    }
  history_run_release(&expected);
}

Test(history, reading_the_end_again_changes_nothing)
{
  _each_seed(_check_reading_again);
}

static void
_check_live(GRand *rand, const History *history)
{
  Plan plan = { .lines = history->lines };
  Run expected = history_run(&plan);

  plan.is_live = TRUE;
  Run found = history_run(&plan);
  _expect_same("live", &expected, &found, CMP_ALL);
  history_run_release(&found);
  history_run_release(&expected);
}

Test(history, an_archive_is_the_same_as_live)
{
  _each_seed(_check_live);
}

/* which message the document speaks of; all its ids must be of one */
static gint
_message_of(const History *history, const Facts *document)
{
  gchar *host = slice_dup(facts_get_text(document, F_GATEWAY));
  gint message = -1;

  for (const FactItem *item = facts_get_list(document, F_QUEUE_IDS); item; item = item->next)
    {
      gchar *id = slice_dup(item->text);
      gint found = history_find(history, host, id);

      cr_expect(message == -1 || message == found, "seed %u: %s joins two messages", current_seed, id);
      cr_expect_neq(found, -1, "seed %u: nobody made %s", current_seed, id);
      message = found;
      g_free(id);
    }
  g_free(host);
  return message;
}

static gboolean
_misses(const Facts *document, Slice what)
{
  for (const FactItem *item = facts_get_list(document, F_MISSING); item; item = item->next)
    if (slice_equals(item->text, what))
      return TRUE;
  return FALSE;
}

/* by message: 1 it has a line, 2 its arrival is there */
static guint8 *
_what_is_left(const History *history, const GPtrArray *lines)
{
  guint8 *left = g_new0(guint8, history->messages->len);

  for (guint i = 0; i < lines->len; i++)
    {
      const HistoryLine *line = g_ptr_array_index(lines, i);
      if (line->message >= 0)
        left[line->message] |= (guint8) (1 | (line->kind == HK_ARRIVAL ? 2 : 0));
    }
  return left;
}

static void
_mark_refused(const History *history, const Facts *session, guint8 *seen)
{
  gchar *host = slice_dup(facts_get_text(session, F_GATEWAY));
  const Facts *refusal;

  for (guint i = 0; (refusal = facts_nested(session, RK_REFUSAL, i)); i++)
    {
      gchar *id = slice_dup(facts_get_text(refusal, F_REFUSAL_QUEUE_ID));
      gint message = id[0] ? history_find(history, host, id) : -1;

      if (message >= 0)
        seen[message] = 1;
      g_free(id);
    }
  g_free(host);
}

static void
_check_loss(const History *history, GPtrArray *lines)
{
  Plan plan = { .lines = lines };
  Run run = history_run(&plan);
  guint8 *left = _what_is_left(history, lines), *seen = g_new0(guint8, history->messages->len);
  GHashTableIter iter;
  gpointer id, document;

  g_hash_table_iter_init(&iter, run.documents);
  while (g_hash_table_iter_next(&iter, &id, &document))
    {
      if (slice_equals(facts_get_text(document, F_RECORD), SLICE("session")))
        {
          _mark_refused(history, document, seen);
          continue;
        }
      gint message = _message_of(history, document);
      if (message < 0)
        continue;
      seen[message] = 1;
      cr_expect(left[message] & 1, "seed %u: %s has no line", current_seed, (gchar *) id);
      cr_expect((left[message] & 2) || _misses(document, SLICE("arrival")), "seed %u: %s does not miss its arrival",
                current_seed, (gchar *) id);
    }
  for (guint i = 0; i < history->messages->len; i++)
    cr_expect(seen[i] || !(left[i] & 1), "seed %u: message %s is lost", current_seed,
              (gchar *) g_ptr_array_index(((HistoryMessage *) g_ptr_array_index(history->messages, i))->ids, 0));
  g_free(left);
  g_free(seen);
  history_run_release(&run);
}

static void
_check_losses(GRand *rand, const History *history)
{
  for (guint i = 0; i < 30; i++)
    {
      GPtrArray *lines = _copy_lines(history->lines);
      g_ptr_array_remove_index(lines, (guint) g_rand_int_range(rand, 0, (gint) lines->len));
      _check_loss(history, lines);
      g_ptr_array_free(lines, TRUE);
    }
  for (gint percent = 5; percent <= 20; percent += 5)
    {
      GPtrArray *lines = g_ptr_array_new();
      for (guint i = 0; i < history->lines->len; i++)
        if (g_rand_int_range(rand, 0, 100) >= percent)
          g_ptr_array_add(lines, g_ptr_array_index(history->lines, i));
      _check_loss(history, lines);
      g_ptr_array_free(lines, TRUE);
    }
}

Test(history, lost_lines_lose_no_message)
{
  _each_seed(_check_losses);
}

static void
_check_window(GRand *rand, const History *history)
{
  for (guint i = 0; i < 6; i++)
    {
      guint from = (guint) g_rand_int_range(rand, 0, (gint) history->lines->len - 1);
      guint to = (guint) g_rand_int_range(rand, (gint) from + 1, (gint) history->lines->len + 1);
      GPtrArray *lines = g_ptr_array_new();

      for (guint k = from; k < to; k++)
        g_ptr_array_add(lines, g_ptr_array_index(history->lines, k));
      _check_loss(history, lines);
      g_ptr_array_free(lines, TRUE);
    }
}

Test(history, a_log_may_begin_and_end_in_the_middle)
{
  _each_seed(_check_window);
}

static void
_check_cap(GRand *rand, const History *history)
{
  Plan plan = { .lines = history->lines };
  Run all = history_run(&plan);

  plan.max_messages = (guint) g_rand_int_range(rand, 1, 5);
  Run run = history_run(&plan);
  cr_expect_leq(run.open_max, plan.max_messages, "seed %u", current_seed);
  if (all.open_max > plan.max_messages)
    cr_expect_gt(run.counters.messages_ended[ER_EVICTED], 0u, "seed %u", current_seed);
  history_run_release(&run);
  history_run_release(&all);
}

Test(history, open_messages_keep_their_cap)
{
  _each_seed(_check_cap);
}

static GHashTable *
_texts(const Run *run, const History *from, const History *to, gint days)
{
  GHashTable *texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer document;

  g_hash_table_iter_init(&iter, run->documents);
  while (g_hash_table_iter_next(&iter, NULL, &document))
    {
      gchar *json = _json(document, CMP_LOOSE);

      g_hash_table_add(texts, history_move_text(from, to, days, json));
      g_free(json);
    }
  return texts;
}

/* ids are new ones, made of the new times */
static void
_check_shift(GRand *rand, const History *history)
{
  History *later = history_new(current_seed, BEGIN_SEC + SHIFT_DAYS * DAY_SEC, SESSIONS, _winter);
  GHashTable *a, *b;
  Plan plan = { .lines = history->lines }, later_plan = { .lines = later->lines };
  Run run = history_run(&plan), shifted = history_run(&later_plan);
  GHashTableIter iter;
  gpointer text;

  a = _texts(&run, history, history, 0);
  b = _texts(&shifted, later, history, SHIFT_DAYS);
  cr_expect_eq(g_hash_table_size(a), g_hash_table_size(b), "seed %u", current_seed);
  g_hash_table_iter_init(&iter, a);
  while (g_hash_table_iter_next(&iter, &text, NULL))
    cr_expect(g_hash_table_contains(b, text), "shift, seed %u: %.300s", current_seed, (gchar *) text);
  g_hash_table_destroy(a);
  g_hash_table_destroy(b);
  history_run_release(&run);
  history_run_release(&shifted);
  history_free(later);
}

Test(history, later_begins_shift_only_times)
{
  _each_seed(_check_shift);
}
