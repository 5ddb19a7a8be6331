/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/document.h"

#include <criterion/criterion.h>

static Record *record;
static GString *out;

static void
_setup(void)
{
  record = record_new(RK_MESSAGE);
  out = g_string_new(NULL);
}

static void
_teardown(void)
{
  record_free(record);
  g_string_free(out, TRUE);
}

TestSuite(document, .init = _setup, .fini = _teardown);

static void
_write(const DocumentWriter *writer)
{
  Facts *facts = facts_new_of_record(record);

  g_string_truncate(out, 0);
  document_write(writer, facts, out);
  facts_free(facts);
}

static void
_assert_written(DocumentFormat format, const gchar *expected)
{
  DocumentWriter *writer = document_writer_new(format);

  _write(writer);
  document_writer_free(writer);
  cr_assert_str_eq(out->str, expected);
}

static void
_assert_string(Slice text, const gchar *expected)
{
  g_string_truncate(out, 0);
  document_write_string(text, out);
  cr_assert_str_eq(out->str, expected);
}

static void
_set_any(Record *self, FieldId id)
{
  switch (field_get(id)->type)
    {
    case FT_INTEGER:
      record_set_integer(self, id, 1);
      break;
    case FT_BOOLEAN:
      record_set_boolean(self, id, TRUE);
      break;
    case FT_TIME:
      record_set_time(self, id, (Stamp) { STAMP_USEC, 0 });
      break;
    case FT_RECORDS:
      record_add(self, field_nested_kind(id));
      break;
    default:
      record_set_text(self, id, SLICE("x"));
    }
}

static void
_set_all(Record *self)
{
  for (guint id = FIELD_COUNT; id > 0; id--)
    if (field_get((FieldId) (id - 1))->records & (1u << self->kind))
      _set_any(self, (FieldId) (id - 1));
}

/* "a:{b,c:[{}],d}" of a document whose texts need no escape; asserts that no object has a key twice */
static const gchar *
_skeleton_of_object(const gchar *at, GString *skeleton)
{
  GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  g_string_append_c(skeleton, '{');
  for (at++; *at != '}'; at += *at == ',')
    {
      const gchar *end = strchr(at + 1, '"');
      gchar *key = g_strndup(at + 1, (gsize) (end - at - 1));

      g_string_append_printf(skeleton, "%s%s", g_hash_table_size(keys) ? "," : "", key);
      cr_assert(g_hash_table_add(keys, key), "twice: %s", at);
      at = end + 2;
      if (*at == '{')
        {
          g_string_append_c(skeleton, ':');
          at = _skeleton_of_object(at, skeleton);
        }
      else if (*at == '[')
        at = strchr(at, ']') + 1;
      else if (*at == '"')
        at = strchr(at + 1, '"') + 1;
      else
        at += strcspn(at, ",}");
    }
  g_string_append_c(skeleton, '}');
  g_hash_table_unref(keys);
  return at + 1;
}

static GString *
_skeleton(DocumentFormat format)
{
  DocumentWriter *writer = document_writer_new(format);
  GString *skeleton = g_string_new(NULL);

  _write(writer);
  document_writer_free(writer);
  cr_assert_str_eq(_skeleton_of_object(out->str, skeleton), "");
  return skeleton;
}

Test(document, format_names)
{
  DocumentFormat format;

  cr_assert(document_format_by_name(SLICE("ecs"), &format) && format == DF_ECS);
  cr_assert(document_format_by_name(SLICE("native"), &format) && format == DF_NATIVE);
  cr_assert_not(document_format_by_name(SLICE("ECS"), &format));
  cr_assert_not(document_format_by_name(SLICE_NONE, &format));
}

Test(document, empty_record)
{
  _assert_written(DF_NATIVE, "{}");
  _assert_written(DF_ECS, "{\"ecs\":{\"version\":\"8.11.0\"}}");
}

Test(document, keys_come_in_the_order_of_fields_def_not_of_setting)
{
  record_set_integer(record, F_SIZE, -5);
  record_set_boolean(record, F_FINAL, FALSE);
  record_set_text(record, F_ID, SLICE("h:1"));
  record_set_text(record, F_RECORD, SLICE("message"));
  _assert_written(DF_NATIVE, "{\"record\":\"message\",\"id\":\"h:1\",\"final\":false,\"size\":-5}");
}

