/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line shapes and golden lines.  A case of a golden file:
 *   # why the case exists
 *   < raw line
 *   = role shape queue-id-or-dash
 *   name = value            every field, in order; escapes decoded
 */
#include "line-shape.h"
#include "mailtrace/queue_id.h"
#include <criterion/criterion.h>

#define NOW_SEC 1574000000

static guint
_program_bit(const LineShape *shape)
{
  return shape->by & BY_EXIM ? BY_EXIM : shape->by & BY_QMGR ? BY_QMGR
         : shape->by & BY_SCANNER ? BY_SCANNER : BY_MASTER;
}

static void
_parse_sample(const LineShape *shape, Frame *frame, Line *line, GString *text)
{
  static const gchar *const parts[] = { "", "", "QMGR[1]: ", "", "SCANNER[1]: ", "", "", "", "MASTER[1]: " };

  g_string_assign(text, parts[_program_bit(shape)]);
  g_string_append(text, shape->sample);
  *frame = (Frame) { .host = SLICE("mx"), .pid = 1 };
  frame->program = shape->by & BY_EXIM ? SLICE("exim") : SLICE("smtpd");
  frame->text = slice_new(text->str, text->len);
  line_parse(frame, line);
}

Test(line, every_sample_selects_its_own_row)
{
  GString *text = g_string_new(NULL);
  const LineShape *shape;
  Frame frame;
  Line line;

  for (guint i = 0; (shape = line_shape_at(i)); i++)
    {
      _parse_sample(shape, &frame, &line, text);
      cr_expect_eq(line.role, shape->role, "%s: role %s", shape->name, line_role_name(line.role));
      cr_expect_str_eq(line.shape ? line.shape : "none", shape->name, "%s", shape->sample);
    }
  g_string_free(text, TRUE);
}

static guint
_count_matches(const Frame *frame, const gchar **names)
{
  const LineShape *shape;
  Slice text;
  guint by = line_writer(frame, &text), n = 0, id = WITHOUT_ID;
  gsize len = queue_id_length(text);
  Line line = { 0 };

  if (len && len < text.len && text.str[len] == ' ')
    {
      text = slice_skip(text, len + 1);
      id = WITH_ID;
    }
  for (guint i = 0; (shape = line_shape_at(i)); i++)
    if ((shape->by & by) && (shape->id & id) && line_shape_match(shape, text, &line))
      names[n < 3 ? n++ : 3] = shape->name;
  return n;
}

Test(line, no_sample_matches_a_second_row)
{
  GString *text = g_string_new(NULL);
  const LineShape *shape;
  const gchar *names[4] = { "", "", "", "" };
  Frame frame;
  Line line;

  for (guint i = 0; (shape = line_shape_at(i)); i++)
    {
      _parse_sample(shape, &frame, &line, text);
      cr_expect_eq(_count_matches(&frame, names), 1, "%s: matches %s, %s", shape->name, names[0], names[1]);
    }
  g_string_free(text, TRUE);
}

Test(line, every_row_ends_with_an_empty_step_and_its_name_is_unique)
{
  const LineShape *shape, *other;

  for (guint i = 0; (shape = line_shape_at(i)); i++)
    {
      cr_expect_null(shape->steps[LINE_STEPS_MAX - 1].scan, "%s", shape->name);
      for (guint j = 0; j < i && (other = line_shape_at(j)); j++)
        cr_expect_str_neq(other->name, shape->name);
    }
}

static void
_append_fields(const Line *line, GString *out)
{
  for (guint i = 0; i < line->n_fields; i++)
    {
      gchar *buf = g_malloc(line_field_decoded_max(&line->fields[i]) + 1);
      Slice value = line_field_decode(&line->fields[i], buf);

      g_string_append_printf(out, "%s = %.*s\n", field_texts(line->fields[i].id)->name, (int) value.len, value.str);
      g_free(buf);
    }
}

static void
_describe(const gchar *raw, GString *out)
{
  const gchar *names[4] = { "", "", "", "" };
  Frame frame;
  Line line;

  cr_assert(frame_split(slice_from_string(raw), NOW_SEC, &frame), "%s", raw);
  line_parse(&frame, &line);
  cr_expect_leq(_count_matches(&frame, names), 1, "%s: matches %s, %s", raw, names[0], names[1]);
  g_string_append_printf(out, "= %s %s %.*s\n", line_role_name(line.role), line.shape ? line.shape : "-",
                         line.queue_id.len ? (int) line.queue_id.len : 1, line.queue_id.len ? line.queue_id.str : "-");
  _append_fields(&line, out);
}

