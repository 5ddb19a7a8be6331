/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/record.h"

#include <criterion/criterion.h>

static Record *record;

static void
_setup(void)
{
  record = record_new(RK_MESSAGE);
}

static void
_teardown(void)
{
  record_free(record);
}

TestSuite(record, .init = _setup, .fini = _teardown);

#define assert_text(id, expected) cr_assert(slice_equals(record_get_text(record, id), slice_from_string(expected)))

static Stamp
_stamp(gint64 local_sec, gint32 offset_sec)
{
  return (Stamp) { local_sec * STAMP_USEC, offset_sec };
}

Test(record, new_one_is_empty)
{
  guint32 cursor = 0;
  RecordValue value;

  cr_assert_eq(record->kind, RK_MESSAGE);
  cr_assert_not(record_has(record, F_SENDER));
  cr_assert_null(record_get_text(record, F_SENDER).str);
  cr_assert_eq(record_get_integer(record, F_SIZE, -7), -7);
  cr_assert_not(record_next(record, &cursor, &value));
  cr_assert_not(record_remove(record, F_SENDER));
}

Test(record, first_keeps_the_first)
{
  cr_assert(record_set_text(record, F_SENDER, SLICE("a@b")));
  cr_assert_not(record_set_text(record, F_SENDER, SLICE("c@d")));
  assert_text(F_SENDER, "a@b");
  cr_assert(record_set_integer(record, F_SIZE, 1));
  cr_assert_not(record_set_integer(record, F_SIZE, 2));
  cr_assert_eq(record_get_integer(record, F_SIZE, 0), 1);
}

Test(record, last_keeps_the_last)
{
  cr_assert(record_set_text(record, F_STATUS, SLICE("deferred")));
  cr_assert(record_set_text(record, F_STATUS, SLICE("delivered")));
  cr_assert_not(record_set_text(record, F_STATUS, SLICE("delivered")));
  assert_text(F_STATUS, "delivered");
  cr_assert_eq(record_count(record, F_STATUS), 1);
}

Test(record, append_keeps_each_value_once)
{
  cr_assert(record_set_text(record, F_RECIPIENTS, SLICE("a")));
  cr_assert(record_set_text(record, F_RECIPIENTS, SLICE("b")));
  cr_assert_not(record_set_text(record, F_RECIPIENTS, SLICE("a")));
  cr_assert_eq(record_count(record, F_RECIPIENTS), 2);
  assert_text(F_RECIPIENTS, "a");
  record_append_text(record, F_RECIPIENTS, SLICE("a"));
  cr_assert_eq(record_count(record, F_RECIPIENTS), 3);
}

Test(record, sum_adds_and_does_not_overflow)
{
  cr_assert(record_set_integer(record, F_RECIPIENTS_OMITTED, 2));
  cr_assert(record_set_integer(record, F_RECIPIENTS_OMITTED, 3));
  cr_assert_eq(record_get_integer(record, F_RECIPIENTS_OMITTED, 0), 5);
  cr_assert(record_set_integer(record, F_RECIPIENTS_OMITTED, G_MAXINT64));
  cr_assert_eq(record_get_integer(record, F_RECIPIENTS_OMITTED, 0), G_MAXINT64);
}

Test(record, max_of_times_compares_in_utc)
{
  RecordValue value;

  cr_assert(record_set_time(record, F_COMPLETED, _stamp(7200, 7200)));
  cr_assert_not(record_set_time(record, F_COMPLETED, _stamp(0, 0)));
  cr_assert_not(record_set_time(record, F_COMPLETED, _stamp(7000, 7200)));
  cr_assert(record_set_time(record, F_COMPLETED, _stamp(1, 0)));
  cr_assert(record_get(record, F_COMPLETED, &value));
  cr_assert_eq(value.type, FT_TIME);
  cr_assert_eq(value.stamp.local_usec, STAMP_USEC);
  cr_assert_eq(value.stamp.offset_sec, 0);
}

Test(record, unknown_offset_survives)
{
  RecordValue value;

  record_set_time(record, F_RECEIVED, _stamp(5, STAMP_OFFSET_UNKNOWN));
  cr_assert(record_get(record, F_RECEIVED, &value));
  cr_assert_not(stamp_has_offset(&value.stamp));
}