Test(document, dotted_names_are_nested_objects)
{
  record_set_boolean(record, F_TLS_ENCRYPTED_IN, TRUE);
  record_set_text(record, F_TLS_IN_VERSION, SLICE("TLSv1.2"));
  record_set_integer(record, F_TLS_IN_BITS, 256);
  record_set_text(record, F_TLS_OUT_VERSIONS, SLICE("TLSv1.3"));
  record_set_text(record, F_CLIENT_IP, SLICE("192.0.2.1"));
  _assert_written(DF_NATIVE, "{\"client\":{\"ip\":\"192.0.2.1\"},\"tls\":{\"in\":{\"version\":\"TLSv1.2\","
                  "\"bits\":256},\"out\":{\"versions\":[\"TLSv1.3\"]},\"encrypted_in\":true}}");
}

Test(document, list_is_always_an_array_and_empty_text_a_value)
{
  record_set_text(record, F_RECIPIENTS, SLICE("a@b"));
  record_set_text(record, F_SENDER, SLICE(""));
  record_set_text(record, F_WARNINGS, SLICE("one"));
  record_set_text(record, F_WARNINGS, SLICE("two"));
  _assert_written(DF_NATIVE, "{\"sender\":\"\",\"recipients\":[\"a@b\"],\"warnings\":[\"one\",\"two\"]}");
}

Test(document, time_is_iso_with_offset)
{
  record_set_time(record, F_RECEIVED, (Stamp) { G_GINT64_CONSTANT(1560164680) * STAMP_USEC, -14400 });
  _assert_written(DF_NATIVE, "{\"received\":\"2019-06-10T11:04:40-04:00\"}");
}

Test(document, nested_records_are_arrays_of_objects_with_short_names)
{
  Record *delivery = record_add(record, RK_DELIVERY);

  record_set_text(delivery, F_DELIVERY_RECIPIENT, SLICE("a@b"));
  record_set_integer(delivery, F_DELIVERY_TLS_BITS, 128);
  record_add(record, RK_DKIM);
  record_set_integer(record_add(record, RK_DELIVERY), F_DELIVERY_CODE, 250);
  _assert_written(DF_NATIVE, "{\"dkim\":[{}],"
                  "\"deliveries\":[{\"recipient\":\"a@b\",\"tls\":{\"bits\":128}},{\"code\":250}]}");
}

Test(document, places_of_nested_records)
{
  DocumentWriter *writer = document_writer_new(DF_ECS);
  DocumentPlaces places;

  record_set_text(record_add(record, RK_DKIM), F_DKIM_DOMAIN, SLICE("d.tld"));
  Facts *facts = facts_new_of_record(record);
  g_string_append(out, "in front ");
  document_write_with_places(writer, facts, out, &places);
  facts_free(facts);
  Slice dkim = slice_new(out->str + places.nested[RK_DKIM].at, places.nested[RK_DKIM].len);
  cr_expect(slice_equals(dkim, SLICE("[{\"domain\":\"d.tld\"}]")), "%.*s", (int) dkim.len, dkim.str);
  cr_expect_eq(places.nested[RK_SCAN].len, 0);
  document_writer_free(writer);
}

Test(document, flat_delivery_has_the_same_names)
{
  record->kind = RK_DELIVERY;
  record_set_text(record, F_ID, SLICE("i"));
  record_set_text(record, F_MESSAGE, SLICE("m"));
  record_set_text(record, F_DELIVERY_TLS_VERSION, SLICE("TLSv1.2"));
  record_set_text(record, F_DELIVERY_HOST, SLICE("mx"));
  _assert_written(DF_NATIVE, "{\"id\":\"i\",\"message\":\"m\",\"host\":\"mx\",\"tls\":{\"version\":\"TLSv1.2\"}}");
}

Test(document, no_key_stands_twice_in_any_kind_and_format)
{
  for (guint kind = 0; kind < RECORD_KIND_COUNT; kind++)
    {
      record_free(record);
      record = record_new((RecordKind) kind);
      _set_all(record);
      g_string_free(_skeleton(DF_NATIVE), TRUE);
      g_string_free(_skeleton(DF_ECS), TRUE);
    }
}

