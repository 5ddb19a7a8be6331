/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the productions that rows are made of, each on text that ends where the memory ends */
#include "guard-page.h"
#include "line-shape.h"
#include <criterion/criterion.h>

static GuardPage guard;
static Line line;

static void
_setup(void)
{
  guard_page_init(&guard, 200000);
}

static void
_teardown(void)
{
  guard_page_release(&guard);
}

TestSuite(scan_peer, .init = _setup, .fini = _teardown);
TestSuite(scan_words, .init = _setup, .fini = _teardown);
TestSuite(scan_letters, .init = _setup, .fini = _teardown);
TestSuite(scan_event, .init = _setup, .fini = _teardown);
TestSuite(scan_decode, .init = _setup, .fini = _teardown);

static Scan
_scan(const gchar *text)
{
  line = (Line) { 0 };
  return (Scan) { guard_page_put(&guard, slice_from_string(text)), &line };
}

static LineRole
_parse(const gchar *program, const gchar *text)
{
  Frame frame = { .program = slice_from_string(program) };

  frame.text = guard_page_put(&guard, slice_from_string(text));
  line_parse(&frame, &line);
  return line.role;
}

static void
_expect(FieldId id, const gchar *expected)
{
  Slice value = line_get(&line, id);

  if (!expected)
    cr_expect_null(value.str, "%s is %.*s", field_texts(id)->name, (int) value.len, value.str);
  else
    cr_expect(value.str && slice_equals(value, slice_from_string(expected)), "%s: %.*s, not %s", field_texts(id)->name,
              (int) value.len, value.str, expected);
}

static void
_expect_rest(const Scan *scan, const gchar *expected)
{
  cr_expect(slice_equals(scan->rest, slice_from_string(expected)), "rest: %.*s", (int) scan->rest.len, scan->rest.str);
}

static gboolean
_peer(const gchar *text, const gchar *end, Scan *scan)
{
  Slice ends[] = { slice_from_string(end), TEXTS_END };
  LineStep step = { NULL, NO_FIELD, NO_TEXT, ends };

  *scan = _scan(text);
  return scan_peer_fields(scan, &step);
}

Test(scan_peer, a_bare_address_has_no_name)
{
  Scan scan;

  cr_assert(_peer("[2001:db8::1]:4711 closed by QUIT", " closed by ", &scan));
  _expect(F_CLIENT_IP, "2001:db8::1");
  _expect(F_CLIENT_PORT, "4711");
  _expect(F_CLIENT_HOST, NULL);
  _expect(F_CLIENT_HELO, NULL);
  _expect_rest(&scan, " closed by QUIT");
}

Test(scan_peer, helo_in_parentheses_is_not_the_host_name)
{
  Scan scan;

  cr_assert(_peer("mx.test ([10.0.0.1]) [192.0.2.1]", "", &scan));
  _expect(F_CLIENT_HOST, "mx.test");
  _expect(F_CLIENT_HELO, "[10.0.0.1]");
  _expect(F_CLIENT_IP, "192.0.2.1");
  _expect(F_CLIENT_PORT, NULL);
}

Test(scan_peer, text_in_brackets_need_not_be_an_address)
{
  Scan scan;

  cr_assert(_peer("[10.OUR.IP.X]:7664", "", &scan));
  _expect(F_CLIENT_IP, "10.OUR.IP.X");
}

Test(scan_peer, the_last_place_from_where_the_line_goes_on_ends_the_helo)
{
  Scan scan;

  cr_assert(_peer("(x) [6.6.6.6] F=<s@e> rejected RCPT <a@b>: (fake) [192.0.2.66]:46621 F=<a@s> rejected RCPT <z@r>: no",
                  " rejected ", &scan));
  _expect(F_CLIENT_IP, "192.0.2.66");
  _expect(F_REFUSAL_SENDER, "a@s");
  _expect_rest(&scan, " rejected RCPT <z@r>: no");
}

Test(scan_peer, a_place_behind_the_words_of_the_line_is_none)
{
  Scan scan;

  cr_assert(_peer("(x) [192.0.2.1] rejected RCPT <z@r>: see (evil) [6.6.6.6]: y", " rejected ", &scan));
  _expect(F_CLIENT_HELO, "x");
  _expect(F_CLIENT_IP, "192.0.2.1");
}