/* the lines of a case behind "< ", up to an empty line */
static gchar **
_read_expected(gchar **line, GString *out)
{
  for (line++; *line && **line; line++)
    g_string_append_printf(out, "%s\n", *line);
  return line;
}

static guint
_check_file(const gchar *path)
{
  GString *found = g_string_new(NULL), *expected = g_string_new(NULL);
  gchar *contents = NULL;
  guint n = 0;

  cr_assert(g_file_get_contents(path, &contents, NULL, NULL), "%s", path);
  gchar **lines = g_strsplit(contents, "\n", -1);
  for (gchar **line = lines; *line; line++)
    if (g_str_has_prefix(*line, "< "))
      {
        g_string_truncate(found, 0);
        g_string_truncate(expected, 0);
        _describe(*line + 2, found);
        const gchar *raw = *line;
        line = _read_expected(line, expected);
        cr_expect_str_eq(found->str, expected->str, "%s", raw);
        n++;
        if (!*line)
          break;
      }
  g_strfreev(lines);
  g_free(contents);
  g_string_free(found, TRUE);
  g_string_free(expected, TRUE);
  return n;
}

Test(line, golden_lines_give_their_fields)
{
  GDir *dir = g_dir_open(GOLDEN_DIR, 0, NULL);
  const gchar *name;
  guint n = 0;

  cr_assert_not_null(dir);
  while ((name = g_dir_read_name(dir)))
    {
      gchar *path = g_build_filename(GOLDEN_DIR, name, NULL);
      if (g_str_has_suffix(name, ".golden"))
        n += _check_file(path);
      g_free(path);
    }
  g_dir_close(dir);
  cr_assert_geq(n, 40u);
}

#define GOLDEN_STAMP "2026-11-24 17:36:45 "

static const gchar *const exim_frames[] =
{
  GOLDEN_STAMP "[77] ", "2026-11-24 17:36:45.123 ", "2026-11-24 17:36:45 +0100 ", "2026-11-24 17:36:45.123 -0330 [77] ",
  "<22>Nov 24 15:05:07 host exim[6188]: ", "Nov 24 15:05:07 host exim: ", "Nov 24 15:05:07 host exim4[6188]: " GOLDEN_STAMP,
  "2026-11-24T15:05:07.812+00:00 host exim[1]: [1] ", "2024-03-24T02:04:32.263+00:00 info exim[8001]: ",
  "2026:11:24-17:36:45 defense exim-in[9103]: " GOLDEN_STAMP, "<22>2026:11:24-17:36:45 exim-out[9103]: " GOLDEN_STAMP,
  "Nov 24 00:01:01 192.168.10.1 2026: 11:24-17:36:45 defense exim-out[9103]: " GOLDEN_STAMP,
  "<22>1 2026-11-24T15:05:07.812+00:00 host exim 77 - - "
};

/* raw is a line of a bare main log without a pid */
static void
_check_frames_of(const gchar *raw)
{
  GString *plain = g_string_new(NULL), *framed = g_string_new(NULL);

  _describe(raw, plain);
  for (guint i = 0; i < G_N_ELEMENTS(exim_frames); i++)
    {
      gchar *line = g_strconcat(exim_frames[i], raw + strlen(GOLDEN_STAMP), NULL);

      g_string_truncate(framed, 0);
      _describe(line, framed);
      cr_expect_str_eq(framed->str, plain->str, "%s", line);
      g_free(line);
    }
  g_string_free(plain, TRUE);
  g_string_free(framed, TRUE);
}

Test(line, golden_lines_say_the_same_in_every_frame)
{
  GDir *dir = g_dir_open(GOLDEN_DIR, 0, NULL);
  const gchar *name;
  gchar *contents;
  guint n = 0;

  while ((name = g_dir_read_name(dir)))
    {
      if (!g_str_has_suffix(name, ".golden"))
        continue;
      gchar *path = g_build_filename(GOLDEN_DIR, name, NULL);
      cr_assert(g_file_get_contents(path, &contents, NULL, NULL));
      gchar **lines = g_strsplit(contents, "\n", -1);
      for (gchar **line = lines; *line; line++)
        if (g_str_has_prefix(*line, "< " GOLDEN_STAMP) && (*line)[2 + strlen(GOLDEN_STAMP)] != '[' && ++n)
          _check_frames_of(*line + 2);
      g_strfreev(lines);
      g_free(contents);
      g_free(path);
    }
  g_dir_close(dir);
  cr_assert_geq(n, 300u);
}

