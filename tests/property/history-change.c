/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the same history as it may come in another order, or at another time */
#include "history.h"

typedef struct _Late
{
  gint64 msec;
  HistoryLine *line;
} Late;

static gint
_compare_late(gconstpointer a, gconstpointer b)
{
  const Late *x = a, *y = b;

  return x->msec != y->msec ? (x->msec > y->msec ? 1 : -1) : (gint) x->line->index - (gint) y->line->index;
}

GPtrArray *
history_interleave(const History *self, GRand *rand, gint64 begin_sec, gint max_msec)
{
  GHashTable *delays = g_hash_table_new(NULL, NULL);
  GArray *late = g_array_new(FALSE, FALSE, sizeof(Late));
  GPtrArray *out = g_ptr_array_new();

  for (guint i = 0; i < self->lines->len; i++)
    {
      HistoryLine *line = g_ptr_array_index(self->lines, i);
      gpointer key = GUINT_TO_POINTER(line->process + 1), delay;

      if (!g_hash_table_lookup_extended(delays, key, NULL, &delay))
        {
          gboolean is_late = line->sec >= begin_sec && g_rand_boolean(rand);

          delay = GINT_TO_POINTER(is_late ? g_rand_int_range(rand, 0, max_msec) : 0);
          g_hash_table_insert(delays, key, delay);
        }
      Late one = { line->sec * 1000 + GPOINTER_TO_INT(delay), line };
      g_array_append_val(late, one);
    }
  g_array_sort(late, _compare_late);
  for (guint i = 0; i < late->len; i++)
    g_ptr_array_add(out, g_array_index(late, Late, i).line);
  g_array_free(late, TRUE);
  g_hash_table_destroy(delays);
  return out;
}

typedef struct _Move
{
  GHashTable *ids;
  gint days;
} Move;

static gboolean
_move_one(const GMatchInfo *match, GString *out, gpointer data)
{
  const Move *self = data;
  gchar *text = g_match_info_fetch(match, 0), *id = g_hash_table_lookup(self->ids, text);
  GTimeZone *utc = g_time_zone_new_utc();
  GDateTime *time = id ? NULL : g_date_time_new_from_iso8601(text, utc);

  if (time)
    {
      GDateTime *before = g_date_time_add_days(time, -self->days);
      gchar *moved = g_date_time_format(before, "%Y-%m-%dT%H:%M:%S");

      g_string_append(out, moved);
      g_free(moved);
      g_date_time_unref(before);
      g_date_time_unref(time);
    }
  else if (text[0] != ':')
    g_string_append(out, id ? id : text);
  g_time_zone_unref(utc);
  g_free(text);
  return FALSE;
}

gchar *
history_move_text(const History *from, const History *to, gint days, const gchar *text)
{
  Move move = { g_hash_table_new(g_str_hash, g_str_equal), days };
  GRegex *pattern = g_regex_new("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d|\\w{6}-\\w{6}-\\w{2}"
                                "|:[0-9a-f]{16}(?=\")", 0, 0, NULL);
  gchar *moved;

  for (guint i = 0; i < from->messages->len; i++)
    {
      const HistoryMessage *x = g_ptr_array_index(from->messages, i), *y = g_ptr_array_index(to->messages, i);
      for (guint k = 0; k < x->ids->len; k++)
        g_hash_table_insert(move.ids, g_ptr_array_index(x->ids, k), g_ptr_array_index(y->ids, k));
    }
  moved = g_regex_replace_eval(pattern, text, -1, 0, 0, _move_one, &move, NULL);
  g_regex_unref(pattern);
  g_hash_table_destroy(move.ids);
  return moved;
}