Test(record, empty_text_is_present)
{
  cr_assert(record_set_text(record, F_SENDER, SLICE("")));
  cr_assert(record_has(record, F_SENDER));
  cr_assert_not_null(record_get_text(record, F_SENDER).str);
  cr_assert_eq(record_get_text(record, F_SENDER).len, 0);
}

Test(record, any_byte_is_kept)
{
  cr_assert(record_set_text(record, F_SUBJECT, SLICE("a\0b\xff")));
  cr_assert(slice_equals(record_get_text(record, F_SUBJECT), SLICE("a\0b\xff")));
}

Test(record, boolean)
{
  RecordValue value;

  cr_assert(record_set_boolean(record, F_FINAL, 17));
  cr_assert(record_get(record, F_FINAL, &value));
  cr_assert_eq(value.type, FT_BOOLEAN);
  cr_assert_eq(value.number, 1);
  cr_assert(record_set_boolean(record, F_FINAL, FALSE));
  cr_assert_not(record_set_boolean(record, F_FINAL, FALSE));
}

Test(record, text_of_something_else_is_none)
{
  record_set_integer(record, F_SIZE, 3);
  cr_assert_null(record_get_text(record, F_SIZE).str);
  record_set_text(record, F_SENDER, SLICE("x"));
  cr_assert_eq(record_get_integer(record, F_SENDER, -1), -1);
}

Test(record, replace_ignores_the_merge_rule)
{
  record_set_text(record, F_SENDER, SLICE("a"));
  cr_assert(record_replace_text(record, F_SENDER, SLICE("longer")));
  assert_text(F_SENDER, "longer");
  cr_assert_not(record_replace_text(record, F_SENDER, SLICE("longer")));
  cr_assert(record_replace_text(record, F_SENDER, SLICE_NONE));
  cr_assert_not(record_has(record, F_SENDER));
}

Test(record, replace_leaves_one_value_of_a_list)
{
  record_set_text(record, F_RECIPIENTS, SLICE("a"));
  record_set_text(record, F_RECIPIENTS, SLICE("b"));
  cr_assert(record_replace_text(record, F_RECIPIENTS, SLICE("a")));
  cr_assert_eq(record_count(record, F_RECIPIENTS), 1);
}

Test(record, remove_takes_all_values_and_nothing_else)
{
  record_set_text(record, F_SENDER, SLICE("s"));
  record_set_text(record, F_RECIPIENTS, SLICE("a"));
  record_set_text(record, F_STATUS, SLICE("failed"));
  record_set_text(record, F_RECIPIENTS, SLICE("bbbb"));
  record_set_text(record, F_SUBJECT, SLICE("t"));
  cr_assert(record_remove(record, F_RECIPIENTS));
  cr_assert_not(record_has(record, F_RECIPIENTS));
  assert_text(F_SENDER, "s");
  assert_text(F_STATUS, "failed");
  assert_text(F_SUBJECT, "t");
}

Test(record, next_walks_in_order_of_setting)
{
  static const FieldId order[] = { F_SUBJECT, F_SIZE, F_RECIPIENTS, F_RECIPIENTS };
  guint32 cursor = 0;
  RecordValue value;

  record_set_text(record, F_SUBJECT, SLICE("s"));
  record_set_integer(record, F_SIZE, 9);
  record_set_text(record, F_RECIPIENTS, SLICE("a"));
  record_set_text(record, F_RECIPIENTS, SLICE("b"));
  for (guint i = 0; i < G_N_ELEMENTS(order); i++)
    {
      cr_assert(record_next(record, &cursor, &value));
      cr_assert_eq(value.id, order[i]);
    }
  cr_assert(slice_equals(value.text, SLICE("b")));
  cr_assert_not(record_next(record, &cursor, &value));
}