Test(document, key_order_of_a_message)
{
  static const FieldId shown[] =
  {
    F_RECORD, F_ID, F_REVISION, F_FINAL, F_END_REASON, F_LINES, F_GATEWAY, F_STATUS, F_DISPOSITION, F_DIRECTION,
    F_RECEIVED, F_COMPLETED, F_TIME_ZONE_SOURCE, F_QUEUE_IDS, F_MESSAGE_ID, F_SUBJECT, F_SIZE, F_SCANNED_SIZE, F_SENDER,
    F_SENDER_ORIGINAL, F_SENDER_DOMAIN, F_RECIPIENTS, F_RECIPIENT_DOMAINS, F_CLIENT_IP, F_CLIENT_PORT, F_CLIENT_HOST,
    F_CLIENT_CONNECTED, F_CLIENT_CONNECTION_COUNT, F_CLIENT_CLOSED, F_CLIENT_PID, F_PROTOCOL, F_ACCEPTED_AS,
    F_TLS_IN_VERSION, F_TLS_IN_CIPHER, F_TLS_IN_BITS, F_TLS_OUT_VERSIONS, F_TLS_OUT_CIPHERS, F_TLS_ENCRYPTED_IN,
    F_TLS_ENCRYPTED_OUT, F_DKIM, F_DKIM_RESULT, F_DKIM_COUNT, F_SPAM_ENGINE, F_SPAM_VERDICT, F_SPAM_RESULT,
    F_SPAM_REFID, F_SPAM_CLASS, F_SPAM_CACHED, F_WARNINGS,
    F_SCANS, F_REQUEUES, F_DELIVERIES, F_SECONDS_RECEIVE, F_SECONDS_QUEUE,
    F_SECONDS_SCAN, F_SECONDS_DELIVER, F_SECONDS_TOTAL
  };

  for (guint i = G_N_ELEMENTS(shown); i > 0; i--)
    _set_any(record, shown[i - 1]);
  GString *skeleton = _skeleton(DF_NATIVE);
  cr_assert_str_eq(skeleton->str,
                   "{record,id,revision,final,end_reason,lines,gateway,status,disposition,direction,received,completed,"
                   "time_zone_source,queue_ids,message_id,subject,size,scanned_size,sender,sender_original,"
                   "sender_domain,recipients,recipient_domains,"
                   "client:{ip,port,host,connected,connection_count,closed,pid},protocol,"
                   "accepted_as,tls:{in:{version,cipher,bits},out:{versions,ciphers},encrypted_in,encrypted_out},"
                   "dkim,dkim_result,dkim_count,spam:{engine,verdict,result,refid,class,cached},warnings,scans,"
                   "requeues,deliveries,seconds:{receive,queue,scan,deliver,total}}");
  g_string_free(skeleton, TRUE);
}

