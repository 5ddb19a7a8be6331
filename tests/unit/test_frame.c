/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/frame.h"
#include "guard-page.h"
#include <criterion/criterion.h>

#define NOW_SEC 1574000000   /* 2019-11-17 */

static Frame
_split(const gchar *raw)
{
  Frame frame;

  cr_assert(frame_split(slice_from_string(raw), NOW_SEC, &frame), "%s", raw);
  return frame;
}

static void
_expect(const gchar *raw, const gchar *stamp, const gchar *host, const gchar *program, guint32 pid, const gchar *text)
{
  Frame frame = _split(raw);
  gchar iso[STAMP_ISO_MAX];

  stamp_format_iso(&frame.stamp, iso);
  cr_expect_str_eq(iso, stamp, "%s", raw);
  cr_expect(slice_equals(frame.host, slice_from_string(host)), "%s: host %.*s", raw, (int) frame.host.len,
            frame.host.str);
  cr_expect(slice_equals(frame.program, slice_from_string(program)), "%s: program", raw);
  cr_expect_eq(frame.pid, pid, "%s: pid %u", raw, frame.pid);
  cr_expect(slice_equals(frame.text, slice_from_string(text)), "%s: text %.*s", raw, (int) frame.text.len,
            frame.text.str);
}

Test(frame, utm_local_file)
{
  _expect("2019:06:10-11:04:43 defense smtpd[6746]: QMGR[6746]: x", "2019-06-10T11:04:43", "defense", "smtpd", 6746,
          "QMGR[6746]: x");
}

Test(frame, utm_exim_stamp_is_taken_off)
{
  _expect("2019:06:10-11:04:40 defense exim-in[9103]: 2019-06-10 11:04:40 text\r\n", "2019-06-10T11:04:40", "defense",
          "exim-in", 9103, "text");
}

Test(frame, utm_remote_with_priority_and_without_host)
{
  _expect("<22>2019:06:10-11:04:40 defense exim-in[1]: text", "2019-06-10T11:04:40", "defense", "exim-in", 1, "text");
  _expect("<30>2012:03:05-22:21:05 ulogd[5472]: id=1", "2012-03-05T22:21:05", "", "ulogd", 5472, "id=1");
  _expect("2023:04:28-00:00:04 vm1 dhcpd: DHCP", "2023-04-28T00:00:04", "vm1", "dhcpd", 0, "DHCP");
}

Test(frame, utm_damaged_by_a_classic_syslogd)
{
  _expect("Mar  1 00:01:01 192.168.10.1 2017: 03:01-02:30:05 hq ulogd[4824]: id=1", "2017-03-01T02:30:05", "hq", "ulogd",
          4824, "id=1");
  _expect("Mar  1 00:01:01 192.168.10.1 2017: 03:01-02:30:05 ulogd[4824]: id=1", "2017-03-01T02:30:05", "192.168.10.1",
          "ulogd", 4824, "id=1");
}

Test(frame, utm_fallback_log)
{
  _expect("2016:03:04-10:37:14 asg-2 [local0:err] [ctipd] [5552]: text", "2016-03-04T10:37:14", "asg-2", "ctipd", 5552,
          "text");
}

Test(frame, rfc3164_takes_the_nearest_year)
{
  _expect("Nov 17 15:05:07 mx exim[6188]: text", "2019-11-17T15:05:07", "mx", "exim", 6188, "text");
  _expect("<22>Jan  2 15:05:07 mx exim[6188]: text", "2020-01-02T15:05:07", "mx", "exim", 6188, "text");
}

Test(frame, rfc3164_with_exims_stamp_and_pid)
{
  _expect("Nov 17 15:05:07 mx exim: 2024-11-24 15:05:07.812 +0100 [77] text", "2024-11-24T15:05:07.812+01:00", "mx",
          "exim", 77, "text");
}

Test(frame, iso_file_offset_serves_the_inner_stamp)
{
  _expect("2026-11-24T15:05:07.812+01:00 mx exim[1]: 2026-11-24 15:05:07 text", "2026-11-24T15:05:07+01:00", "mx", "exim",
          1, "text");
  _expect("2026-11-24T15:05:07Z mx exim[1]: text", "2026-11-24T15:05:07+00:00", "mx", "exim", 1, "text");
}

