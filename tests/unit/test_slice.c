/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace/slice.h"
#include "guard-page.h"
#include <criterion/criterion.h>

Test(slice, integers_are_digits_only_and_do_not_wrap)
{
  gint64 value = -7;

  cr_expect(slice_to_int(SLICE("9223372036854775807"), &value) && value == G_MAXINT64);
  value = -7;
  cr_expect_not(slice_to_int(SLICE("9223372036854775808"), &value));
  cr_expect_not(slice_to_int(SLICE("99999999999999999999"), &value));
  cr_expect_not(slice_to_int(SLICE(""), &value));
  cr_expect_not(slice_to_int(SLICE("12x"), &value));
  cr_expect_not(slice_to_int(SLICE("-1"), &value));
  cr_expect_eq(value, -7);
}

Test(slice, searching_stays_inside)
{
  Slice text = slice_new("abcabcX", 6);

  cr_expect_eq(slice_find(text, SLICE("cab")), 2);
  cr_expect_eq(slice_find(text, SLICE("X")), -1);
  cr_expect_eq(slice_find_char(text, 'X'), -1);
  cr_expect_eq(slice_find_last_char(text, 'a'), 3);
  cr_expect_eq(slice_skip(text, 99).len, 0u);
  cr_expect_eq(slice_find(SLICE_NONE, SLICE("a")), -1);
}

static gssize
_first_pair(Slice text, gchar a, gchar b)
{
  for (gsize i = 0; i + 1 < text.len; i++)
    if (text.str[i] == ' ' && (text.str[i + 1] == a || text.str[i + 1] == b))
      return (gssize) i;
  return -1;
}

Test(slice, pairs_are_found_in_each_place_and_nothing_behind_is_read)
{
  gchar bytes[70];
  GuardPage guard;

  guard_page_init(&guard, sizeof(bytes));
  for (gsize len = 0; len <= sizeof(bytes); len++)
    for (gsize at = 0; at <= len; at++)
      {
        memset(bytes, ' ', sizeof(bytes));
        if (at < len)
          bytes[at] = at % 2 ? 'i' : 'q';
        Slice text = guard_page_put(&guard, slice_new(bytes, len));
        cr_assert_eq(slice_find_pair(text, ' ', 'i', 'q'), _first_pair(text, 'i', 'q'));
        cr_assert_eq(slice_find_pair(text, ' ', 'i', 'i'), _first_pair(text, 'i', 'i'));
        cr_assert_eq(slice_find_rare(text, ' ', 'i'), _first_pair(text, 'i', 'i'));
        cr_assert_eq(slice_find_rare(text, 'q', ' '), at % 2 || at + 1 >= len ? -1 : (gssize) at);
      }
  guard_page_release(&guard);
}

Test(slice, milliseconds_are_decimals_like_others)
{
  static const gchar *const texts[] = { "0.273s", "0.273", "1234.567", "0.00", "12s", "1.5s" };
  static const gint64 millionths[] = { 273000, 273000, 1234567000, 0, 12000000, 1500000 };
  gint64 value;

  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    cr_expect(slice_to_decimal(slice_from_string(texts[i]), &value) && value == millionths[i], "%s", texts[i]);
  value = 7;
  cr_expect_not(slice_to_decimal(SLICE(".123s"), &value));
  cr_expect_not(slice_to_decimal(SLICE("1.2.345"), &value));
  cr_expect_not(slice_to_decimal(SLICE("1x.345"), &value));
  cr_expect_not(slice_to_decimal(SLICE("1.345x"), &value));
  cr_expect_eq(value, 7);
}

Test(slice, the_seed_changes_the_hash)
{
  cr_expect_neq(slice_hash(SLICE("alice@example.test"), 1), slice_hash(SLICE("alice@example.test"), 2));
  cr_expect_neq(slice_hash(SLICE("a"), 1), slice_hash(SLICE("a\0"), 1));
}

