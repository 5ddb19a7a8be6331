/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "facts-make.h"

#include <criterion/criterion.h>

#define assert_text(facts, id, expected) cr_assert(slice_equals(facts_get_text(facts, id), SLICE(expected)))

Test(facts, say_what_the_record_says)
{
  Record *record = record_new(RK_MESSAGE);

  record_set_text(record, F_SUBJECT, SLICE("a subject that is no word of the table"));
  record_set_text(record, F_SENDER, SLICE(""));
  record_set_integer(record, F_SIZE, -5);
  record_set_boolean(record, F_TLS_ENCRYPTED_IN, TRUE);
  record_set_text(record, F_RECIPIENTS, SLICE("a@b"));
  record_set_text(record, F_WARNINGS, SLICE("w"));
  record_set_text(record, F_RECIPIENTS, SLICE("c@d"));
  Facts *facts = facts_new_of_record(record);
  record_free(record);

  assert_text(facts, F_SUBJECT, "a subject that is no word of the table");
  cr_assert(facts_has(facts, F_SENDER) && facts_get_text(facts, F_SENDER).len == 0);
  cr_assert_eq(facts_get_integer(facts, F_SIZE, 0), -5);
  cr_assert_eq(facts_get_integer(facts, F_TLS_ENCRYPTED_IN, 0), 1);
  const FactItem *item = facts_get_list(facts, F_RECIPIENTS);
  cr_assert(slice_equals(item->text, SLICE("a@b")) && slice_equals(item->next->text, SLICE("c@d")));
  cr_assert_null(item->next->next);
  cr_assert(!facts_has(facts, F_CLIENT_IP) && !facts_get_text(facts, F_CLIENT_IP).str);
  cr_assert_eq(facts_get_integer(facts, F_LINES, 7), 7);
  facts_free(facts);
}

Test(facts, stamps_without_an_offset_get_one)
{
  Record *record = record_new(RK_MESSAGE);

  FactsChunk *spare = NULL;
  record_set_time(record, F_RECEIVED, (Stamp) { STAMP_USEC, STAMP_OFFSET_UNKNOWN });
  record_set_time(record_add(record, RK_DELIVERY), F_DELIVERY_TIME, (Stamp) { STAMP_USEC, 60 });
  Facts *facts = facts_new_from(record, 3600, 0, &spare);
  cr_assert_eq(facts_at(facts, F_RECEIVED)->stamp.offset_sec, 3600);
  cr_assert_eq(facts_at(facts_nested(facts, RK_DELIVERY, 0), F_DELIVERY_TIME)->stamp.offset_sec, 60);
  facts_free(facts);
  record_free(record);
}

static void
_set_any(Record *record, FieldId id)
{
  FieldType type = (FieldType) field_get(id)->type;

  if (type == FT_TEXT || type == FT_LIST)
    record_set_text(record, id, SLICE("any text"));
  else if (type == FT_TIME)
    record_set_time(record, id, (Stamp) { STAMP_USEC, 0 });
  else
    record_set_integer(record, id, 1);
}

/* the name tells that a field is one of nested records */
static gboolean
_is_nested(FieldId id, RecordKind kind)
{
  return field_get(id)->records & (1u << kind) && field_name_in(id, kind) != field_texts(id)->name;
}

Test(facts, nested_ones_have_what_their_records_have)
{
  for (guint kind = FIRST_NESTED_KIND; kind < RECORD_KIND_COUNT; kind++)
    for (guint step = 1; step < 5; step++)
      {
        Record *record = record_new(RK_MESSAGE), *nested = record_add(record, (RecordKind) kind);

        for (guint id = 0; id < FIELD_COUNT; id++)
          if (_is_nested((FieldId) id, (RecordKind) kind))
            _set_any(nested, (FieldId) id);
        for (guint id = 0; id < FIELD_COUNT; id += step)
          record_remove(nested, (FieldId) id);
        Facts *facts = facts_new_of_record(record);
        const Facts *found = facts_nested(facts, (RecordKind) kind, 0);
        for (guint id = 0; id < FIELD_COUNT; id++)
          cr_expect_eq(facts_has(found, (FieldId) id), record_has(nested, (FieldId) id), "%s",
                       field_texts((FieldId) id)->name);
        facts_free(facts);
        record_free(record);
      }
}

Test(facts, fields_come_in_their_order)
{
  Facts *facts = facts_new(RK_MESSAGE, 0);
  const FieldId ids[] = { F_RECORD, F_SIZE, F_TLS_VERDICT, F_RAW };

  for (guint i = G_N_ELEMENTS(ids); i > 0; i--)
    facts_set_number(facts, ids[i - 1], i);
  facts_set_number(facts, F_LINES, 1);
  facts_remove(facts, F_LINES);
  FieldId id = facts_next(facts, 0);
  for (guint i = 0; i < G_N_ELEMENTS(ids); i++, id = facts_next(facts, id + 1u))
    cr_assert_eq(id, ids[i]);
  cr_assert_eq(id, FIELD_COUNT);
  facts_free(facts);
}

