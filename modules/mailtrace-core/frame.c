/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* takes headers off; each scanner has its production above it, returns FALSE and leaves the cursor alone on mismatch */
#include "frame-stamp.h"

#define PID_DIGITS_MAX 9
#define HOST_LEN_MAX 255

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

#ifdef __SSE2__
/* the same for up to eight digits behind any other eight bytes of the line */
static inline guint32
_pid_within(const gchar *end, gsize digits)
{
  guint64 word = (GUINT64_FROM_LE(slice_word8(end - 8)) ^ G_GUINT64_CONSTANT(0x3030303030303030))
                 & ~G_GUINT64_CONSTANT(0) << (64 - 8 * digits);

  if (((word + G_GUINT64_CONSTANT(0x7676767676767676)) | word) & G_GUINT64_CONSTANT(0x8080808080808080))
    return 0;
  word = word * (10 * 0x100 + 1) >> 8 & G_GUINT64_CONSTANT(0x00ff00ff00ff00ff);
  word = word * (100 * 0x10000 + 1) >> 16 & G_GUINT64_CONSTANT(0x0000ffff0000ffff);
  return (guint32) (word * (10000 * G_GUINT64_CONSTANT(0x100000000) + 1) >> 32);
}
#endif

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
  frame_take_char(at, ' ');
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
  frame_take_char(&rest, ':');
  frame_take_char(&rest, ' ');
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
      if (!host.len || !frame_take_char(&at, ' ')
          || (!_tag(&at, _word(at, &printable), out) && !_fallback_tag(&at, out)))
        return FALSE;
      out->host = host;
    }
  out->text = at;
  return TRUE;
}

/* utm = utm-stamp origin */
static gboolean
_utm(Slice at, Frame *out)
{
  return frame_stamp_utm(&at, &out->stamp) && _origin(at, out);
}

/* what a classic syslogd leaves of it behind the year */
static gboolean
_damaged_utm(gint year, Slice at, Frame *out)
{
  return frame_stamp_damaged_utm(&at, year, &out->stamp) && _origin(at, out);
}

/* relayed = host SP 4DIGIT ":" SP damaged-utm */
static gboolean
_relayed_utm(Slice at, Frame *out)
{
  Slice relay = _host(at);
  gint year;

  at = slice_skip(at, relay.len);
  if (!relay.len || !frame_take_char(&at, ' ') || !frame_take_number(&at, 4, &year) || !frame_take_char(&at, ':')
      || !frame_take_char(&at, ' ')
      || !_damaged_utm(year, at, out))
    return FALSE;
  if (!out->host.len)
    out->host = relay;
  return TRUE;
}

/* bsd = bsd-stamp (relayed / origin) */
static gboolean
_bsd(Slice at, gint64 now_sec, Frame *out)
{
  if (!frame_stamp_bsd(&at, now_sec, &out->stamp))
    return FALSE;
  Stamp stamp = out->stamp;
  if (_relayed_utm(at, out))
    return TRUE;
  out->stamp = stamp;
  return _origin(at, out);
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
  if (!frame_stamp_iso(&at, &out->stamp) || !_origin(at, out))
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

  if (!word.len || !frame_take_char(&next, ' '))
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

  if (frame_take_char(at, '-'))
    return !at->len || frame_take_char(at, ' ');
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

  if (!frame_take_char(&at, '1') || !frame_take_char(&at, ' '))
    return FALSE;
  if (!frame_stamp_iso(&at, &out->stamp) && !(has_pri && frame_take_char(&at, '-') && frame_take_char(&at, ' ')))
    return FALSE;
  if (!_field_5424(&at, &out->host) || !_field_5424(&at, &out->program) || !_field_5424(&at, &pid)
      || !_field_5424(&at, &msgid) || !_structured_data(&at))
    return FALSE;
  out->pid = _pid(pid);
  out->text = slice_starts_with(at, SLICE("\xef\xbb\xbf")) ? slice_skip(at, 3) : at;
  return TRUE;
}

static inline gboolean
_begins_bracket(Slice text)
{
  return text.len && text.str[0] == '[';
}

static inline void
_set_pid(Frame *self, guint32 pid, gsize len)
{
  if (!pid)
    return;
  self->pid = pid;
  self->text = slice_new(self->text.str + len, self->text.len - len);
}

/* "[" pid "]" SP; the first byte is there */
static __attribute__((noinline)) void
_exim_pid(Frame *self)
{
  Slice head = slice_head(self->text, PID_DIGITS_MAX + 3);
  gssize end = slice_find_char(head, ']');

  if (end < 2 || (gsize) end + 1 >= head.len || head.str[end + 1] != ' ')
    return;
  _set_pid(self, _pid(slice_new(head.str + 1, (gsize) end - 1)), (gsize) end + 2);
}

