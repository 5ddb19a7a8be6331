/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-text.h"
#include "guard-page.h"

#include <criterion/criterion.h>

static GString *out;

static void
_setup(void)
{
  out = g_string_new(NULL);
}

static void
_teardown(void)
{
  g_string_free(out, TRUE);
}

TestSuite(json_text, .init = _setup, .fini = _teardown);

/* as slow and as simple as can be; of single bytes, none of which begins a sequence that is UTF-8 */
static void
_append_expected(GString *expected, guchar c)
{
  static const gchar *const named[] = { ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t", ['\b'] = "\\b", ['\f'] = "\\f",
    ['"'] = "\\\"", ['\\'] = "\\\\" };

  if (c < G_N_ELEMENTS(named) && named[c])
    g_string_append(expected, named[c]);
  else if (c < 0x20 || c == 0x7f)
    g_string_append_printf(expected, "\\u%04x", c);
  else if (c >= 0x80)
    g_string_append(expected, "\xef\xbf\xbd");
  else
    g_string_append_c(expected, (gchar) c);
}

static void
_assert_string(Slice text)
{
  GString *expected = g_string_new("\"");
  JsonText json;

  for (gsize i = 0; i < text.len; i++)
    _append_expected(expected, (guchar) text.str[i]);
  g_string_append_c(expected, '"');
  g_string_truncate(out, 0);
  json_begin(&json, out);
  json_put_string(&json, text);
  json_end(&json);
  cr_assert_str_eq(out->str, expected->str);
  g_string_free(expected, TRUE);
}

Test(json_text, any_byte_at_any_place_of_texts_of_any_length_and_nothing_behind_them)
{
  hard_texts_check(_assert_string);
}

Test(json_text, a_long_text_that_needs_escapes_everywhere)
{
  gchar *text = g_malloc(100000);

  memset(text, 1, 100000);
  _assert_string(slice_new(text, 100000));
  g_free(text);
}

static const gchar *
_integer(gint64 number)
{
  static gchar text[JSON_ROOM];

  *json_write_integer(text, number) = '\0';
  return text;
}

Test(json_text, integers)
{
  const gint64 numbers[] = { 0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 12345, 999999, 1000000, G_MAXINT64, G_MININT64 };

  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    for (gint sign = -1; sign <= 1; sign += 2)
      {
        gint64 number = numbers[i] == G_MININT64 ? numbers[i] : numbers[i] * sign;
        gchar *expected = g_strdup_printf("%" G_GINT64_FORMAT, number);

        cr_expect_str_eq(_integer(number), expected);
        g_free(expected);
      }
}

/* one after the other, so that days repeat and change */
Test(json_text, times_are_those_of_stamps)
{
  const gint32 offsets[] = { 0, 3600, -14400, 20700, STAMP_OFFSET_UNKNOWN };
  gchar found[JSON_ROOM], iso[STAMP_ISO_MAX];
  JsonText json;

  json_begin(&json, out);
  for (gint64 sec = -200000; sec < 200000; sec += sec % 5 ? 7 : 1777)
    for (guint i = 0; i < 2 * G_N_ELEMENTS(offsets); i++)
      {
        Stamp stamp = { sec * STAMP_USEC + (i % 3 ? 0 : sec & 0xfff), offsets[i / 2] };

        *json_write_time(&json, found, &stamp) = '\0';
        stamp_format_iso(&stamp, iso);
        found[strlen(found) - 1] = '\0';
        cr_assert_str_eq(found + 1, iso);
      }
}