Test(scan_peer, two_readings_between_strangers_name_nobody)
{
  static const Slice ends[] = { TEXT(": "), TEXTS_END };
  LineStep step = { NULL, NO_FIELD, NO_TEXT, ends };
  Scan scan = _scan("(x) [192.0.2.1]: 535 no (set_id=(y) [6.6.6.6]: 535 z)");

  cr_assert(scan_lone_peer_fields(&scan, &step));
  _expect(F_CLIENT_IP, NULL);
  _expect_rest(&scan, ": 535 no (set_id=(y) [6.6.6.6]: 535 z)");
}

Test(scan_peer, half_a_peer_is_none)
{
  static const gchar *const texts[] = { "", "(", "()", "(x)", "(x) ", "(x) [", "(x) []", "(x) [1", "mx.test", "mx.test ", "[", "[]" };
  Scan scan;

  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    cr_expect_not(_peer(texts[i], "", &scan), "%s", texts[i]);
}

Test(scan_words, angle_heeds_quotes_but_not_one_alone)
{
  LineStep step = { NULL, F_SENDER };
  Scan scan = _scan("<\"a> b\"@c> R=");

  cr_assert(scan_angle(&scan, &step));
  _expect(F_SENDER, "\"a> b\"@c");
  scan = _scan("<a\"b@c> R=");
  cr_assert(scan_angle(&scan, &step));
  _expect(F_SENDER, "a\"b@c");
  scan = _scan("<>");
  cr_assert(scan_angle(&scan, &step));
  _expect(F_SENDER, "");
  scan = _scan("<a@b");
  cr_expect_not(scan_angle(&scan, &step));
}

Test(scan_words, a_phrase_ends_in_front_of_a_blank)
{
  LineStep step = { NULL, F_WARNINGS, TEXT("Frozen") };
  Scan scan = _scan("Frozenhost.test [");

  cr_expect_not(scan_phrase(&scan, &step));
  scan = _scan("Frozen");
  cr_expect(scan_phrase(&scan, &step));
  scan = _scan("Frozen (x)");
  cr_expect(scan_phrase(&scan, &step));
  _expect(F_WARNINGS, "Frozen (x)");
}

Test(scan_letters, cipher_is_split_at_its_colons)
{
  cr_assert_eq(_parse("exim", "1haLqi-0002Mp-2G <= a@b H=[192.0.2.1] P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256:x25519* S=1"),
               LR_ARRIVAL);
  _expect(F_TLS_VERSION, "TLS1.3");
  _expect(F_TLS_CIPHER, "TLS_AES_256_GCM_SHA384");
  _expect(F_TLS_BITS, "256");
}

Test(scan_letters, a_letter_means_what_its_line_means)
{
  cr_assert_eq(_parse("", "1haLqi-0002Mp-2G <= <> R=1haLqi-0002Mp-2H U=mail P=local S=9 T=\"P=<x> R=y\""), LR_ARRIVAL);
  cr_expect(slice_equals(line.cause, SLICE("1haLqi-0002Mp-2H")));
  _expect(F_PROTOCOL, "local");
  _expect(F_SUBJECT, "P=<x> R=y");
  cr_assert_eq(_parse("", "1haLqi-0002Mp-2G => c@d P=<a@b> R=r T=t S=7 C=\"250 T=x\""), LR_DELIVERY);
  _expect(F_DELIVERY_RETURN_PATH, "a@b");
  _expect(F_DELIVERY_ROUTER, "r");
  _expect(F_DELIVERY_TRANSPORT, "t");
  _expect(F_DELIVERY_CODE, "250");
}

Test(scan_letters, flags_of_deliveries)
{
  cr_assert_eq(_parse("", "1haLqi-0002Mp-2G >> c@d R=r T=t"), LR_DELIVERY);
  cr_expect(line.cut_through);
  cr_assert_eq(_parse("", "1haLqi-0002Mp-2G -> c@d R=r T=t"), LR_DELIVERY);
  cr_expect(line.later_recipient);
  cr_assert_eq(_parse("", "1haLqi-0002Mp-2G *> c@d R=r T=t"), LR_DELIVERY);
  _expect(F_DELIVERY_STATUS, "suppressed");
  cr_assert_eq(_parse("", "1haLqi-0002Mp-2G => :blackhole: <c@d> R=r"), LR_DELIVERY);
  _expect(F_DELIVERY_STATUS, "discarded");
}

