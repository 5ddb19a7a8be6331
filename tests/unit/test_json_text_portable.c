/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the same without SSE2: this copy of the functions comes before the library's */
#define JSON_COPY_PORTABLE
#include "../../modules/mailtrace-core/json-text.c"
#include "test_json_text.c"
