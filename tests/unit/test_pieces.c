/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pieces.h"
#include <criterion/criterion.h>

static Pieces *pieces;

static void
_begin(void)
{
  pieces = pieces_new(1);
}

static void
_end(void)
{
  pieces_free(pieces);
}

TestSuite(pieces, .init = _begin, .fini = _end);

static gboolean
_parse(const gchar *text, Piece *piece)
{
  return piece_parse(slice_from_string(text), piece);
}

Test(pieces, a_piece_has_a_number_a_count_and_says_whether_a_line_ends)
{
  Piece piece;

  cr_assert(_parse("[2\\15] P Received: x", &piece));
  cr_expect_eq(piece.number, 2u);
  cr_expect_eq(piece.count, 15u);
  cr_expect(piece.ends_line);
  cr_expect(slice_equals(piece.text, SLICE("P Received: x")));
  cr_assert(_parse("[15/15] ", &piece));
  cr_expect_not(piece.ends_line);
}

Test(pieces, other_brackets_are_no_piece)
{
  Piece piece;
  static const gchar *const others[] = { "[192.0.2.1] F=<>", "[1/2 x", "[0/2] x", "[3/2] x", "[1/99999] x", "[1/513] x", "[/2] x",
    "[1/2]x", "", "[", "[1", "[1/" };

  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    cr_expect_not(_parse(others[i], &piece), "%s", others[i]);
}

/* the text of the record that comes out, "-" for none */
static gchar *
_add(guint32 pid, const gchar *text, gint64 now_usec)
{
  Frame frame = { .program = SLICE("exim"), .pid = pid, .text = slice_from_string(text), .raw = slice_from_string(text) };
  JoinedRecord record;
  Piece piece;

  cr_assert(piece_parse(frame.text, &piece), "%s", text);
  if (!pieces_add(pieces, &frame, &piece, now_usec, &record))
    return g_strdup("-");
  gchar *joined = slice_dup(record.frame.text);
  joined_record_release(&record);
  return joined;
}

static void
_expect(guint32 pid, const gchar *text, const gchar *expected)
{
  gchar *joined = _add(pid, text, 0);

  cr_expect_str_eq(joined, expected, "%s: %s", text, joined);
  g_free(joined);
}

Test(pieces, a_record_cut_at_its_length_is_joined)
{
  _expect(7, "[1/3] 2019-06-10 11:04:40 one ", "-");
  _expect(7, "[2/3] two ", "-");
  _expect(7, "[3/3] three", "one two three");
}

Test(pieces, behind_a_line_feed_nothing_is_kept)
{
  _expect(7, "[1/3] 2019-06-10 11:04:40 one ", "-");
  _expect(7, "[2\\3] two", "-");
  _expect(7, "[3/3] P Received: x", "one two");
}

Test(pieces, pieces_of_processes_interleave_and_come_in_any_order)
{
  _expect(7, "[2/2] two", "-");
  _expect(8, "[1/2] 2019-06-10 11:04:40 ONE ", "-");
  _expect(7, "[1/2] 2019-06-10 11:04:40 one ", "one two");
  _expect(8, "[2/2] TWO", "ONE TWO");
}

Test(pieces, a_repeated_piece_changes_nothing)
{
  _expect(7, "[1/2] 2019-06-10 11:04:40 one ", "-");
  _expect(7, "[1/2] 2019-06-10 11:04:40 one ", "-");
  _expect(7, "[2/2] two", "one two");
}

/* the end of the first record was lost */
Test(pieces, another_record_of_the_process_ends_the_one_before)
{
  _expect(7, "[1/3] 2019-06-10 11:04:40 one ", "-");
  _expect(7, "[1/2] 2019-06-10 11:04:41 next ", "one ");
  _expect(7, "[2/2] record", "next record");
}

Test(pieces, what_never_becomes_whole_comes_out_when_it_is_due)
{
  JoinedRecord record;

  g_free(_add(7, "[1/3] 2019-06-10 11:04:40 one ", 100));
  g_free(_add(7, "[3/3] three", 200));
  cr_expect_not(pieces_take_due(pieces, 99, &record));
  cr_assert(pieces_take_due(pieces, 100, &record));
  cr_expect(slice_equals(record.frame.text, SLICE("one ")));
  cr_expect_eq(record.n_pieces, 2u);
  joined_record_release(&record);
  cr_expect_not(pieces_take_due(pieces, G_MAXINT64, &record));
}

Test(pieces, the_number_of_open_records_is_bounded)
{
  for (guint pid = 1; pid <= PIECES_RECORDS_MAX; pid++)
    _expect(pid, "[1/2] 2019-06-10 11:04:40 first", "-");
  _expect(PIECES_RECORDS_MAX + 1, "[1/2] 2019-06-10 11:04:40 first", "first");
}

Test(pieces, bytes_of_a_record_are_bounded)
{
  gchar *filler = g_strnfill(60000, 'x'), *text = g_strconcat("[1/3] 2019-06-10 11:04:40 ", filler, NULL);
  gchar *more = g_strconcat("[2/3] ", filler, NULL), *joined;

  g_free(_add(7, text, 0));
  g_free(_add(7, more, 0));
  joined = _add(7, "[3/3] end", 0);
  cr_expect_eq(strlen(joined), 60000u);
  g_free(joined);
  g_free(filler);
  g_free(text);
  g_free(more);
}

Test(pieces, without_a_pid_nothing_is_joined)
{
  _expect(0, "[1/2] 2019-06-10 11:04:40 one ", "one ");
  _expect(0, "[1/2] 2019-06-10 11:04:40 ONE ", "ONE ");
  _expect(0, "[2/2] two", "");
}

Test(pieces, a_whole_line_of_the_process_ends_its_record)
{
  Frame frame = { .program = SLICE("exim"), .pid = 7 };
  JoinedRecord record;

  g_free(_add(7, "[1/2] 2019-06-10 11:04:40 one ", 0));
  frame.pid = 8;
  cr_expect_not(pieces_take_of(pieces, &frame, &record));
  frame.pid = 7;
  cr_assert(pieces_take_of(pieces, &frame, &record));
  cr_expect(record.is_cut);
  cr_expect(slice_equals(record.frame.text, SLICE("one ")));
  joined_record_release(&record);
  cr_expect_not(pieces_take_of(pieces, &frame, &record));
}

Test(pieces, a_record_that_ends_at_a_line_feed_says_so)
{
  Frame frame = { .program = SLICE("exim"), .pid = 7, .text = SLICE("[1\\2] 2019-06-10 11:04:40 one") };
  JoinedRecord record;
  Piece piece;

  piece_parse(frame.text, &piece);
  cr_expect_not(pieces_add(pieces, &frame, &piece, 0, &record));
  frame.text = SLICE("[2/2] two");
  piece_parse(frame.text, &piece);
  cr_assert(pieces_add(pieces, &frame, &piece, 0, &record));
  cr_expect(record.ends_at_feed && !record.is_cut);
  joined_record_release(&record);
}
