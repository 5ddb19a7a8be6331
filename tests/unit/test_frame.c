/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/frame.h"
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
    "2019:06:10-11:04:40", "2019:06:10-11:04:40 ", "<22>", "<", "Nov 17", "2026-11-24 17:36:4" };
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
