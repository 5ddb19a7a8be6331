/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * set-values(COUNT LENGTH): a parser that does nothing but set COUNT values of LENGTH bytes, cut from the message, each
 * by a handle registered once.  What that costs is what any parser with so many fields costs at least.
 */
#include "compat.h"
#include "cfg-grammar.h"
#include "cfg-parser.h"
#include "plugin.h"
#include "plugin-types.h"

#include <gmodule.h>

#define VALUES_MAX 64

typedef struct _SetValues
{
  LogParser super;
  guint count;
  gsize length;
  NVHandle handles[VALUES_MAX];
} SetValues;

static gboolean
_process(LogParser *s, LogMessage **pmsg, const LogPathOptions *path_options, const gchar *input, gsize input_len)
{
  SetValues *self = (SetValues *) s;
  LogMessage *msg = log_msg_make_writable(pmsg, path_options);
  gsize length = MIN(self->length, input_len), range = input_len - length + 1;

  for (guint i = 0; i < self->count; i++)
    log_msg_set_value_with_type(msg, self->handles[i], input + 7 * i % range, (gssize) length, LM_VT_STRING);
  return TRUE;
}

static LogPipe *_clone(LogPipe *s);

static LogParser *
_new(GlobalConfig *cfg, guint count, gsize length)
{
  SetValues *self = g_new0(SetValues, 1);

  log_parser_init_instance(&self->super, cfg);
  self->super.process = _process;
  self->super.super.clone = _clone;
  self->count = MIN(count, VALUES_MAX);
  self->length = length;
  for (guint i = 0; i < self->count; i++)
    {
      gchar name[32];
      g_snprintf(name, sizeof(name), "mailtrace.value.nr%02u", i);
      self->handles[i] = log_msg_get_value_handle(name);
    }
  return &self->super;
}

static LogPipe *
_clone(LogPipe *s)
{
  const SetValues *self = (const SetValues *) s;

  return &_new(s->cfg, self->count, self->length)->super;
}

static gint
_parse(CfgLexer *lexer, gpointer *instance, gpointer arg)
{
  gint64 numbers[2] = { 0, 0 };
  guint n = 0;
  CFG_STYPE value;
  CFG_LTYPE place;
  gint token;

  do
    {
      token = cfg_lexer_lex(lexer, &value, &place);
      if (token == LL_NUMBER && n < G_N_ELEMENTS(numbers))
        numbers[n++] = value.num;
      cfg_lexer_free_token(&value);
    }
  while (token && token != ')');
  *instance = _new(configuration, (guint) numbers[0], (gsize) numbers[1]);
  return token ? 0 : 1;
}

static void
_cleanup(gpointer parser)
{
  log_pipe_unref(parser);
}

static CfgLexerKeyword keywords[] = { { NULL } };
static CfgParser set_values_parser = { .name = "set-values", .keywords = keywords, .parse = _parse, .cleanup = _cleanup };
static Plugin plugins[] = { { .type = LL_CONTEXT_PARSER, .name = "set-values", .parser = &set_values_parser } };

G_MODULE_EXPORT gboolean
set_values_module_init(PluginContext *context, CfgArgs *args)
{
  plugin_register(context, plugins, G_N_ELEMENTS(plugins));
  return TRUE;
}

G_MODULE_EXPORT const ModuleInfo module_info =
{
  .canonical_name = "set-values",
  .version = "1",
  .description = "sets values, to be measured",
  .core_revision = SYSLOG_NG_SOURCE_REVISION,
  .plugins = plugins,
  .plugins_len = G_N_ELEMENTS(plugins),
};
