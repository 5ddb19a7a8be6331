/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyed-hash.h"

#include <criterion/criterion.h>

#include "guard-page.h"

#define TEXT_MAX 1600

static gint
_compare(gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

static void
_assert_all_differ(GArray *hashes)
{
  g_array_sort(hashes, _compare);
  for (guint i = 1; i < hashes->len; i++)
    cr_assert_neq(g_array_index(hashes, guint64, i - 1), g_array_index(hashes, guint64, i));
  g_array_free(hashes, TRUE);
}

static void
_add(GArray *hashes, guint64 hash)
{
  g_array_append_val(hashes, hash);
}

/* each byte counts, wherever it stands, and so does the length */
Test(keyed_hash, every_byte_of_a_text_counts)
{
  static const gsize lengths[] = { 0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 150, 511, 512, 513, 527, 528, 1024, 1500 };
  GArray *hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
  gchar text[TEXT_MAX] = { 0 };
  HashKey key;

  hash_key_init(&key, 17);
  for (guint i = 0; i < G_N_ELEMENTS(lengths); i++)
    {
      _add(hashes, hash_text(&key, slice_new(text, lengths[i]), 0));
      _add(hashes, hash_text(&key, slice_new(text, lengths[i]), 1));
      for (gsize at = 0; at < lengths[i]; at++)
        {
          text[at] = 1;
          _add(hashes, hash_text(&key, slice_new(text, lengths[i]), 0));
          text[at] = 0;
        }
    }
  _assert_all_differ(hashes);
}

Test(keyed_hash, short_texts_are_packed_as_they_lie_in_memory)
{
  guint64 words[3], expected[3];
  GuardPage page;

  guard_page_init(&page, 16);
  for (gsize len = 0; len < 16; len++)
    {
      memset(expected, 0, sizeof(expected));
      memcpy(expected, "abcdefghijklmno", len);
      hash_pack(guard_page_put(&page, slice_new("abcdefghijklmno", len)), words);
      cr_assert_arr_eq(words, expected, sizeof(words));
    }
  guard_page_release(&page);
}

Test(keyed_hash, nothing_behind_the_text_is_read)
{
  gchar text[TEXT_MAX] = { 1, 2, 3 };
  GuardPage page;
  HashKey key;

  guard_page_init(&page, TEXT_MAX);
  hash_key_init(&key, 1);
  for (gsize len = 0; len < 600; len++)
    {
      Slice guarded = guard_page_put(&page, slice_new(text, len));

      cr_assert_eq(hash_text(&key, guarded, 3), hash_text(&key, slice_new(text, len), 3));
    }
  guard_page_release(&page);
}

/* small numbers, as of processes: top and bottom bits of their hashes differ as those of random numbers would */
Test(keyed_hash, all_bits_of_words_are_mixed)
{
  guint top[256] = { 0 }, bottom[256] = { 0 };
  HashKey key;

  hash_key_init(&key, 5);
  for (guint64 i = 0; i < 65536; i++)
    {
      guint64 hash = hash_words(&key, (guint64[]) { i, 7 }, 2);
      top[hash >> 56]++;
      bottom[hash & 255]++;
    }
  for (guint i = 0; i < 256; i++)
    {
      cr_assert(top[i] > 64 && top[i] < 1024, "%u", top[i]);
      cr_assert(bottom[i] > 64 && bottom[i] < 1024, "%u", bottom[i]);
    }
}

Test(keyed_hash, no_text_is_an_empty_one)
{
  HashKey key;

  hash_key_init(&key, 9);
  cr_assert_eq(hash_text(&key, SLICE_NONE, 1), hash_text(&key, SLICE(""), 1));
  cr_assert_eq(hash_said(&key, SLICE_NONE, SLICE_NONE, 1, 2), hash_said(&key, SLICE(""), SLICE(""), 1, 2));
}

Test(keyed_hash, key_decides)
{
  HashKey a, b;

  hash_key_init(&a, 1);
  hash_key_init(&b, 2);
  cr_assert_neq(hash_text(&a, SLICE("text"), 0), hash_text(&b, SLICE("text"), 0));
  hash_key_init(&b, 1);
  cr_assert_eq(hash_text(&a, SLICE("text"), 0), hash_text(&b, SLICE("text"), 0));
}

Test(keyed_hash, texts_of_an_id_are_packed_without_loss)
{
  GArray *hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
  gchar text[] = "1haLqi-0002Mp-2G4567890";
  guint64 words[3];
  HashKey key;

  hash_key_init(&key, 3);
  for (guint len = 1; len < sizeof(text); len++)
    for (guint at = 0; at < len; at++)
      {
        text[at] ^= 1;
        hash_pack(slice_new(text, len), words);
        _add(hashes, hash_words(&key, (guint64[]) { words[0], words[1], words[2], len }, 4));
        text[at] ^= 1;
      }
  _assert_all_differ(hashes);
}

Test(keyed_hash, who_said_a_text_when_counts)
{
  static const gchar by[] = "exim-in-with-a-very-long-name";
  GArray *hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
  HashKey key;

  hash_key_init(&key, 8);
  for (gsize len = 0; len < sizeof(by); len++)
    _add(hashes, hash_said(&key, SLICE("text"), slice_new(by, len), 0, 0));
  _add(hashes, hash_said(&key, SLICE("text"), SLICE(""), 1, 0));
  _add(hashes, hash_said(&key, SLICE("text"), SLICE(""), 0, 1));
  _add(hashes, hash_said(&key, SLICE("texT"), SLICE(""), 0, 0));
  _add(hashes, hash_said(&key, SLICE(""), SLICE("text"), 0, 0));
  _assert_all_differ(hashes);
}
