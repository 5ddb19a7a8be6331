/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/field.h"

#include <criterion/criterion.h>

#define EACH_FIELD(id) FieldId id = (FieldId) 0; id < FIELD_COUNT; id = (FieldId) (id + 1)

Test(field, row_says_what_fields_def_says)
{
  const Field *size = field_get(F_SIZE);

  cr_assert_str_eq(field_texts(F_SIZE)->name, "size");
  cr_assert_eq(size->type, FT_INTEGER);
  cr_assert_eq(size->merge, FM_FIRST);
  cr_assert_eq(size->records, (1u << RK_LINE) | (1u << RK_MESSAGE));
  cr_assert_str_eq(field_texts(F_SIZE)->ecs, "");
  cr_assert_str_eq(field_texts(F_SUBJECT)->ecs, "email.subject");
}

Test(field, names_are_unique_lower_case_and_not_empty)
{
  for (EACH_FIELD(id))
    {
      const gchar *name = field_texts(id)->name;

      cr_assert_gt(strlen(name), 0);
      cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_."), strlen(name), "%s", name);
      for (FieldId other = (FieldId) 0; other < id; other = (FieldId) (other + 1))
        cr_assert_str_neq(name, field_texts(other)->name);
    }
}

Test(field, every_field_has_a_description_and_a_record)
{
  for (EACH_FIELD(id))
    {
      cr_assert_gt(strlen(field_texts(id)->description), 0, "%s", field_texts(id)->name);
      cr_assert_neq(field_get(id)->records, 0, "%s", field_texts(id)->name);
    }
}

Test(field, merge_rules_fit_the_types)
{
  for (EACH_FIELD(id))
    {
      const Field *field = field_get(id);
      gboolean is_list = field->type == FT_LIST || field->type == FT_RECORDS;

      cr_assert_eq(field->merge == FM_APPEND, is_list, "%s", field_texts(id)->name);
      if (field->merge == FM_SUM)
        cr_assert_eq(field->type, FT_INTEGER, "%s", field_texts(id)->name);
      if (field->merge == FM_MAX)
        cr_assert(field->type == FT_INTEGER || field->type == FT_TIME, "%s", field_texts(id)->name);
    }
}

/* a key cannot be a value and an object at once */
Test(field, no_name_is_the_begin_of_another_one_in_the_same_record)
{
  for (EACH_FIELD(id))
    for (FieldId other = (FieldId) 0; other < FIELD_COUNT; other = (FieldId) (other + 1))
      for (guint kind = 0; kind < RECORD_KIND_COUNT; kind++)
        {
          const gchar *name = field_name_in(id, (RecordKind) kind), *longer = field_name_in(other, (RecordKind) kind);
          gsize len = strlen(name);

          if (field_get(id)->records & field_get(other)->records & (1u << kind))
            cr_assert(strncmp(name, longer, len) != 0 || longer[len] != '.', "%s %s", name, longer);
        }
}

Test(field, record_kind_names_lead_back_to_the_kind)
{
  for (guint i = 0; i < RECORD_KIND_COUNT; i++)
    {
      RecordKind kind;

      cr_assert(record_kind_by_name(slice_from_string(record_kind_name((RecordKind) i)), &kind));
      cr_assert_eq(kind, i);
    }
}

Test(field, unknown_record_kind_is_refused)
{
  RecordKind kind;

  cr_assert_not(record_kind_by_name(SLICE("messages"), &kind));
  cr_assert_not(record_kind_by_name(SLICE(""), &kind));
  cr_assert_not(record_kind_by_name(SLICE_NONE, &kind));
}

Test(field, name_inside_a_nested_record_leaves_the_first_part_out)
{
  cr_assert_str_eq(field_name_in(F_DELIVERY_HOST, RK_DELIVERY), "host");
  cr_assert_str_eq(field_name_in(F_DELIVERY_TLS_BITS, RK_DELIVERY), "tls.bits");
  cr_assert_str_eq(field_name_in(F_DKIM_DOMAIN, RK_DKIM), "domain");
  cr_assert_str_eq(field_name_in(F_SCAN_SIZE, RK_SCAN), "size");
  cr_assert_str_eq(field_name_in(F_REFUSAL_STAGE, RK_REFUSAL), "stage");
}

Test(field, name_elsewhere_is_the_whole_one)
{
  cr_assert_str_eq(field_name_in(F_DELIVERY_HOST, RK_LINE), "delivery.host");
  cr_assert_str_eq(field_name_in(F_DKIM_RESULT, RK_DKIM), "dkim_result");
  cr_assert_str_eq(field_name_in(F_GATEWAY, RK_DELIVERY), "gateway");
}

Test(field, nested_kinds)
{
  cr_assert_eq(field_nested_kind(F_DKIM), RK_DKIM);
  cr_assert_eq(field_nested_kind(F_SCANS), RK_SCAN);
  cr_assert_eq(field_nested_kind(F_DELIVERIES), RK_DELIVERY);
  cr_assert_eq(field_nested_kind(F_REFUSALS), RK_REFUSAL);
}