Test(record, own_values_may_be_set_as_other_ones)
{
  gchar long_text[100];

  memset(long_text, 'x', sizeof(long_text));
  record_set_text(record, F_SENDER, slice_new(long_text, sizeof(long_text)));
  record_set_text(record, F_STATUS, SLICE("short"));
  record_set_text(record, F_SENDER_ORIGINAL, record_get_text(record, F_SENDER));
  record_set_text(record, F_STATUS, record_get_text(record, F_SENDER));
  cr_assert(slice_equals(record_get_text(record, F_SENDER_ORIGINAL), slice_new(long_text, sizeof(long_text))));
  cr_assert(slice_equals(record_get_text(record, F_STATUS), slice_new(long_text, sizeof(long_text))));
}

Test(record, grows_to_many_values)
{
  gchar text[16];

  for (guint i = 0; i < 3000; i++)
    record_append_text(record, F_RECIPIENTS, slice_new(text, (gsize) g_snprintf(text, sizeof(text), "r%u", i)));
  cr_assert_eq(record_count(record, F_RECIPIENTS), 3000);
  cr_assert_geq(record_bytes(record), record->len);
  cr_assert(record_remove(record, F_RECIPIENTS));
  cr_assert_eq(record->len, 0);
}

static void
_add_delivery(const gchar *host)
{
  record_set_text(record_add(record, RK_DELIVERY), F_DELIVERY_HOST, slice_from_string(host));
}

Test(record, nested_ones_are_counted_by_kind)
{
  _add_delivery("first");
  record_set_text(record_add(record, RK_DKIM), F_DKIM_DOMAIN, SLICE("d.tld"));
  _add_delivery("second");

  cr_assert_eq(record_count_nested(record, RK_DELIVERY), 2);
  cr_assert(slice_equals(record_get_text(record_nested(record, RK_DELIVERY, 0), F_DELIVERY_HOST), SLICE("first")));
  cr_assert(slice_equals(record_get_text(record_nested(record, RK_DELIVERY, 1), F_DELIVERY_HOST), SLICE("second")));
  cr_assert(slice_equals(record_get_text(record_nested(record, RK_DKIM, 0), F_DKIM_DOMAIN), SLICE("d.tld")));
  cr_assert_eq(record_nested(record, RK_DKIM, 0)->kind, RK_DKIM);
  cr_assert_null(record_nested(record, RK_DELIVERY, 2));
  cr_assert_null(record_nested(record, RK_SCAN, 0));
}

static gint
_compare_hosts(gconstpointer a, gconstpointer b, gpointer unused)
{
  Slice x = record_get_text(a, F_DELIVERY_HOST), y = record_get_text(b, F_DELIVERY_HOST);

  return memcmp(x.str, y.str, MIN(x.len, y.len));
}

Test(record, nested_ones_are_sorted_by_kind)
{
  _add_delivery("c");
  record_add(record, RK_SCAN);
  _add_delivery("a");
  _add_delivery("b");
  record_sort_nested(record, RK_DELIVERY, _compare_hosts, NULL);
  for (guint i = 0; i < 3; i++)
    cr_assert_eq(record_get_text(record_nested(record, RK_DELIVERY, i), F_DELIVERY_HOST).str[0], "abc"[i]);
  cr_assert_eq(record_nested(record, RK_SCAN, 0)->kind, RK_SCAN);
}

Test(record, numbers_of_every_size)
{
  static const gint64 edges[] = { 0, 1, 127, 128, 255, 256, 32767, 32768, G_MAXINT32, G_MAXINT64 - 1, G_MAXINT64 };

  for (guint i = 0; i < G_N_ELEMENTS(edges); i++)
    {
      cr_assert(record_set_integer(record, F_REVISION, edges[i]));
      cr_assert_eq(record_get_integer(record, F_REVISION, -7), edges[i]);
      cr_assert(record_set_integer(record, F_REVISION, -edges[i] - 1));
      cr_assert_eq(record_get_integer(record, F_REVISION, -7), -edges[i] - 1);
      cr_assert_eq(record_count(record, F_REVISION), 1);
    }
}

Test(record, texts_of_every_size)
{
  gchar *text = g_strnfill(20000, 'x');

  for (guint len = 0; len < 20000; len = len * 2 + 1)
    {
      cr_assert(record_replace_text(record, F_SUBJECT, slice_new(text, len)));
      cr_assert(slice_equals(record_get_text(record, F_SUBJECT), slice_new(text, len)));
      cr_assert_eq(record_count(record, F_SUBJECT), 1);
    }
  g_free(text);
}

