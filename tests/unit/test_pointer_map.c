/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pointer-map.h"

#include <criterion/criterion.h>

#define VALUES 5000

static gint values[VALUES];

/* many keys share their slots, and some of them are equal */
static guint64
_key(guint i)
{
  guint64 high = i % 7 ? (guint64) i * 0x9e3779b97f4a7c15 : (guint64) (i % 49) << 60;

  return high;
}

static gboolean
_has(const PointerMap *map, guint i)
{
  guint32 at = pointer_map_start(map, _key(i));
  gpointer value;

  while ((value = pointer_map_next(map, _key(i), &at)))
    if (value == &values[i])
      return TRUE;
  return FALSE;
}

static guint
_count(const PointerMap *map)
{
  guint32 cursor = 0, n = 0;

  while (pointer_map_each(map, &cursor))
    n++;
  return n;
}

Test(pointer_map, empty_one_holds_nothing)
{
  PointerMap map = { NULL };
  guint32 cursor = 0;

  cr_assert_null(pointer_map_get(&map, 0));
  cr_assert_null(pointer_map_each(&map, &cursor));
  cr_assert_not(pointer_map_remove(&map, 0, &values[0]));
  pointer_map_release(&map);
}

Test(pointer_map, every_value_is_found_until_it_is_removed)
{
  PointerMap map = { NULL };

  for (guint i = 0; i < VALUES; i++)
    pointer_map_add(&map, _key(i), &values[i]);
  cr_assert_eq(_count(&map), VALUES);
  for (guint step = 0; step < VALUES; step++)
    {
      guint i = step * 1237 % VALUES;

      cr_assert(_has(&map, i));
      cr_assert(pointer_map_remove(&map, _key(i), &values[i]));
      cr_assert_not(pointer_map_remove(&map, _key(i), &values[i]));
      cr_assert_not(_has(&map, i));
      if (step % 500)
        continue;
      for (guint left = step + 1; left < VALUES; left++)
        cr_assert(_has(&map, left * 1237 % VALUES));
      cr_assert_eq(_count(&map), VALUES - step - 1);
    }
  pointer_map_release(&map);
}

Test(pointer_map, key_that_has_a_value_gets_no_other_one)
{
  PointerMap map = { NULL };

  for (guint i = 1; i < 700; i += 7)
    {
      cr_assert_eq(pointer_map_get_or_add(&map, _key(i), &values[i]), &values[i]);
      cr_assert_eq(pointer_map_get_or_add(&map, _key(i), &values[0]), &values[i]);
    }
  cr_assert_eq(map.used, 100);
  for (guint i = 1; i < 700; i += 7)
    cr_assert_eq(pointer_map_get(&map, _key(i)), &values[i]);
  pointer_map_release(&map);
}

Test(pointer_map, key_of_several_values)
{
  PointerMap map = { NULL };
  guint32 at;

  pointer_map_add(&map, 7, &values[0]);
  pointer_map_add(&map, 7, &values[1]);
  pointer_map_add(&map, 8, &values[2]);
  at = pointer_map_start(&map, 7);
  cr_assert_eq(pointer_map_next(&map, 7, &at), &values[0]);
  cr_assert_eq(pointer_map_next(&map, 7, &at), &values[1]);
  cr_assert_null(pointer_map_next(&map, 7, &at));
  cr_assert(pointer_map_remove(&map, 7, &values[0]));
  cr_assert_eq(pointer_map_get(&map, 7), &values[1]);
  cr_assert_eq(pointer_map_get(&map, 8), &values[2]);
  pointer_map_release(&map);
}

/* a flood leaves no memory behind */
Test(pointer_map, shrinks)
{
  PointerMap map = { NULL };

  for (guint i = 0; i < VALUES; i++)
    pointer_map_add(&map, _key(i), &values[i]);
  cr_assert_geq(map.mask, (guint32) VALUES);
  for (guint i = 0; i < VALUES; i++)
    pointer_map_remove(&map, _key(i), &values[i]);
  cr_assert_lt(map.mask, 64u);
  cr_assert_eq(map.used, 0u);
  pointer_map_release(&map);
}
