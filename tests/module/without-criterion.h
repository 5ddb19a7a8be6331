/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Criterion does not run under the thread sanitizer: enough of it for one program that calls its tests itself */
#ifndef MAILTRACE_WITHOUT_CRITERION_H_INCLUDED
#define MAILTRACE_WITHOUT_CRITERION_H_INCLUDED

#include <glib.h>

#define cr_assert(condition, ...) g_assert_true(condition)
#define cr_expect_eq(a, b) g_assert_true((a) == (b))
#define cr_expect_gt(a, b) g_assert_true((a) > (b))
#define TestSuite(suite, ...) typedef void suite##_test(void)
#define Test(suite, name) static void name(void)

#endif