Test(frame, rfc5424)
{
  _expect("<22>1 2026-11-24T15:05:07Z mx exim 12 - [a b=\"x ] y\"] text", "2026-11-24T15:05:07+00:00", "mx", "exim", 12,
          "text");
  _expect("<22>1 2026-11-24T15:05:07Z - exim - - - text", "2026-11-24T15:05:07+00:00", "", "exim", 0, "text");
}

Test(frame, rfc5424_nil_values)
{
  Frame frame = _split("<22>1 - mx exim 12 - - text");

  cr_expect_eq(frame.stamp.local_usec, 0);
  cr_expect_not(stamp_has_offset(&frame.stamp));
  _expect("<22>1 - mx exim 12 - - 2026-11-24 15:05:07 text", "2026-11-24T15:05:07", "mx", "exim", 12, "text");
  _expect("<13>1 2026-11-24T15:05:07+01:00 mx - - - - 2026-11-24 15:05:06 text", "2026-11-24T15:05:06+01:00", "mx", "", 0,
          "text");
  _expect("<22>1 2026-11-24T15:05:07Z mx exim x1 ID47 [a b=\"\\\" ] \"][c] \xef\xbb\xbftext", "2026-11-24T15:05:07+00:00",
          "mx", "exim", 0, "text");
  _expect("<22>1 2026-11-24T15:05:07Z mx exim 12 - -", "2026-11-24T15:05:07+00:00", "mx", "exim", 12, "");
}

Test(frame, exim_stamp_behind_host_and_program_only)
{
  _expect("mx exim[29786]: 2019-06-10 11:04:40 text", "2019-06-10T11:04:40", "mx", "exim", 29786, "text");
  _expect("192.0.2.7 exim-in[1]: 2019-06-10 11:04:40.5 +0200 text", "2019-06-10T11:04:40.500+02:00", "192.0.2.7",
          "exim-in", 1, "text");
}

Test(frame, outer_offset_serves_only_a_clock_that_agrees)
{
  _expect("2026-11-24T15:05:07+01:00 mx exim[1]: 2026-11-24 15:04:10.5 text", "2026-11-24T15:04:10.500+01:00", "mx", "exim",
          1, "text");
  _expect("2026-11-24T15:05:07+01:00 mx exim[1]: 2026-11-24 14:05:07 text", "2026-11-24T14:05:07", "mx", "exim", 1, "text");
  _expect("2026-11-24T15:05:07+01:00 mx exim[1]: 2026-11-24 14:05:07 +0000 text", "2026-11-24T14:05:07+00:00", "mx", "exim",
          1, "text");
}

Test(frame, inner_stamp_counts_only_at_the_begin_of_the_text)
{
  _expect("2019:06:10-11:04:40 gw exim-in[1]: x 2018-01-01 00:00:00 y", "2019-06-10T11:04:40", "gw", "exim-in", 1,
          "x 2018-01-01 00:00:00 y");
  _expect("2019-06-10 11:04:40 2018-01-01 00:00:00 y", "2019-06-10T11:04:40", "", "", 0, "2018-01-01 00:00:00 y");
}

Test(frame, bare_main_log)
{
  _expect("2026-11-24 17:36:45 text", "2026-11-24T17:36:45", "", "", 0, "text");
  _expect("2026-11-24 17:36:45.843 +0200 [6300] text", "2026-11-24T17:36:45.843+02:00", "", "", 6300, "text");
  _expect("2026-11-24 17:36:45 [192.0.2.1] F=<a> R=<b> Accepted: x", "2026-11-24T17:36:45", "", "", 0,
          "[192.0.2.1] F=<a> R=<b> Accepted: x");
}