Test(scan_event, keys_behind_a_subject_are_read_from_the_right)
{
  cr_assert_eq(_parse("smtpd", "SCANNER[1]: id=\"1001\" severity=\"info\" sys=\"SecureMail\" sub=\"smtp\" name=\"email quarantined\""
                      " srcip=\"192.0.2.1\" from=\"a@b\" to=\"c@d\" subject=\"x\" queueid=\"FAKE\" size=\"1\""
                      " queueid=\"1haLql-0002Mh-MA\" size=\"90\" reason=\"ext\" extra=\"doc\""), LR_VERDICT);
  cr_expect(slice_equals(line.queue_id, SLICE("1haLql-0002Mh-MA")));
  cr_expect(line.closes);
  _expect(F_DISPOSITION, "quarantined");
  _expect(F_SUBJECT, "x\" queueid=\"FAKE\" size=\"1");
  _expect(F_SCANNED_SIZE, "90");
  _expect(F_REASON, "ext");
  _expect(F_REASON_DETAIL, "doc");
}

Test(scan_event, the_scanner_names_the_parent)
{
  cr_assert_eq(_parse("smtpd", "SCANNER[1]: 1haLql-0002Mh-MA <= <> R=1haLqi-0002Mp-2G P=INPUT S=5"), LR_HANDOVER);
  cr_expect(slice_equals(line.parent, SLICE("1haLqi-0002Mp-2G")));
  _expect(F_SENDER, "");
  _expect(F_SCANNED_SIZE, "5");
}

Test(scan_decode, escapes_as_the_log_writes_them)
{
  static const struct { const gchar *text, *meant; } cases[] =
  {
    { "plain", "plain" }, { "a\\\"b", "a\"b" }, { "a\\\\b", "a\\b" }, { "\\n\\t", "\n\t" }, { "\\303\\274", "\303\274" },
    { "\\q", "\\q" }, { "\\", "\\" }, { "\\30", "\\30" }, { "\\477", "\\477" }, { "", "" },
  };
  gchar buf[32];

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    {
      LineField field = { F_SUBJECT, TRUE, guard_page_put(&guard, slice_from_string(cases[i].text)) };
      cr_expect(slice_equals(line_field_decode(&field, buf), slice_from_string(cases[i].meant)), "%s", cases[i].text);
    }
}

/* 32 times the text may cost 32 times the time; what grows with the square would cost 1024 times */
static gint64
_microseconds(const gchar *begin, const gchar *unit, gsize repeats)
{
  GString *text = g_string_new(begin);

  while (repeats--)
    g_string_append(text, unit);
  Frame frame = { .text = slice_new(text->str, text->len) };
  gint64 start = g_get_monotonic_time();
  line_parse(&frame, &line);
  gint64 taken = g_get_monotonic_time() - start;
  g_string_free(text, TRUE);
  return taken;
}

Test(scan_peer, imitations_cost_linear_time)
{
  static const gchar *const begins[] = { "H=(", "1haLqi-0002Mp-2G <= a@b H=(", "SMTP syntax error in \"",
    "login authenticator failed for (", "1haLqi-0002Mp-2G DKIM: ", "1haLqi-0002Mp-2G <= a@b P=x id=" };
  static const gchar *const units[] = { ") [1.2.3.4] U=x", ") [1.2.3.4]: ", "\" H=[1.2.3.4] ", "\" H=(x) [1.2.3.4] U=a", "d=\\\" ",
    " F=<\\\">", " a\\\"", ") [1.2.3.4] F=<\\\"> rejected " };

  for (guint b = 0; b < G_N_ELEMENTS(begins); b++)
    for (guint u = 0; u < G_N_ELEMENTS(units); u++)
      {
        gint64 small = MAX(_microseconds(begins[b], units[u], 2000), 500);
        gint64 large = _microseconds(begins[b], units[u], 32 * 2000);
        cr_expect_lt(large, small * 32 * 6, "%s...%s: %d us, then %d us", begins[b], units[u], (int) small, (int) large);
      }
}
