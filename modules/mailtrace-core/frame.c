/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* takes headers off; each scanner has its production above it, returns FALSE and leaves the cursor alone on mismatch */
#include "mailtrace/frame.h"

#define MICROSECOND_DIGITS 6
#define PID_DIGITS_MAX 9
#define HOST_LEN_MAX 255

typedef struct _Civil
{
  gint year, month, day, hour, minute, second;
  gint64 usec;
} Civil;

static gboolean
_char(Slice *at, gchar c)
{
  if (!at->len || at->str[0] != c)
    return FALSE;
  *at = slice_skip(*at, 1);
  return TRUE;
}

static gboolean
_number(Slice *at, gsize digits, gint *out)
{
  gint number = 0;

  if (at->len < digits)
    return FALSE;
  for (gsize i = 0; i < digits; i++)
    {
      if (!g_ascii_isdigit(at->str[i]))
        return FALSE;
      number = number * 10 + (at->str[i] - '0');
    }
  *out = number;
  *at = slice_skip(*at, digits);
  return TRUE;
}

/* the longest run of bytes above blank; *printable: all of them are PRINTUSASCII */
static Slice
_word(Slice at, gboolean *printable)
{
  guint odd = 0;
  gsize len = 0;

#ifdef __SSE2__
  const __m128i blank = _mm_set1_epi8(' ');

  for (; len + 16 <= at.len; len += 16)
    {
      __m128i bytes = _mm_loadu_si128((const __m128i *) (at.str + len));
      guint ends = (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes));
      guint odd_here = (guint) _mm_movemask_epi8(_mm_or_si128(bytes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))));
      odd |= odd_here & (ends - 1) & ~ends;
      if (ends)
        {
          *printable = !odd;
          return slice_new(at.str, len + (gsize) __builtin_ctz(ends));
        }
    }
#endif
  for (; len < at.len && (guchar) at.str[len] > ' '; len++)
    odd |= (guchar) at.str[len] >= 0x7f;
  *printable = !odd;
  return slice_new(at.str, len);
}

/* host = 1*255PRINTUSASCII, as in RFC 5424; empty otherwise */
static Slice
_host(Slice at)
{
  gboolean printable;
  Slice word = _word(at, &printable);

  return printable && word.len <= HOST_LEN_MAX ? word : SLICE_NONE;
}

static gboolean
_in_range(const Civil *civil)
{
  return civil->month >= 1 && civil->month <= 12 && civil->day >= 1 && civil->day <= 31 && civil->hour < 24
         && civil->minute < 60 && civil->second <= 60;
}

static Stamp
_stamp(const Civil *c, gint32 offset_sec)
{
  gint64 sec = stamp_civil_to_sec(c->year, c->month, c->day, c->hour, c->minute, c->second);
  return (Stamp) { sec * STAMP_USEC + c->usec, offset_sec };
}