/* the same behind at least eight bytes of the line */
static inline void
_exim_pid_within(Frame *self)
{
#ifdef __SSE2__
  const gchar *text = self->text.str;

  if (self->text.len >= 16)
    {
      __m128i bytes = _mm_loadu_si128((const __m128i *) text);
      guint ends = (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(']')));
      gsize end = ends ? (gsize) __builtin_ctz(ends) : 16;

      if (end >= 2 && end <= 9 && text[end + 1] == ' ')
        _set_pid(self, _pid_within(text + end, end - 1), end + 2);
      if (end <= 9 || end > PID_DIGITS_MAX + 1)
        return;
    }
#endif
  _exim_pid(self);
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

__attribute__((noinline)) void
frame_take_inner(Frame *self)
{
  Stamp inner;

  if (frame_stamp_exim(&self->text, &inner))
    {
      _adopt_inner(self, &inner);
      self->has_header = TRUE;
    }
  if (_begins_bracket(self->text))
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

/* a stamp or "[pid]" */
static inline gboolean
_may_begin_inner(Slice text)
{
  return text.len && (g_ascii_isdigit(text.str[0]) || text.str[0] == '[');
}

/* the stamp in front of the text of a UTM's line, which begins with its own and a blank */
static inline void
_take_inner_of_utm(Slice line, Frame *out)
{
  const gchar *text = out->text.str;

  if (out->text.len > DATE_TIME_LEN + 1 && _is_repeated(text, line.str) && text[DATE_TIME_LEN + 1] != '+'
      && text[DATE_TIME_LEN + 1] != '-')
    {
      out->text = slice_new(text + DATE_TIME_LEN + 1, out->text.len - DATE_TIME_LEN - 1);
      if (text[DATE_TIME_LEN + 1] == '[')
        _exim_pid_within(out);
    }
  else if (_may_begin_inner(out->text))
    frame_take_inner(out);
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
  return out->host.len && out->pid && frame_stamp_exim(&inner, &stamp);
}

/* fallback.log: host SP "[" facility ":" level "] [" program "] [" pid "]: " text, without a stamp */
static gboolean
_fallback(Slice at, Frame *out)
{
  Slice host = _host(at);

  _clear(out, out->raw);
  at = slice_skip(at, host.len);
  if (!host.len || !frame_take_char(&at, ' ') || !_fallback_tag(&at, out))
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

static void
_remember(FrameMemory *memory, Slice begin, gsize host_len, Stamp stamp)
{
  if (begin.len > FRAME_MEMORY_MAX)
    return;
  memcpy(memory->begin, begin.str, begin.len);
  memory->len = begin.len;
  memory->host_len = host_len;
  memory->stamp = stamp;
}

static gboolean
_split_utm(FrameMemory *memory, Slice line, Frame *out)
{
  if (!_utm(line, out))
    return FALSE;
  if (out->host.len && out->host.str == line.str + DATE_TIME_LEN + 1)
    _remember(memory, slice_head(line, DATE_TIME_LEN + 1 + out->host.len + 1), out->host.len, out->stamp);
  if (line.str[DATE_TIME_LEN] == ' ')
    _take_inner_of_utm(line, out);
  else
    frame_take_inner(out);
  return TRUE;
}

/* DATE_TIME_LEN without its seconds */
#define MINUTE_LEN (DATE_TIME_LEN - 2)

static inline guint
_two_digits(const gchar *at)
{
  return (guint) (at[0] - '0') * 10 + (guint) (at[1] - '0');
}

static gboolean
_split_exim(FrameMemory *memory, Slice line, Frame *out)
{
  if (!frame_stamp_exim(&out->text, &out->stamp))
    return FALSE;
  gint64 second = out->stamp.local_usec / STAMP_USEC;
  if (second > 0)
    _remember(memory, slice_head(line, MINUTE_LEN), 0,
              (Stamp) { (second - _two_digits(line.str + MINUTE_LEN)) * STAMP_USEC, STAMP_OFFSET_UNKNOWN });
  if (_begins_bracket(out->text))
    _exim_pid(out);
  return TRUE;
}

/* program "[" pid "]: ", as most tags are, at least eight bytes into the line; FALSE: _tag() looks closer */
static inline gboolean
_usual_tag(Slice *at, Slice *program, guint32 *pid)
{
#ifdef __SSE2__
  if (at->len < 32)
    return FALSE;
  const __m128i blank = _mm_set1_epi8(' '), bracket = _mm_set1_epi8('[');
  __m128i low = _mm_loadu_si128((const __m128i *) at->str), high = _mm_loadu_si128((const __m128i *) (at->str + 16));
  guint ends = (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(low, blank), low))
               | (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(high, blank), high)) << 16;
  guint begins = (guint) _mm_movemask_epi8(_mm_cmpeq_epi8(low, bracket));
  if (!ends || !begins)
    return FALSE;
  gsize end = (gsize) __builtin_ctz(ends), begin = (gsize) __builtin_ctz(begins), digits = end - begin - 3;
  if (!begin || digits - 1 > 7 || slice_word2(at->str + end - 2) != GUINT16_TO_LE(']' | ':' << 8)
      || at->str[end] != ' ')
    return FALSE;
  *program = slice_new(at->str, begin);
  *pid = _pid_within(at->str + end - 2, digits);
  *at = slice_new(at->str + end + 1, at->len - end - 1);
  return TRUE;
#else
  Frame tagged = { .pid = 0 };
  gboolean printable;

  if (!_tag(at, _word(*at, &printable), &tagged))
    return FALSE;
  *program = tagged.program;
  *pid = tagged.pid;
  return TRUE;
#endif
}

