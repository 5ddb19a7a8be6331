/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/privacy.h"
#include "mailtrace/document.h"
#include <criterion/criterion.h>

static DocumentWriter *writer;
static Privacy hashing, omitting;

static void
_setup(void)
{
  writer = document_writer_new(DF_NATIVE);
  hashing = (Privacy) { .hashed = 1u << PT_SUBJECT | 1u << PT_LOCAL_PART };
  omitting = (Privacy) { .omitted = 1u << PT_SUBJECT | 1u << PT_LOCAL_PART | 1u << PT_TEXT };
  cr_assert(privacy_set_key(&hashing, SLICE("0123456789abcdef")));
  cr_assert(privacy_set_key(&omitting, SLICE("0123456789abcdef")));
}

static void
_teardown(void)
{
  document_writer_free(writer);
}

TestSuite(privacy, .init = _setup, .fini = _teardown);

static GString *
_document(const Privacy *privacy, Record *record)
{
  Facts *facts = facts_new_of_record(record);
  Facts *covered = privacy_apply(privacy, facts);
  GString *out = g_string_new(NULL);

  document_write(writer, covered, out);
  facts_free(covered);
  facts_free(facts);
  record_free(record);
  return out;
}

/* a refusal's text next to its addresses */
static GString *
_text(const Privacy *privacy, const gchar *text)
{
  Record *record = record_new(RK_SESSION);
  Record *refusal = record_add(record, RK_REFUSAL);

  record_set_text(refusal, F_REFUSAL_TEXT, slice_from_string(text));
  record_set_text(refusal, F_REFUSAL_RECIPIENT, SLICE("john.doe@b.example"));
  return _document(privacy, record);
}

static gchar *
_hash(const gchar *text)
{
  Record *record = record_new(RK_MESSAGE);

  record_set_text(record, F_SUBJECT, slice_from_string(text));
  GString *document = _document(&hashing, record);
  gchar *hash = g_strndup(document->str + strlen("{\"subject\":\""), 16);
  g_string_free(document, TRUE);
  return hash;
}

#define HAS(document, text) (strstr((document)->str, text) != NULL)

Test(privacy, an_address_field_keeps_its_domain_only)
{
  Record *record = record_new(RK_MESSAGE);
  gchar *hash = _hash("\"a b\"@c"), *expected = g_strdup_printf("%s@d.example", hash);

  record_set_text(record, F_SENDER, SLICE("\"a b\"@c@d.example"));
  record_set_text(record, F_RECIPIENTS, SLICE("root"));
  record_set_text(record, F_SUBJECT, SLICE("secret of a@b"));
  GString *document = _document(&hashing, record);
  cr_assert(HAS(document, expected), "%s", document->str);
  cr_assert_not(HAS(document, "root"), "%s", document->str);
  cr_assert_not(HAS(document, "secret"), "%s", document->str);
  g_string_free(document, TRUE);
  g_free(hash);
  g_free(expected);
}

Test(privacy, the_null_sender_stays)
{
  Record *record = record_new(RK_MESSAGE);

  record_set_text(record, F_SENDER, SLICE(""));
  GString *document = _document(&hashing, record);
  cr_assert_str_eq(document->str, "{\"sender\":\"\"}");
  g_string_free(document, TRUE);
}

Test(privacy, what_is_omitted_is_absent_and_nothing_becomes_the_null_sender)
{
  Record *record = record_new(RK_MESSAGE);

  record_set_text(record, F_SENDER, SLICE("root"));
  record_set_text(record, F_RECIPIENTS, SLICE("a@b.example"));
  record_set_text(record, F_RECIPIENTS, SLICE("joe"));
  record_set_text(record, F_SUBJECT, SLICE("secret"));
  record_set_text(record, F_WARNINGS, SLICE("joe was here"));
  GString *document = _document(&omitting, record);
  cr_assert_str_eq(document->str, "{\"recipients\":[\"@b.example\"]}");
  g_string_free(document, TRUE);
}

Test(privacy, every_address_in_a_text_loses_its_local_part)
{
  static const gchar *texts[] =
  {
    "550 <john.doe@b.example>: no", "no john.doe@b.example", "to=john.doe@b.example,john.doe@c", "john.doe@", "@@john.doe@@",
    "\"john.doe \\ x\"@b", "x\"john.doe@b", "mailto:john.doe@b", "user john.doe. unknown", "JOHN.DOE unknown", "(john.doe)",
    "\"john.doe", "john.doe@b@c", "F=<john.doe@b> R=<john.doe@c>"
  };

  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    {
      GString *document = _text(&hashing, texts[i]);
      gchar *lower = g_ascii_strdown(document->str, -1);
      cr_assert_not(strstr(lower, "john.doe"), "%s", document->str);
      g_free(lower);
      g_string_free(document, TRUE);
    }
}

Test(privacy, the_same_local_part_is_the_same_hash_in_fields_and_texts)
{
  gchar *hash = _hash("john.doe"), *expected = g_strdup_printf("550 <%s@b.example> rejected %s", hash, hash);
  GString *document = _text(&hashing, "550 <john.doe@b.example> rejected john.doe");

  cr_assert(HAS(document, expected), "%s", document->str);
  g_string_free(document, TRUE);
  g_free(hash);
  g_free(expected);
}

Test(privacy, the_rest_of_a_text_stays)
{
  GString *document = _text(&hashing, "550 5.7.1 (policy) [192.0.2.1]: relay \"denied\", sorry.");

  cr_assert(HAS(document, "550 5.7.1 (policy) [192.0.2.1]: relay \\\"denied\\\", sorry."), "%s", document->str);
  g_string_free(document, TRUE);
}

Test(privacy, a_hash_of_addresses_in_an_id_is_covered_too)
{
  Record *record = record_new(RK_DELIVERY);

  record_set_text(record, F_ID, SLICE("h:1haLqi-0002Mp-2G:d:0123456789abcdef"));
  GString *document = _document(&hashing, record);
  cr_assert(HAS(document, "h:1haLqi-0002Mp-2G:d:"), "%s", document->str);
  cr_assert_not(HAS(document, "0123456789abcdef"), "%s", document->str);
  g_string_free(document, TRUE);
}

Test(privacy, many_quotes_and_ats_cost_linear_time)
{
  GString *text = g_string_new(NULL);

  for (guint i = 0; i < 200000; i++)
    g_string_append(text, i % 3 ? "\"@" : "x\"");
  gint64 begin = g_get_monotonic_time();
  GString *document = _text(&omitting, text->str);
  Privacy local = omitting;
  local.omitted = 1u << PT_LOCAL_PART;
  g_string_free(document, TRUE);
  document = _text(&local, text->str);
  cr_assert_lt(g_get_monotonic_time() - begin, 20 * G_TIME_SPAN_SECOND);
  g_string_free(document, TRUE);
  g_string_free(text, TRUE);
}

Test(privacy, contradictions_are_named)
{
  Privacy both = hashing, text = { .hashed = 1u << PT_TEXT }, keyless = { .hashed = 1u << PT_SUBJECT };
  Privacy fine = { .omitted = 1u << PT_SUBJECT };

  both.omitted = 1u << PT_SUBJECT;
  cr_assert(privacy_problem(&both) && privacy_problem(&text) && privacy_problem(&keyless));
  cr_assert_not(privacy_problem(&fine));
  cr_assert_not(privacy_problem(&hashing));
  cr_assert_not(privacy_set_key(&keyless, SLICE("short")));
}