/* fraction = "." 1*DIGIT */
static void
_fraction(Slice *at, Civil *out)
{
  gint64 usec = 0;
  gsize digits = 0, i = 1;

  out->usec = 0;
  if (at->len < 2 || at->str[0] != '.' || !g_ascii_isdigit(at->str[1]))
    return;
  for (; i < at->len && g_ascii_isdigit(at->str[i]); i++)
    if (digits < MICROSECOND_DIGITS)
      {
        usec = usec * 10 + (at->str[i] - '0');
        digits++;
      }
  for (; digits < MICROSECOND_DIGITS; digits++)
    usec *= 10;
  out->usec = usec;
  *at = slice_skip(*at, i);
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT [fraction] */
static gboolean
_time(Slice *at, Civil *out)
{
  Slice next = *at;

  if (!_number(&next, 2, &out->hour) || !_char(&next, ':') || !_number(&next, 2, &out->minute) || !_char(&next, ':')
      || !_number(&next, 2, &out->second))
    return FALSE;
  _fraction(&next, out);
  *at = next;
  return _in_range(out);
}

#define DATE_TIME_LEN 19
#define BYTES(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))
/* where the digits stand in "YYYY-MM-" and "DD-HH:MM" */
#define DATE_DIGITS G_GUINT64_CONSTANT(0x00ffff00ffffffff)
#define CLOCK_DIGITS G_GUINT64_CONSTANT(0xffff00ffff00ffff)

/* eight digits at once, each with the one behind it as a number of two digits; FALSE: not all are digits */
static gboolean
_digit_pairs(const gchar *at, guint64 places, guint64 *pairs)
{
  guint64 word = (GUINT64_FROM_LE(slice_word8(at)) ^ BYTES('0')) & places;

  if (((word + BYTES(0x76)) | word) & BYTES(0x80))
    return FALSE;
  *pairs = word * 10 + (word >> 8);
  return TRUE;
}

static inline gint
_pair_at(guint64 pairs, guint place)
{
  return (gint) (pairs >> 8 * place & 0xff);
}

/* date-time = 4DIGIT sep 2DIGIT sep 2DIGIT between time */
static gboolean
_date_time(Slice *at, gchar separator, gchar between, Civil *out)
{
  const gchar *s = at->str;
  guint64 date, clock;

  if (at->len < DATE_TIME_LEN || s[4] != separator || s[7] != separator || s[10] != between || s[13] != ':'
      || s[16] != ':' || !g_ascii_isdigit(s[17]) || !g_ascii_isdigit(s[18])
      || !_digit_pairs(s, DATE_DIGITS, &date) || !_digit_pairs(s + 8, CLOCK_DIGITS, &clock))
    return FALSE;
  out->year = _pair_at(date, 0) * 100 + _pair_at(date, 2);
  out->month = _pair_at(date, 5);
  out->day = _pair_at(clock, 0);
  out->hour = _pair_at(clock, 3);
  out->minute = _pair_at(clock, 6);
  out->second = (s[17] - '0') * 10 + s[18] - '0';
  *at = slice_new(s + DATE_TIME_LEN, at->len - DATE_TIME_LEN);
  _fraction(at, out);
  return _in_range(out);
}

/* offset = "Z" / ("+" / "-") 2DIGIT [":"] 2DIGIT */
static gboolean
_offset(Slice *at, gint32 *out)
{
  Slice next = *at;
  gint hours, minutes;
  gboolean west;

  if (_char(&next, 'Z'))
    {
      *out = 0;
      *at = next;
      return TRUE;
    }
  west = next.len && next.str[0] == '-';
  if (!_char(&next, '+') && !_char(&next, '-'))
    return FALSE;
  if (!_number(&next, 2, &hours))
    return FALSE;
  _char(&next, ':');
  if (!_number(&next, 2, &minutes) || hours > 15 || minutes > 59)
    return FALSE;
  *out = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  *at = next;
  return TRUE;
}

/* pri = "<" 1*3DIGIT ">" */
static gboolean
_pri(Slice *at)
{
  gssize end = slice_find_char(slice_head(*at, 5), '>');
  gint64 ignored;

  if (end < 2 || at->str[0] != '<' || !slice_to_int(slice_new(at->str + 1, (gsize) end - 1), &ignored))
    return FALSE;
  *at = slice_skip(*at, (gsize) end + 1);
  return TRUE;
}

static guint32
_pid(Slice digits)
{
  guint32 pid = 0;

  if (digits.len > PID_DIGITS_MAX)
    return 0;
  for (gsize i = 0; i < digits.len; i++)
    if (g_ascii_isdigit(digits.str[i]))
      pid = pid * 10 + (guint32) (digits.str[i] - '0');
    else
      return 0;
  return pid;
}

/* tag = program ["[" pid "]"] ":" */
static gboolean
_tag(Slice *at, Slice word, Frame *out)
{
  gssize bracket;

  if (word.len < 2 || word.str[word.len - 1] != ':')
    return FALSE;
  Slice tag = slice_head(word, word.len - 1);
  bracket = slice_find_char(tag, '[');
  if (bracket > 0 && tag.str[tag.len - 1] == ']')
    {
      out->program = slice_head(tag, (gsize) bracket);
      out->pid = _pid(slice_new(tag.str + bracket + 1, tag.len - (gsize) bracket - 2));
    }
  else
    out->program = tag;
  *at = slice_skip(*at, word.len);
  _char(at, ' ');
  return TRUE;
}

/* fallback = "[" facility ":" level "] [" program "] [" pid "]: " */
static gboolean
_fallback_tag(Slice *at, Frame *out)
{
  Slice rest = *at;
  gssize end = slice_find_char(slice_head(rest, 32), ']');

  if (!rest.len || rest.str[0] != '[' || end < 0 || slice_find_char(slice_head(rest, (gsize) end), ':') < 0)
    return FALSE;
  rest = slice_skip(rest, (gsize) end + 1);
  if (!slice_starts_with(rest, SLICE(" [")) || (end = slice_find_char(slice_head(rest, 64), ']')) < 0)
    return FALSE;
  out->program = slice_new(rest.str + 2, (gsize) end - 2);
  rest = slice_skip(rest, (gsize) end + 1);
  if (!slice_starts_with(rest, SLICE(" [")) || (end = slice_find_char(slice_head(rest, 16), ']')) < 0)
    return FALSE;
  out->pid = _pid(slice_new(rest.str + 2, (gsize) end - 2));
  rest = slice_skip(rest, (gsize) end + 1);
  _char(&rest, ':');
  _char(&rest, ' ');
  *at = rest;
  return TRUE;
}

/* origin = [host SP] tag; a token is the program if and only if it ends in a colon */
static gboolean
_origin(Slice at, Frame *out)
{
  gboolean printable;
  Slice word = _word(at, &printable);

  if (!_tag(&at, word, out))
    {
      Slice host = printable && word.len <= HOST_LEN_MAX ? word : SLICE_NONE;
      at = slice_skip(at, host.len);
      if (!host.len || !_char(&at, ' ') || (!_tag(&at, _word(at, &printable), out) && !_fallback_tag(&at, out)))
        return FALSE;
      out->host = host;
    }
  out->text = at;
  return TRUE;
}

/* utm = 4DIGIT ":" 2DIGIT ":" 2DIGIT "-" time SP origin */
static gboolean
_utm(Slice at, Frame *out)
{
  Civil civil;

  if (!_date_time(&at, ':', '-', &civil) || !_char(&at, ' '))
    return FALSE;
  out->stamp = _stamp(&civil, STAMP_OFFSET_UNKNOWN);
  return _origin(at, out);
}

/* what a classic syslogd leaves of the UTM's frame behind the year: 2DIGIT ":" 2DIGIT "-" time SP origin */
static gboolean
_damaged_utm(gint year, Slice at, Frame *out)
{
  Civil civil = { .year = year };

  if (!_number(&at, 2, &civil.month) || !_char(&at, ':') || !_number(&at, 2, &civil.day) || !_char(&at, '-')
      || !_time(&at, &civil) || !_char(&at, ' '))
    return FALSE;
  out->stamp = _stamp(&civil, STAMP_OFFSET_UNKNOWN);
  return _origin(at, out);
}

static gboolean
_month_name(Slice *at, gint *month)
{
  static const gchar names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  for (gint i = 0; i < 12; i++)
    if (slice_starts_with(*at, slice_new(names + i * 3, 3)))
      {
        *month = i + 1;
        *at = slice_skip(*at, 3);
        return TRUE;
      }
  return FALSE;
}

/* RFC 3164 names no year: the one that puts the stamp nearest to now */
static gint
_nearest_year(Civil civil, gint64 now_sec)
{
  gint guess = 1970 + (gint) (now_sec / 31556952), best = guess;
  gint64 best_distance = G_MAXINT64;

  for (gint year = guess - 1; year <= guess + 1; year++)
    {
      gint64 sec = stamp_civil_to_sec(year, civil.month, civil.day, civil.hour, civil.minute, civil.second);
      if (ABS(sec - now_sec) < best_distance)
        {
          best = year;
          best_distance = ABS(sec - now_sec);
        }
    }
  return best;
}

/* relayed = host SP 4DIGIT ":" SP damaged-utm */
static gboolean
_relayed_utm(Slice at, Frame *out)
{
  Slice relay = _host(at);
  gint year;

  at = slice_skip(at, relay.len);
  if (!relay.len || !_char(&at, ' ') || !_number(&at, 4, &year) || !_char(&at, ':') || !_char(&at, ' ')
      || !_damaged_utm(year, at, out))
    return FALSE;
  if (!out->host.len)
    out->host = relay;
  return TRUE;
}

/* bsd = 3ALPHA SP (2DIGIT / SP DIGIT) SP time SP origin */
static gboolean
_bsd(Slice at, gint64 now_sec, Frame *out)
{
  Civil civil = { 0 };

  if (!_month_name(&at, &civil.month) || !_char(&at, ' '))
    return FALSE;
  if (_char(&at, ' ') ? !_number(&at, 1, &civil.day) : !_number(&at, 2, &civil.day))
    return FALSE;
  if (!_char(&at, ' ') || !_time(&at, &civil) || !_char(&at, ' '))
    return FALSE;
  if (_relayed_utm(at, out))
    return TRUE;
  civil.year = _nearest_year(civil, now_sec);
  out->stamp = _stamp(&civil, STAMP_OFFSET_UNKNOWN);
  return _origin(at, out);
}

static gboolean
_iso_stamp(Slice *at, Stamp *out)
{
  gint32 offset = STAMP_OFFSET_UNKNOWN;
  Slice next = *at;
  Civil civil;

  if (!_date_time(&next, '-', 'T', &civil))
    return FALSE;
  _offset(&next, &offset);
  if (!_char(&next, ' '))
    return FALSE;
  *out = _stamp(&civil, offset);
  *at = next;
  return TRUE;
}

/* templates of syslog-ng may put the level where the host belongs */
static gboolean
_is_level(Slice word)
{
  static const gchar *const levels[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };

  for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
    if (slice_equals(word, slice_from_string(levels[i])))
      return TRUE;
  return FALSE;
}

/* iso = date "T" time [offset] SP origin */
static gboolean
_iso(Slice at, Frame *out)
{
  if (!_iso_stamp(&at, &out->stamp) || !_origin(at, out))
    return FALSE;
  if (_is_level(out->host))
    out->host = SLICE_NONE;
  return TRUE;
}

/* field = ("-" / 1*PRINTUSASCII) SP */
static gboolean
_field_5424(Slice *at, Slice *out)
{
  Slice word = _host(*at), next = slice_skip(*at, word.len);

  if (!word.len || !_char(&next, ' '))
    return FALSE;
  *out = slice_equals(word, SLICE("-")) ? SLICE_NONE : word;
  *at = next;
  return TRUE;
}

/* structured-data = "-" / 1*("[" ... "]"), then SP or the end; quotes may hold brackets */
static gboolean
_structured_data(Slice *at)
{
  gboolean quoted = FALSE;
  gsize i = 0;

  if (_char(at, '-'))
    return !at->len || _char(at, ' ');
  if (!at->len || at->str[0] != '[')
    return FALSE;
  for (; i < at->len && (quoted || at->str[i] != ' ' || at->str[i - 1] != ']'); i++)
    {
      if (at->str[i] == '\\' && quoted)
        i++;
      else if (at->str[i] == '"')
        quoted = !quoted;
    }
  *at = slice_skip(*at, i + 1);
  return TRUE;
}

/* rfc5424 = "1" SP (iso stamp / "-") SP host SP program SP pid SP msgid SP structured-data [SP text]
 * without program it carries a file, a bare main log perhaps; without stamp only <PRI> tells it from prose */
static gboolean
_rfc5424(Slice at, gboolean has_pri, Frame *out)
{
  Slice pid, msgid;

  if (!_char(&at, '1') || !_char(&at, ' '))
    return FALSE;
  if (!_iso_stamp(&at, &out->stamp) && !(has_pri && _char(&at, '-') && _char(&at, ' ')))
    return FALSE;
  if (!_field_5424(&at, &out->host) || !_field_5424(&at, &out->program) || !_field_5424(&at, &pid)
      || !_field_5424(&at, &msgid) || !_structured_data(&at))
    return FALSE;
  out->pid = _pid(pid);
  out->text = slice_starts_with(at, SLICE("\xef\xbb\xbf")) ? slice_skip(at, 3) : at;
  return TRUE;
}

/* exim = date SP time [SP offset] SP */
static gboolean
_exim_stamp(Slice *at, Stamp *out)
{
  gint32 offset = STAMP_OFFSET_UNKNOWN;
  Slice next = *at, zone;
  Civil civil;

  if (!_date_time(&next, '-', ' ', &civil))
    return FALSE;
  zone = next;
  if (_char(&zone, ' ') && zone.len && (zone.str[0] == '+' || zone.str[0] == '-') && _offset(&zone, &offset))
    next = zone;
  if (next.len && !_char(&next, ' '))
    return FALSE;
  *out = _stamp(&civil, offset);
  *at = next;
  return TRUE;
}

/* "[" pid "]" SP */
static void
_exim_pid(Frame *self)
{
  Slice head = slice_head(self->text, PID_DIGITS_MAX + 3);
  gssize end = head.len && head.str[0] == '[' ? slice_find_char(head, ']') : -1;
  guint32 pid;

  if (end < 2 || (gsize) end + 1 >= head.len || head.str[end + 1] != ' ')
    return;
  pid = _pid(slice_new(head.str + 1, (gsize) end - 1));
  if (!pid)
    return;
  self->pid = pid;
  self->text = slice_skip(self->text, (gsize) end + 2);
}

/* both clocks were read at the same moment: an offset that only one of them prints holds for the other, too */
static void
_adopt_inner(Frame *self, const Stamp *inner)
{
  Stamp outer = self->stamp;
  gint64 distance = ABS(outer.local_usec - inner->local_usec);

  self->stamp = *inner;
  if (!stamp_has_offset(inner) && stamp_has_offset(&outer) && distance < 300 * STAMP_USEC)
    self->stamp.offset_sec = outer.offset_sec;
}

void
frame_take_inner(Frame *self)
{
  Stamp inner;

  if (_exim_stamp(&self->text, &inner))
    {
      _adopt_inner(self, &inner);
      self->has_header = TRUE;
    }
  _exim_pid(self);
}

/* an exim stamp that says the same as the UTM's at the begin of the line, which is the rule there */
static gboolean
_is_repeated(const gchar *inner, const gchar *outer)
{
  const guint64 in_date = (guint64) ('-' ^ ':') << 32 | (guint64) ('-' ^ ':') << 56;
  const guint64 in_clock = (guint64) (' ' ^ '-') << 16;

  return (slice_word8(inner) ^ slice_word8(outer)) == GUINT64_TO_LE(in_date)
         && (slice_word8(inner + 8) ^ slice_word8(outer + 8)) == GUINT64_TO_LE(in_clock)
         && slice_word4(inner + 16) == slice_word4(outer + 16);
}

/* the UTM's frame, and the stamp in front of the text */
static gboolean
_utm_exim(Slice at, Frame *out)
{
  if (!_utm(at, out))
    return FALSE;
  if (out->text.len > DATE_TIME_LEN + 1 && at.str[DATE_TIME_LEN] == ' ' && _is_repeated(out->text.str, at.str)
      && out->text.str[DATE_TIME_LEN + 1] != '+' && out->text.str[DATE_TIME_LEN + 1] != '-')
    {
      out->text = slice_skip(out->text, DATE_TIME_LEN + 1);
      _exim_pid(out);
    }
  else
    frame_take_inner(out);
  return TRUE;
}

static Slice
_chomp(Slice raw)
{
  while (raw.len && (raw.str[raw.len - 1] == '\n' || raw.str[raw.len - 1] == '\r'))
    raw.len--;
  return raw;
}

static void
_clear(Frame *self, Slice text)
{
  *self = (Frame) { .stamp = { 0, STAMP_OFFSET_UNKNOWN }, .text = text, .raw = text };
}

/* untimed = host SP program "[" pid "]: " exim; the inner stamp is what tells it from any other text */
static gboolean
_untimed(Slice at, Frame *out)
{
  Slice inner;
  Stamp stamp;

  _clear(out, out->raw);
  if (!at.len || !g_ascii_isalnum(at.str[0]) || !_origin(at, out))
    return FALSE;
  inner = out->text;
  return out->host.len && out->pid && _exim_stamp(&inner, &stamp);
}

/* fallback.log: host SP "[" facility ":" level "] [" program "] [" pid "]: " text, without a stamp */
static gboolean
_fallback(Slice at, Frame *out)
{
  Slice host = _host(at);

  _clear(out, out->raw);
  at = slice_skip(at, host.len);
  if (!host.len || !_char(&at, ' ') || !_fallback_tag(&at, out))
    return FALSE;
  out->host = host;
  out->text = at;
  return TRUE;
}

static gboolean
_header(Slice at, gint64 now_sec, Frame *out)
{
  gboolean has_pri = _pri(&at);

  return _utm(at, out) || _bsd(at, now_sec, out) || _iso(at, out) || _rfc5424(at, has_pri, out) || _untimed(at, out)
         || _fallback(at, out);
}

gboolean
frame_split(Slice raw, gint64 now_sec, Frame *out)
{
  Slice line = _chomp(raw);

  _clear(out, line);
  out->has_header = TRUE;
  if (_utm_exim(line, out))
    return TRUE;
  if (_exim_stamp(&out->text, &out->stamp))
    {
      _exim_pid(out);
      return TRUE;
    }
  if (_header(line, now_sec, out))
    {
      out->has_header = TRUE;
      frame_take_inner(out);
      return TRUE;
    }
  _clear(out, line);
  return FALSE;
}

void
frame_from_syslog(Slice host, Slice program, Slice pid, Stamp stamp, Slice text, Frame *out)
{
  Slice digits = program;
  gint year;

  text = _chomp(text);
  _clear(out, text);
  if (program.len == 4 && _number(&digits, 4, &year))
    {
      _char(&text, ' ');
      if (_damaged_utm(year, text, out))
        {
          frame_take_inner(out);
          out->has_header = TRUE;
          return;
        }
      _clear(out, text);
    }
  out->host = host;
  out->program = program;
  out->pid = _pid(pid);
  out->stamp = stamp;
  out->has_header = program.len > 0;
  frame_take_inner(out);
}
