/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * " NAME=value" fields.  The same letter means different things on different kinds of lines, so each kind has its own
 * table.  A name that no table knows is skipped with its value: patches and newer releases add names.
 */
#ifndef MAILTRACE_SCAN_LETTERS_H_INCLUDED
#define MAILTRACE_SCAN_LETTERS_H_INCLUDED

#include "scan.h"

typedef enum _LetterForm
{
  FORM_WORD,       /* up to the next blank */
  FORM_SKIP,       /* a word or "quoted", of no interest */
  FORM_FLAG,       /* the bare name; its constant becomes the field */
  FORM_QUOTED,     /* "..." with backslash escapes, or a bare word */
  FORM_NAME,       /* a distinguished name: "..." whose inner quotes the log does not escape */
  FORM_FREE,       /* may hold blanks: ends before the next name of the same table, or as its constant says */
  FORM_MESSAGE_ID, /* a word in which quotes may hold blanks */
  FORM_ANGLE,      /* <address> */
  FORM_PEER,
  FORM_NEXT_HOP,   /* name [ip]:port* */
  FORM_ADDRESS,    /* [ip]:port, or a bare address */
  FORM_CIPHER,     /* version:cipher:bits[:group][*] */
  FORM_AUTH,       /* driver:id */
  FORM_YES_NO,
  FORM_PARENT,     /* a queue id: the line's cause */
  FORM_DKIM,       /* the domain of a signature that verified */
  FORM_REPLY,      /* "250 ..." */
  FORM_LIST,       /* the rest of the line, blank separated */
  FORM_STOP,       /* no field: the words of the line begin */
} LetterForm;

typedef struct _Letter
{
  Slice name;          /* with "=" unless FORM_FLAG */
  LetterForm form;
  gboolean is_single;  /* one byte and "=" */
  FieldId field, second;
  Slice constant;
  /* FORM_FREE, FORM_AUTH, FORM_NAME: names that may follow, TEXTS_END behind the last; of the first two the last one
   * always does, of FORM_NAME it does not twice */
  const Slice *behind;
} Letter;

/* the fields of FORM_CIPHER, which holds more than two values */
typedef struct _CipherFields
{
  FieldId version, cipher, bits, group, resumed, iana, forward_secrecy, aead;
} CipherFields;

typedef struct _LetterTable
{
  /* by the first byte of the name: those that begin so, one of two bytes in front, LETTERS_END behind the last */
  const Letter *const *by_first;
  const CipherFields *cipher;
  ScanRest follows;             /* what stands behind FORM_PEER */
  gboolean colon_ends_free;     /* ": " ends FORM_FREE */
} LetterTable;

#define IS_SINGLE(name, form) (sizeof(name) == 3 && (form) != FORM_FLAG)
#define LETTERS_END { NO_TEXT, FORM_SKIP, FALSE, NO_FIELD, NO_FIELD, NO_TEXT, NULL }
#define LETTERS(...) (const Letter[]) { __VA_ARGS__, LETTERS_END }
#define LETTER(name, form, field) { TEXT(name), form, IS_SINGLE(name, form), field, NO_FIELD, NO_TEXT, NULL }
#define LETTER_PAIR(name, form, field, second) { TEXT(name), form, IS_SINGLE(name, form), field, second, NO_TEXT, NULL }
#define LETTER_BEFORE(name, form, field, behind) \
  { TEXT(name), form, IS_SINGLE(name, form), field, NO_FIELD, NO_TEXT, behind }
#define FLAG(name, field, word) { TEXT(name), FORM_FLAG, IS_SINGLE(name, FORM_FLAG), field, NO_FIELD, TEXT(word), NULL }
#define SKIP_FLAG(name) LETTER(name, FORM_FLAG, NO_FIELD)
#define STOP(name) LETTER(name, FORM_STOP, NO_FIELD)

/* fields = *( SP name value ); stops before the first thing that is none */
void scan_letters(Scan *self, const LetterTable *table);

/* scan-unquoted.c: final [SP "(" parents ")"] SP "<" original ">", the final one without the quotes of the original one */
typedef struct _UnquotedAddress
{
  Slice final, parents, original;
  gsize len;   /* of all of it */
} UnquotedAddress;

typedef enum _UnquotedReading
{
  UNQUOTED_NONE,
  UNQUOTED_FOUND,
  UNQUOTED_UNSURE,   /* a next hop may have written it, or a sender */
} UnquotedReading;

/* delivered: no deferral, no failure */
UnquotedReading scan_unquoted_address(Slice text, gboolean delivered, UnquotedAddress *out);

/* three digits of an SMTP reply, a blank, a hyphen or nothing behind them */
gboolean scan_is_reply_code(Slice text);

#endif
