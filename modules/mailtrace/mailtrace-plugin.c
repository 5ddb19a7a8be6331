/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailtrace.h"
#include "cfg-parser.h"
#include "plugin-types.h"
#include "plugin.h"

#include <gmodule.h>

extern CfgParser mailtrace_parser;

static Plugin mailtrace_plugins[] =
{
  {
    .type = LL_CONTEXT_PARSER,
    .name = "mailtrace",
    .parser = &mailtrace_parser,
  },
};

G_MODULE_EXPORT gboolean
mailtrace_module_init(PluginContext *context, CfgArgs *args)
{
  mailtrace_global_init();
  plugin_register(context, mailtrace_plugins, G_N_ELEMENTS(mailtrace_plugins));
  return TRUE;
}

G_MODULE_EXPORT const ModuleInfo module_info =
{
  .canonical_name = "mailtrace",
  .version = MAILTRACE_VERSION,
  .description = "SMTP logs of Sophos UTM and Exim: named fields on every line, one summary event per message.",
  .core_revision = SYSLOG_NG_SOURCE_REVISION,
  .plugins = mailtrace_plugins,
  .plugins_len = G_N_ELEMENTS(mailtrace_plugins),
};