static gboolean
_has_golden_line(const gchar *goldens, const gchar *shape)
{
  gchar *row = g_strdup_printf(" %s ", shape);
  gboolean found = FALSE;

  for (const gchar *at = goldens; at && !found; at = strchr(at + 1, '\n'))
    if (g_str_has_prefix(at, "\n= "))
      {
        const gchar *end = strchr(at + 1, '\n');
        gchar *line = g_strndup(at, end ? (gsize) (end - at) : strlen(at));
        found = strstr(line, row) != NULL;
        g_free(line);
      }
  g_free(row);
  return found;
}

Test(line, every_row_has_a_golden_line)
{
  GString *goldens = g_string_new(NULL);
  GDir *dir = g_dir_open(GOLDEN_DIR, 0, NULL);
  const LineShape *shape;
  const gchar *name;
  gchar *contents;

  while ((name = g_dir_read_name(dir)))
    {
      gchar *path = g_build_filename(GOLDEN_DIR, name, NULL);
      if (g_str_has_suffix(name, ".golden") && g_file_get_contents(path, &contents, NULL, NULL))
        {
          g_string_append(goldens, contents);
          g_free(contents);
        }
      g_free(path);
    }
  g_dir_close(dir);
  for (guint i = 0; (shape = line_shape_at(i)); i++)
    cr_expect(_has_golden_line(goldens->str, shape->name), "%s", shape->name);
  g_string_free(goldens, TRUE);
}

Test(line, unknown_text_keeps_its_queue_id_and_sets_no_field)
{
  Frame frame = { .program = SLICE("exim"), .text = SLICE("1haLqi-0002Mp-2G == what nobody has seen"), .has_header = TRUE };
  Line line;

  line_parse(&frame, &line);
  cr_expect_eq(line.role, LR_UNKNOWN);
  cr_expect_eq(line.queue_id.len, 16u);
  cr_expect_eq(line.n_fields, 0u);
}

Test(line, text_that_begins_as_no_row_does_is_a_remark)
{
  Frame frame = { .program = SLICE("exim"), .text = SLICE("1haLqi-0002Mp-2G what nobody has seen"), .has_header = TRUE };
  Line line;

  line_parse(&frame, &line);
  cr_expect_eq(line.role, LR_REMARK);
  cr_expect(slice_equals(line_get(&line, F_WARNINGS), SLICE("what nobody has seen")));
  frame.has_header = FALSE;
  line_parse(&frame, &line);
  cr_expect_eq(line.role, LR_UNKNOWN);
}

Test(line, another_daemon_is_not_ours)
{
  Frame frame = { .program = SLICE("eximstats"), .text = SLICE("1haLqi-0002Mp-2G Completed") };
  Line line;

  line_parse(&frame, &line);
  cr_expect_eq(line.role, LR_NOT_OURS);
}

Test(line, more_recipients_than_fields_stay_in_a_list)
{
  GString *text = g_string_new("1haLqi-0002Mp-2G <= a@b.test U=x P=local S=1 for");
  Frame frame = { .program = SLICE("exim") };
  Line line;

  for (guint i = 0; i < 500; i++)
    g_string_append_printf(text, " r%u@c.test", i);
  frame.text = slice_new(text->str, text->len);
  line_parse(&frame, &line);
  cr_expect_eq(line.role, LR_ARRIVAL);
  cr_expect_eq(line.n_fields, LINE_FIELDS_MAX);
  cr_expect(slice_ends_with(line.more_recipients, SLICE("r499@c.test")));
  g_string_free(text, TRUE);
}

/* the reject log holds headers behind a refusal: they have no stamp */
Test(line, folded_header_that_imitates_a_refusal_is_none)
{
  Slice text = SLICE(" DSH=mx.b.test [198.51.100.66] rejected RCPT <c@d.test>: x");
  Frame frame = { .text = text };
  Line line;

  line_parse(&frame, &line);
  cr_expect_eq(line.role, LR_CONTINUATION, "%s", line_role_name(line.role));
  frame.has_header = TRUE;
  line_parse(&frame, &line);
  cr_expect_eq(line.role, LR_REFUSAL, "%s", line_role_name(line.role));
}
