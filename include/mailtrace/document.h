/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DocumentWriter: facts as one JSON document, in one pass, always valid UTF-8 and valid JSON whatever the bytes.
 * Dotted names become nested objects.  The plan of keys is made once; what a writer remembers of documents later on is
 * never changed again, and any number of threads may share it.
 */
#ifndef MAILTRACE_DOCUMENT_H_INCLUDED
#define MAILTRACE_DOCUMENT_H_INCLUDED

#include "mailtrace/facts.h"

typedef enum _DocumentFormat
{
  DF_NATIVE,   /* names of fields.def */
  DF_ECS,      /* Elastic Common Schema, the rest below "mailtrace." */
} DocumentFormat;

/* FALSE for an unknown name; known: "native", "ecs" */
gboolean document_format_by_name(Slice name, DocumentFormat *format);

typedef struct _DocumentWriter DocumentWriter;

DocumentWriter *document_writer_new(DocumentFormat format);
void document_writer_free(DocumentWriter *self);

/* where the nested records of a kind stand in a document, a JSON array; len 0: nowhere */
typedef struct _DocumentPlaces
{
  struct
  {
    gsize at, len;
  } nested[RECORD_KIND_COUNT];
} DocumentPlaces;

/* appends the document, without a line feed */
LAYER_ENTRY void document_write(const DocumentWriter *self, const Facts *facts, GString *out);

/* the same, and says where in out->str the nested records stand, whose names are as in the native document */
void document_write_with_places(const DocumentWriter *self, const Facts *facts, GString *out, DocumentPlaces *places);

/* appends text as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD */
void document_write_string(Slice text, GString *out);

#endif