Test(facts, memory_grows_and_nothing_moves)
{
  Facts *facts = facts_new(RK_MESSAGE, 0);

  for (guint i = 0; i < 10000; i++)
    {
      gchar *text = g_strdup_printf("recipient%u@domain.tld", i);
      facts_append(facts, F_RECIPIENTS, facts_copy_text(facts->memory, slice_from_string(text)));
      facts_set_text(facts_add(facts, RK_DELIVERY), F_DELIVERY_RECIPIENT,
                     facts_at(facts, F_RECIPIENTS)->list.last->text);
      g_free(text);
    }
  const FactItem *item = facts_get_list(facts, F_RECIPIENTS);
  for (guint i = 0; i < 10000; i++, item = item->next)
    cr_assert(slice_equals(item->text, facts_get_text(facts_nested(facts, RK_DELIVERY, i), F_DELIVERY_RECIPIENT)));
  cr_assert_eq(facts_count_nested(facts, RK_DELIVERY), 10000u);
  cr_assert_null(facts_nested(facts, RK_DELIVERY, 10000));
  cr_assert(facts_has(facts, F_DELIVERIES) && !facts_has(facts, F_SCANS));
  facts_free(facts);
}

Test(facts, memory_serves_again)
{
  Record *record = record_new(RK_MESSAGE);
  FactsChunk *spare = NULL;

  record_set_text(record, F_SUBJECT, SLICE("a subject"));
  Facts *first = facts_new_from(record, 0, 100, &spare);
  facts_recycle(first, &spare);
  cr_assert_not_null(spare);
  Facts *second = facts_new_from(record, 0, 50, &spare);
  cr_assert_eq(second, first);
  cr_assert_null(spare);
  Facts *larger = facts_new_from(record, 0, 5000, &spare);
  facts_recycle(second, &spare);
  facts_recycle(larger, &spare);
  Facts *third = facts_new_from(record, 0, 5000, &spare);
  cr_assert_eq(third, larger);
  assert_text(third, F_SUBJECT, "a subject");
  facts_recycle(third, &spare);
  Facts *huge = facts_new_from(record, 0, 1000000, &spare);
  cr_assert_not_null(spare);
  facts_recycle(huge, &spare);
  cr_assert_eq(facts_new_from(record, 0, 5000, &spare), larger);
  cr_assert_null(spare);
  facts_free(larger);
  record_free(record);
}

static gint
_compare_sizes(const Facts *a, const Facts *b)
{
  return (gint) (facts_get_integer(a, F_DELIVERY_SIZE, 0) - facts_get_integer(b, F_DELIVERY_SIZE, 0));
}

/* few and many are sorted by different means */
Test(facts, sorting_keeps_the_order_of_equal_ones)
{
  for (guint n = 0; n < 100; n += n < 5 ? 1 : 19)
    {
      Facts *facts = facts_new(RK_MESSAGE, 0);

      for (guint i = 0; i < n; i++)
        {
          Facts *delivery = facts_add(facts, RK_DELIVERY);
          facts_set_number(delivery, F_DELIVERY_SIZE, (i * 7) % 5);
          facts_set_number(delivery, F_DELIVERY_PORT, i);
        }
      facts_sort_nested(facts, RK_DELIVERY, _compare_sizes);
      for (guint i = 1; i < n; i++)
        {
          const Facts *a = facts_nested(facts, RK_DELIVERY, i - 1), *b = facts_nested(facts, RK_DELIVERY, i);
          gint order = _compare_sizes(a, b);
          cr_assert(order < 0 || facts_at(a, F_DELIVERY_PORT)->number < facts_at(b, F_DELIVERY_PORT)->number);
          cr_assert(order <= 0);
        }
      facts_free(facts);
    }
}

Test(facts, nested_ones_on_their_own_have_room_for_all_fields_of_their_kind)
{
  Facts *facts = facts_new(RK_MESSAGE, 0), *scan = facts_add(facts, RK_SCAN);

  facts_set_text(scan, F_SCAN_SENDER, SLICE("a@b"));
  Facts *flat = facts_new_flat(scan, 0);
  facts_set_text(flat, F_RECORD, SLICE("scan"));
  facts_set_number(flat, F_SCAN_SIZE, 3);
  assert_text(flat, F_RECORD, "scan");
  assert_text(flat, F_SCAN_SENDER, "a@b");
  cr_assert(!facts_has(scan, F_SCAN_SIZE));
  facts_free(flat);
  facts_free(facts);
}

/* all fields of a nested record stand together in fields.def, or their values would lie outside of its facts */
Test(facts, nested_ones_have_room_for_each_of_their_fields)
{
  for (guint kind = FIRST_NESTED_KIND; kind < RECORD_KIND_COUNT; kind++)
    {
      Facts *facts = facts_new(RK_MESSAGE, 0), *nested = facts_add(facts, (RecordKind) kind);
      guint n = 0;

      for (guint id = 0; id < FIELD_COUNT; id++)
        if (field_get((FieldId) id)->records & (1u << kind) && !(field_get((FieldId) id)->records & (1u << RK_SESSION))
            && id != F_MESSAGE)
          cr_assert_eq(&nested->at[id], &nested->values[n++], "%s", field_texts((FieldId) id)->name);
      cr_assert_geq(facts->memory->at, (gchar *) &nested->values[n]);
      facts_free(facts);
    }
}