Test(frame, other_text_has_no_frame)
{
  static const gchar *const texts[] = { "", "\n", "  continuation", "2026-13-24 17:36:45 x", "2026-11-24 25:36:45 x",
    "2019:06:10-11:04:40", "2019:06:10-11:04:40 ", "<22>", "<", "Nov 17", "2026-11-24 17:36:4",
    "2019:06:10-11:04:40 g\x1bw exim[1]: x", "2019:06:10-11:04:40 g\x7fw exim[1]: x", "1 - mx exim 12 - - text",
    "<22>1 2026-11-24T15:05:07Z mx exim 12", "<22>1 2026-11-24T15:05:07Z mx exim 12 - text", "mx exim[1]: text",
    "mx exim: 2019-06-10 11:04:40 text", "* exim[1]: 2019-06-10 11:04:40 text", "exim[1]: 2019-06-10 11:04:40 text",
    " Suggested action: use keep_environment.", "2019:00:10-11:04:40 gw exim[1]: x", "2019:06:32-11:04:40 gw exim[1]: x",
    "2019:06:00-11:04:40 gw exim[1]: x", "2019:06:10-11:60:40 gw exim[1]: x", "2019:06:10-11:04:61 gw exim[1]: x",
    "Jun 32 11:04:40 mx exim[1]: x", "Foo 10 11:04:40 mx exim[1]: x" };
  Frame frame;

  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    {
      cr_expect_not(frame_split(slice_from_string(texts[i]), NOW_SEC, &frame), "%s", texts[i]);
      cr_expect_eq(frame.program.len, 0u);
      cr_expect_eq(frame.host.len, 0u);
    }
}

Test(frame, syslog_header_that_took_the_year_for_the_program)
{
  Frame frame;
  Stamp now = { 1, 0 };

  frame_from_syslog(SLICE("relay"), SLICE("2019"), SLICE_NONE, now,
                    SLICE("06:10-11:04:40 defense exim-in[9103]: 2019-06-10 11:04:40 text"), &frame);
  cr_expect(slice_equals(frame.host, SLICE("defense")));
  cr_expect(slice_equals(frame.program, SLICE("exim-in")));
  cr_expect(slice_equals(frame.text, SLICE("text")));
  cr_expect_eq(frame.pid, 9103u);
}

Test(frame, syslog_header_taken_off)
{
  Frame frame;
  Stamp now = { 1700000000 * STAMP_USEC, 3600 };

  frame_from_syslog(SLICE("mx"), SLICE("exim"), SLICE("12"), now, SLICE("text"), &frame);
  cr_expect(slice_equals(frame.host, SLICE("mx")));
  cr_expect_eq(frame.pid, 12u);
  cr_expect_eq(frame.stamp.offset_sec, 3600);
  cr_expect(slice_equals(frame.text, SLICE("text")));
}

/* each form once, the longest variant */
static const gchar *const samples[] =
{
  "<22>2019:06:10-11:04:40 defense exim-in[9103]: 2019-06-10 11:04:40 SMTP connection from [192.0.2.1]:53500\r\n",
  "2012:03:05-22:21:05 ulogd[5472]: id=\"2001\"",
  "2019:06:10-11:04:43 defense smtpd[6746]: QMGR[6746]: 1haLqi-0002Mp-2G moved to work queue",
  "2016:03:04-10:37:14 asg-2 [local0:err] [ctipd] [5552]: text",
  "Mar  1 00:01:01 192.168.10.1 2017: 03:01-02:30:05 hq exim-in[4824]: 2017-03-01 02:30:05 text",
  "<22>Jun 10 11:04:40 mx exim[12]: 2019-06-10 11:04:40.812 +0200 [12] text",
  "2026-11-24T15:05:07.812+01:00 mx exim[1]: 2026-11-24 15:05:07.811 [1] text",
  "<22>1 2026-11-24T15:05:07.812Z mx exim 12 ID1 [a b=\"x \\\" ] y\"][c] \357\273\2772026-11-24 15:05:07 text",
  "<22>1 - - - - - - 2026-11-24 15:05:07 text",
  "mx exim[29786]: 2019-06-10 11:04:40 +0200 [29786] text",
  "2026-11-24 17:36:45.843 +0200 [6300] 1haLqi-0002Mp-2G Completed\n",
};

static void
_expect_inside(Slice part, Slice whole)
{
  if (part.len)
    cr_assert(part.str >= whole.str && part.str + part.len <= whole.str + whole.len);
}

static void
_check_frame(Slice raw)
{
  Frame frame;
  gboolean known = frame_split(raw, NOW_SEC, &frame);

  _expect_inside(frame.host, raw);
  _expect_inside(frame.program, raw);
  _expect_inside(frame.text, raw);
  _expect_inside(frame.raw, raw);
  for (gsize i = 0; i < frame.host.len; i++)
    cr_assert(g_ascii_isgraph(frame.host.str[i]));
  if (known)
    return;
  cr_assert(slice_equals(frame.text, frame.raw));
  cr_assert(!frame.host.len && !frame.program.len && !frame.pid && !frame.stamp.local_usec);
}

