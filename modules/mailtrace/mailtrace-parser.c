/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace-parser.h"
#include "mailtrace-grammar.h"

extern int mailtrace_debug;

int mailtrace_parse(CfgLexer *lexer, LogParser **instance, gpointer arg);

static gint
_parse(CfgLexer *lexer, gpointer *instance, gpointer arg)
{
  return mailtrace_parse(lexer, (LogParser **) instance, arg);
}

static void
_cleanup(gpointer parser)
{
  log_pipe_unref(parser);
}

static CfgLexerKeyword mailtrace_keywords[] =
{
  { "mailtrace", KW_MAILTRACE },
  { "prefix", KW_MAILTRACE_PREFIX },
  { "emit", KW_MAILTRACE_EMIT },
  { "fields", KW_MAILTRACE_FIELDS },
  { "lines", KW_MAILTRACE_LINES },
  { "json", KW_MAILTRACE_JSON },
  { "timeout", KW_MAILTRACE_TIMEOUT },
  { "interim_after", KW_MAILTRACE_INTERIM_AFTER },
  { "settle_time", KW_MAILTRACE_SETTLE_TIME },
  { "max_messages", KW_MAILTRACE_MAX_MESSAGES },
  { "max_recipients", KW_MAILTRACE_MAX_RECIPIENTS },
  { "max_message_bytes", KW_MAILTRACE_MAX_MESSAGE_BYTES },
  { "local_domains", KW_MAILTRACE_LOCAL_DOMAINS },
  { "anonymize", KW_MAILTRACE_ANONYMIZE },
  { "anonymize_key", KW_MAILTRACE_ANONYMIZE_KEY },
  { "omit", KW_MAILTRACE_OMIT },
  { "raw", KW_MAILTRACE_RAW },
  { "time_zone", KW_MAILTRACE_TIME_ZONE },
  { "tls_policy", KW_MAILTRACE_TLS_POLICY },
  { "host_alias", KW_MAILTRACE_HOST_ALIAS },
  { "journal", KW_MAILTRACE_JOURNAL },
  { "journal_sync", KW_MAILTRACE_JOURNAL_SYNC },
  { NULL }
};

CfgParser mailtrace_parser =
{
#if SYSLOG_NG_ENABLE_DEBUG
  .debug_flag = &mailtrace_debug,
#endif
  .name = "mailtrace",
  .keywords = mailtrace_keywords,
  .parse = _parse,
  .cleanup = _cleanup,
};

CFG_PARSER_IMPLEMENT_LEXER_BINDING(mailtrace_, MAILTRACE_, LogParser **)