Test(record, words_are_texts_like_others)
{
  static const gchar *const words[] = {
#define WORD(name, text) text,
#include "words.def"
#undef WORD
  };

  for (guint i = 0; i < G_N_ELEMENTS(words); i++)
    {
      gchar *near = g_strconcat(words[i], "x", NULL);

      near[0] ^= 1;
      record_replace_text(record, F_STATUS, slice_from_string(words[i]));
      cr_assert(slice_equals(record_get_text(record, F_STATUS), slice_from_string(words[i])));
      cr_assert_leq(record->len, 3u, "%s is not found", words[i]);
      record_replace_text(record, F_STATUS, slice_new(near, strlen(words[i])));
      cr_assert(slice_equals(record_get_text(record, F_STATUS), slice_new(near, strlen(words[i]))));
      g_free(near);
    }
}

Test(record, copy_is_deep)
{
  record_set_text(record, F_STATUS, SLICE("deferred"));
  record_set_text(record_add(record, RK_DELIVERY), F_DELIVERY_HOST, SLICE("mx"));
  Record *copy = record_copy(record);

  record_set_text(record, F_STATUS, SLICE("delivered"));
  record_set_text(record_nested(record, RK_DELIVERY, 0), F_DELIVERY_HOST, SLICE("other"));
  cr_assert(slice_equals(record_get_text(copy, F_STATUS), SLICE("deferred")));
  cr_assert(slice_equals(record_get_text(record_nested(copy, RK_DELIVERY, 0), F_DELIVERY_HOST), SLICE("mx")));
  record_add(copy, RK_DELIVERY);
  cr_assert_eq(record_count_nested(record, RK_DELIVERY), 1);
  record_free(copy);
}

Test(record, copy_of_an_empty_one)
{
  Record *copy = record_copy(record);

  cr_assert(record_set_text(copy, F_SENDER, SLICE("a")));
  record_free(copy);
  record_free(NULL);
}

/* fields 128 apart */
Test(record, fields_far_apart_are_told_apart)
{
  for (guint id = 0; id + 128 < FIELD_COUNT; id++)
    {
      FieldId other = (FieldId) (id + 128);

      if (field_get((FieldId) id)->type != FT_TEXT || field_get(other)->type != FT_TEXT)
        continue;
      record_set_text(record, other, SLICE("other"));
      cr_assert_not(record_has(record, (FieldId) id));
      cr_assert(record_set_text(record, (FieldId) id, SLICE("own")));
      assert_text((FieldId) id, "own");
      assert_text(other, "other");
      cr_assert(record_remove(record, other));
      assert_text((FieldId) id, "own");
      cr_assert(record_remove(record, (FieldId) id));
    }
}

Test(record, set_again_after_it_was_removed)
{
  cr_assert(record_set_integer(record, F_SIZE, 7));
  for (guint i = 0; i < 3; i++)
    {
      cr_assert(record_set_text(record, F_SENDER, SLICE("a")));
      cr_assert(record_remove(record, F_SENDER));
      cr_assert_not(record_has(record, F_SENDER));
      cr_assert_not(record_remove(record, F_SENDER));
      cr_assert_eq(record_count(record, F_SIZE), 1);
    }
}

Test(record, value_of_another_one_is_taken_by_the_merge_rule)
{
  Record *other = record_new(RK_MESSAGE);
  guint32 cursor = 0, at;
  FieldId id;

  record_set_text(other, F_SENDER, SLICE("esmtps"));
  record_set_text(other, F_STATUS, SLICE("failed"));
  record_set_integer(other, F_RECIPIENTS_OMITTED, 2);
  record_set_time(other, F_COMPLETED, _stamp(7, 0));
  record_set_boolean(other, F_FINAL, TRUE);
  record_set_text(other, F_RECIPIENTS, SLICE("a"));
  for (guint i = 0; i < 2; i++)
    {
      for (cursor = 0; record_next_id(other, &cursor, &at, &id);)
        cr_assert_eq(record_take_value(record, other, at), i == 0 || id == F_RECIPIENTS_OMITTED);
      cr_assert(i || record_values_equal(record, other));
    }
  cr_assert_eq(record_get_integer(record, F_RECIPIENTS_OMITTED, 0), 4);
  cr_assert_not(record_values_equal(record, other));
  record_free(other);
}