static void
_expect_same(Slice part, Slice other, const gchar *raw)
{
  cr_expect(part.len == other.len && (!part.len || part.str == other.str), "%s", raw);
}

/* one that is learned from any other line changes nothing, wherever the lines begin to differ */
Test(frame, memory_of_another_line_makes_no_difference)
{
  for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
    for (guint j = 0; j < G_N_ELEMENTS(samples); j++)
      for (gsize at = 0; at < strlen(samples[j]); at++)
        {
          gchar *changed = g_strdup(samples[j]);
          FrameMemory memory = { .len = 0 };
          Frame first, frame, plain;

          changed[at] = " 1:"[at % 3];
          frame_split_next(&memory, slice_from_string(samples[i]), NOW_SEC, &first);
          gboolean known = frame_split_next(&memory, slice_from_string(changed), NOW_SEC, &frame);
          cr_expect_eq(known, frame_split(slice_from_string(changed), NOW_SEC, &plain));
          cr_expect_eq(frame.stamp.local_usec, plain.stamp.local_usec, "%s", changed);
          cr_expect_eq(frame.stamp.offset_sec, plain.stamp.offset_sec, "%s", changed);
          cr_expect_eq(frame.pid, plain.pid, "%s", changed);
          cr_expect_eq(frame.has_header, plain.has_header, "%s", changed);
          _expect_same(frame.host, plain.host, changed);
          _expect_same(frame.program, plain.program, changed);
          _expect_same(frame.text, plain.text, changed);
          g_free(changed);
        }
}

Test(frame, every_prefix_of_every_form_stays_inside_its_bytes)
{
  GuardPage guard;

  guard_page_init(&guard, 512);
  for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
    for (gsize len = 0; len <= strlen(samples[i]); len++)
      _check_frame(guard_page_put(&guard, slice_new(samples[i], len)));
  guard_page_release(&guard);
}

Test(frame, any_byte_in_any_place_leaves_a_whole_frame_or_none)
{
  GuardPage guard;

  guard_page_init(&guard, 512);
  for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
    for (gsize at = 0; at < strlen(samples[i]); at++)
      for (gint byte = 0; byte < 256; byte++)
        {
          Slice copy = guard_page_put(&guard, slice_from_string(samples[i]));
          ((gchar *) copy.str)[at] = (gchar) byte;
          _check_frame(copy);
        }
  guard_page_release(&guard);
}

Test(frame, every_suffix_taken_for_a_syslog_message_stays_inside)
{
  GuardPage guard;

  guard_page_init(&guard, 512);
  for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
    for (gsize skip = 0; skip <= strlen(samples[i]); skip++)
      {
        Slice text = guard_page_put(&guard, slice_skip(slice_from_string(samples[i]), skip));
        Frame frame;

        frame_from_syslog(SLICE("mx"), SLICE("2017"), SLICE("12"), (Stamp) { 1, 0 }, text, &frame);
        _expect_inside(frame.text, text);
      }
  guard_page_release(&guard);
}

Test(frame, a_host_has_an_end)
{
  GString *line = g_string_new("2019:06:10-11:04:40 ");
  Frame frame;

  for (guint i = 0; i < 256; i++)
    g_string_append_c(line, 'h');
  g_string_append(line, " exim[1]: x");
  cr_expect_not(frame_split(slice_new(line->str, line->len), NOW_SEC, &frame));
  g_string_erase(line, 20, 1);
  cr_expect(frame_split(slice_new(line->str, line->len), NOW_SEC, &frame));
  cr_expect_eq(frame.host.len, 255u);
  g_string_free(line, TRUE);
}

/* a template of syslog-ng's that puts ${LEVEL} there; the syslog server's own name is the host then */
Test(frame, a_level_in_the_place_of_the_host_is_none)
{
  Frame frame;

  cr_assert(frame_split(SLICE("2024-03-24T02:04:32.263+00:00 info exim[8001]: [8001] SMTP connection from x"), NOW_SEC, &frame));
  cr_expect_eq(frame.host.len, 0u);
  cr_expect(slice_equals(frame.program, SLICE("exim")));
  cr_expect_eq(frame.pid, 8001u);
  cr_expect(slice_equals(frame.text, SLICE("SMTP connection from x")));
}