/* behind a stamp and a host that are those of the line before */
static inline gboolean
_remembered_utm(const FrameMemory *memory, Slice line, Slice at, Frame *out)
{
  Slice program, host = slice_new(line.str + DATE_TIME_LEN + 1, memory->host_len);
  guint32 pid;

  if (!_usual_tag(&at, &program, &pid))
    return FALSE;
  *out = (Frame) { memory->stamp, host, SLICE_NONE, program, pid, at, TRUE, line };
  _take_inner_of_utm(line, out);
  return TRUE;
}

/* a blank and no fraction in front of it, no offset behind it, as most stamps end */
static inline gboolean
_ends_simply(Slice at)
{
  return at.len > 2 && at.str[0] == ' ' && at.str[1] > '-';
}

/* in the same minute as the line before */
static inline gboolean
_remembered_exim(const FrameMemory *memory, Slice line, Slice at, Frame *out)
{
  if (at.len < 2 || (guchar) (at.str[0] - '0') > 5 || (guchar) (at.str[1] - '0') > 9)
    return FALSE;
  Stamp stamp = { memory->stamp.local_usec + _two_digits(at.str) * STAMP_USEC, STAMP_OFFSET_UNKNOWN };
  at = slice_new(at.str + 2, at.len - 2);
  if (_ends_simply(at))
    at = slice_new(at.str + 1, at.len - 1);
  else if (!frame_stamp_exim_end(&at, stamp.local_usec, &stamp))
    return FALSE;
  *out = (Frame) { stamp, SLICE_NONE, SLICE_NONE, SLICE_NONE, 0, at, TRUE, line };
  if (_begins_bracket(at))
    _exim_pid_within(out);
  return TRUE;
}

/* a memory that is not empty holds a stamp at least */
static inline gboolean
_begins_as_remembered(const FrameMemory *memory, Slice line)
{
#ifdef __SSE2__
  gsize len = memory->len;

  return len && line.len >= len && slice_same_16(line.str, memory->begin)
         && slice_same_16(line.str + len - 16, memory->begin + len - 16)
         && (len <= 32 || slice_same_bytes(line.str, memory->begin, len));
#else
  return memory->len && slice_starts_with(line, slice_new(memory->begin, memory->len));
#endif
}

static inline gboolean
_split_remembered(const FrameMemory *memory, Slice line, Frame *out)
{
  if (!_begins_as_remembered(memory, line))
    return FALSE;
  Slice at = slice_new(line.str + memory->len, line.len - memory->len);
  return memory->host_len ? _remembered_utm(memory, line, at, out) : _remembered_exim(memory, line, at, out);
}

static __attribute__((noinline)) gboolean
_split_anew(FrameMemory *memory, Slice line, gint64 now_sec, Frame *out)
{
  _clear(out, line);
  if (!_split_utm(memory, line, out) && !_split_exim(memory, line, out))
    {
      if (!_header(line, now_sec, out))
        {
          _clear(out, line);
          return FALSE;
        }
      frame_take_inner(out);
    }
  out->has_header = TRUE;
  return TRUE;
}

gboolean
frame_split_next(FrameMemory *memory, Slice raw, gint64 now_sec, Frame *out)
{
  Slice line = _chomp(raw);

  return _split_remembered(memory, line, out) || _split_anew(memory, line, now_sec, out);
}

gboolean
frame_split(Slice raw, gint64 now_sec, Frame *out)
{
  FrameMemory memory;

  memory.len = 0;
  return frame_split_next(&memory, raw, now_sec, out);
}

void
frame_from_syslog(Slice host, Slice program, Slice pid, Stamp stamp, Slice text, Frame *out)
{
  Slice digits = program;
  gint year;

  text = _chomp(text);
  _clear(out, text);
  if (program.len == 4 && frame_take_number(&digits, 4, &year))
    {
      frame_take_char(&text, ' ');
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