Test(document, string_escapes)
{
  _assert_string(SLICE("plain"), "\"plain\"");
  _assert_string(SLICE(""), "\"\"");
  _assert_string(SLICE_NONE, "\"\"");
  _assert_string(SLICE("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
  _assert_string(SLICE("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
  _assert_string(SLICE("a\0b\x1f\x7f"), "\"a\\u0000b\\u001f\\u007f\"");
}

Test(document, valid_utf8_stays)
{
  _assert_string(SLICE("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7"), "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x93\xa7\"");
  _assert_string(SLICE("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"), "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"");
}

#define BAD "\xef\xbf\xbd"

Test(document, each_byte_that_is_not_utf8_becomes_a_replacement)
{
  _assert_string(SLICE("a\xff\xfe" "b"), "\"a" BAD BAD "b\"");
  _assert_string(SLICE("\x80"), "\"" BAD "\"");
  _assert_string(SLICE("\xc0\xaf"), "\"" BAD BAD "\"");
  _assert_string(SLICE("\xe0\x80\xaf"), "\"" BAD BAD BAD "\"");
  _assert_string(SLICE("\xed\xa0\x80"), "\"" BAD BAD BAD "\"");
  _assert_string(SLICE("\xf4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\"");
  _assert_string(SLICE("\xf0\x8f\xbf\xbf"), "\"" BAD BAD BAD BAD "\"");
}

Test(document, cut_off_sequence_is_not_read_beyond_its_end)
{
  gchar *exact = g_memdup2("\xe2\x82", 2);

  _assert_string(slice_new(exact, 2), "\"" BAD BAD "\"");
  _assert_string(SLICE("\xe2\x82\"x"), "\"" BAD BAD "\\\"x\"");
  g_free(exact);
}

Test(document, all_single_bytes_give_valid_utf8)
{
  for (guint c = 0; c < 256; c++)
    {
      gchar byte = (gchar) c;

      g_string_truncate(out, 0);
      document_write_string(slice_new(&byte, 1), out);
      cr_assert(g_utf8_validate(out->str, (gssize) out->len, NULL), "%u", c);
    }
}

Test(document, extreme_numbers)
{
  record_set_integer(record, F_SIZE, G_MININT64);
  record_set_integer(record, F_SCANNED_SIZE, G_MAXINT64);
  _assert_written(DF_NATIVE, "{\"size\":-9223372036854775808,\"scanned_size\":9223372036854775807}");
}

#define ECS_BEGIN "{\"ecs\":{\"version\":\"8.11.0\"},"

Test(document, ecs_says_what_kind_of_event_it_is)
{
  record_set_text(record, F_RECORD, SLICE("message"));
  record_set_text(record, F_STATUS, SLICE("quarantined"));
  _assert_written(DF_ECS, ECS_BEGIN "\"event\":{\"kind\":\"event\",\"category\":[\"email\"],\"type\":[\"info\"],"
                  "\"module\":\"mailtrace\",\"dataset\":\"mailtrace.message\",\"outcome\":\"failure\"},"
                  "\"mailtrace\":{\"status\":\"quarantined\"}}");
}

Test(document, ecs_scattered_names_are_grouped)
{
  record_set_text(record, F_ID, SLICE("i"));
  record_set_integer(record, F_REVISION, 1);
  record_set_text(record, F_SUBJECT, SLICE("s"));
  record_set_text(record, F_REASON, SLICE("as"));
  record_set_text(record, F_RECIPIENTS, SLICE("a@b"));
  _assert_written(DF_ECS, ECS_BEGIN "\"event\":{\"id\":\"i\",\"sequence\":1,\"reason\":\"as\"},"
                  "\"email\":{\"subject\":\"s\",\"to\":{\"address\":[\"a@b\"]}}}");
}

Test(document, ecs_local_id_is_the_last_queue_id)
{
  record_set_text(record, F_QUEUE_IDS, SLICE("one"));
  record_set_text(record, F_QUEUE_IDS, SLICE("two"));
  _assert_written(DF_ECS, ECS_BEGIN "\"email\":{\"local_id\":\"two\"},"
                  "\"mailtrace\":{\"queue_ids\":[\"one\",\"two\"]}}");
}

Test(document, ecs_source_ip_only_when_it_is_one)
{
  record_set_text(record, F_CLIENT_IP, SLICE("2001:db8::1"));
  _assert_written(DF_ECS, ECS_BEGIN "\"source\":{\"ip\":\"2001:db8::1\",\"address\":\"2001:db8::1\"}}");
  record_replace_text(record, F_CLIENT_IP, SLICE("ip1.ip2.ip3.ip4"));
  _assert_written(DF_ECS, ECS_BEGIN "\"source\":{\"address\":\"ip1.ip2.ip3.ip4\"}}");
  record_replace_text(record, F_CLIENT_IP, SLICE("192.0.2.1\0"));
  _assert_written(DF_ECS, ECS_BEGIN "\"source\":{\"address\":\"192.0.2.1\\u0000\"}}");
}

static void
_assert_tls(const gchar *logged, const gchar *expected)
{
  GString *whole = g_string_new(ECS_BEGIN);

  record_replace_text(record, F_TLS_IN_VERSION, slice_from_string(logged));
  g_string_append_printf(whole, "%s\"mailtrace\":{\"tls\":{\"in\":{\"version\":\"%s\"}}}}", expected, logged);
  _assert_written(DF_ECS, whole->str);
  g_string_free(whole, TRUE);
}

Test(document, ecs_tls_version_is_the_number)
{
  _assert_tls("TLSv1.2", "\"tls\":{\"version\":\"1.2\",\"version_protocol\":\"tls\"},");
  _assert_tls("TLS1.3", "\"tls\":{\"version\":\"1.3\",\"version_protocol\":\"tls\"},");
  _assert_tls("TLSv1", "\"tls\":{\"version\":\"1.0\",\"version_protocol\":\"tls\"},");
  _assert_tls("TLS-1.0", "\"tls\":{\"version\":\"1.0\",\"version_protocol\":\"tls\"},");
  _assert_tls("SSL 3.0", "\"tls\":{\"version\":\"3.0\",\"version_protocol\":\"ssl\"},");
  _assert_tls("SSLv3", "\"tls\":{\"version\":\"3\",\"version_protocol\":\"ssl\"},");
  _assert_tls("TLSv", "");
  _assert_tls("UNKNOWN", "");
}