Test(slice, comparing_an_empty_slice_reads_nothing)
{
  cr_expect(slice_equals(SLICE_NONE, SLICE("")));
  cr_expect(slice_starts_with(SLICE("a"), SLICE_NONE));
  cr_expect(slice_ends_with(SLICE_NONE, SLICE("")));
  cr_expect_not(slice_starts_with(SLICE("ab"), SLICE("abc")));
  cr_expect_not(slice_ends_with(SLICE("bc"), SLICE("abc")));
  cr_expect_eq(slice_skip(SLICE_NONE, 1).str, NULL);
  cr_expect_eq(slice_find(SLICE("a"), SLICE("")), 0);
}

Test(slice, nul_bytes_are_bytes)
{
  Slice text = SLICE("a\0b\0c");

  cr_expect_eq(slice_find(text, SLICE("\0c")), 3);
  cr_expect_eq(slice_find_char(text, '\0'), 1);
  cr_expect_not(slice_equals(text, SLICE("a")));
}

Test(slice, every_length_hashes_to_something_else_and_reads_no_byte_behind)
{
  gchar bytes[300] = { 0 };
  guint64 seen[G_N_ELEMENTS(bytes)];
  GuardPage guard;

  guard_page_init(&guard, sizeof(bytes));
  for (gsize len = 0; len < G_N_ELEMENTS(bytes); len++)
    {
      seen[len] = slice_hash(guard_page_put(&guard, slice_new(bytes, len)), 7);
      for (gsize i = 0; i < len; i++)
        cr_expect_neq(seen[i], seen[len], "%zu zeros and %zu", i, len);
    }
  guard_page_release(&guard);
}

/* a multiply-and-shift mix fails this: a flipped top bit comes out of it in the same two places under every seed */
Test(slice, no_pair_of_texts_collides_under_every_seed)
{
  const guint64 top = G_GUINT64_CONSTANT(1) << 63;
  guint64 text[2] = { 1, 2 };

  for (gint first = 0; first < 64; first++)
    for (gint second = 0; second < 64; second++)
      {
        guint64 other[2] = { text[0] ^ top >> first, text[1] ^ top ^ (G_GUINT64_CONSTANT(1) << second) };

        for (guint64 seed = 1; seed < 4; seed++)
          cr_expect_neq(slice_hash(slice_new((const gchar *) text, 16), seed),
                        slice_hash(slice_new((const gchar *) other, 16), seed), "bits %d %d", first, second);
      }
}

/* documents' ids are made of it */
Test(slice, a_fingerprint_never_changes)
{
  cr_expect_eq(slice_fingerprint(SLICE("")), G_GUINT64_CONSTANT(0xd1fba762150c532c));
  cr_expect_eq(slice_fingerprint(SLICE("alice@example.test, bob")), G_GUINT64_CONSTANT(0x1d733a31455cc702));
}

Test(slice, each_input_bit_changes_about_half_of_the_hash)
{
  gchar text[] = "alice@example.test, bob@example.test";
  guint64 plain = slice_hash(slice_from_string(text), 1);

  for (gsize bit = 0; bit < 8 * strlen(text); bit++)
    {
      gsize len = strlen(text);
      gint changed;

      text[bit / 8] ^= (gchar) (1 << bit % 8);
      changed = __builtin_popcountll(plain ^ slice_hash(slice_new(text, len), 1));
      text[bit / 8] ^= (gchar) (1 << bit % 8);
      cr_expect(changed >= 12 && changed <= 52, "bit %zu changed %d", bit, changed);
    }
}

Test(slice, a_copy_ends_with_nul)
{
  gchar *copy = slice_dup(slice_new("abcX", 3)), *none = slice_dup(SLICE_NONE);

  cr_expect_str_eq(copy, "abc");
  cr_expect_str_eq(none, "");
  g_free(copy);
  g_free(none);
}