Test(record, swap_leaves_nested_ones_in_place)
{
  Record *other = record_new(RK_MESSAGE), *copy;

  _add_delivery("mx");
  record_set_text(record, F_SENDER, SLICE("a"));
  record_set_text(other, F_SUBJECT, SLICE("s"));
  copy = record_copy(other);
  record_swap_values(record, copy);
  assert_text(F_SUBJECT, "s");
  cr_assert_not(record_has(record, F_SENDER));
  cr_assert_eq(record_count_nested(record, RK_DELIVERY), 1);
  cr_assert(slice_equals(record_get_text(copy, F_SENDER), SLICE("a")));
  cr_assert_not(record_has(copy, F_SUBJECT));
  record_free(copy);
  record_free(other);
}

Test(record, room_is_kept_for_what_comes)
{
  record_reserve(record, 300);
  const guint8 *values = record->values;

  for (guint i = 0; i < 30; i++)
    record_append_text(record, F_RECIPIENTS, SLICE("12345678"));
  cr_assert_eq(record->values, values);
  record_reserve(record, G_MAXSIZE / 2);
  cr_assert_eq(record->values, values);
}

static void
_add_recipients(guint n, guint len)
{
  gchar *text = g_strnfill(len, 'x');

  for (guint i = 0; i < n; i++)
    record_append_text(record, F_RECIPIENTS, slice_new(text, len));
  g_free(text);
}

Test(record, room_gives_back_no_more_than_is_needed)
{
  RecordRoom room;

  record_set_text(record, F_SENDER, SLICE("a@b"));
  record_enter(record, &room);
  cr_assert_eq(record->values, room.bytes);
  assert_text(F_SENDER, "a@b");
  _add_recipients(20, 30);
  cr_assert(record_remove(record, F_SENDER));
  record_leave(record, &room);
  cr_assert_neq(record->values, room.bytes);
  cr_assert_leq(record->size, record->len + 16);
  cr_assert_eq(record_count(record, F_RECIPIENTS), 20);
  cr_assert_not(record_has(record, F_SENDER));
}

Test(record, room_left_without_a_change_leaves_all_in_place)
{
  RecordRoom room;

  record_set_text(record, F_SENDER, SLICE("a@b"));
  const guint8 *values = record->values;

  record_enter(record, &room);
  record_leave(record, &room);
  cr_assert_eq(record->values, values);
  record_enter(record, &room);
  cr_assert(record_remove(record, F_SENDER));
  record_leave(record, &room);
  cr_assert_eq(record->len, 0);
}

Test(record, room_that_is_too_small_is_left_behind)
{
  RecordRoom room, second;

  record_set_text(record, F_SENDER, SLICE("a@b"));
  record_enter(record, &room);
  record_enter(record, &second);
  _add_recipients(20, RECORD_ROOM_BYTES / 10);
  cr_assert_neq(record->values, room.bytes);
  record_leave(record, &second);
  record_leave(record, &room);
  assert_text(F_SENDER, "a@b");
  cr_assert_eq(record_count(record, F_RECIPIENTS), 20);

  record_enter(record, &room);
  cr_assert_neq(record->values, room.bytes);
  record_set_text(record, F_STATUS, SLICE("failed"));
  record_leave(record, &room);
  assert_text(F_STATUS, "failed");
}

Test(record, room_of_an_empty_record)
{
  RecordRoom room;

  record_enter(record, &room);
  record_leave(record, &room);
  cr_assert_eq(record->len, 0);
  record_enter(record, &room);
  record_set_integer(record, F_SIZE, 7);
  Record *copy = record_copy(record);
  record_leave(record, &room);
  cr_assert_eq(record_get_integer(record, F_SIZE, 0), 7);
  cr_assert_eq(record_get_integer(copy, F_SIZE, 0), 7);
  record_free(copy);
}
