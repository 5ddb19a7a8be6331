/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-place.h"
#include "persist-state.h"
#include "reloc.h"

#define NAME_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-"

static gchar *
_state_directory(GlobalConfig *cfg)
{
  if (cfg->state)
    return g_path_get_dirname(persist_state_get_filename(cfg->state));
  return g_strdup(get_installation_path_for(SYSLOG_NG_PATH_LOCALSTATEDIR));
}

static gchar *
_name(const MailtraceOptions *options, const gchar *parser, const gchar *copy)
{
  gchar *which = copy ? g_strconcat("-", copy, NULL) : g_strdup("");
  gchar *plain = g_strcanon(g_strdup(parser), NAME_CHARACTERS, '_');
  gchar *name = options->journal ? g_strconcat(options->journal, which, NULL)
                : g_strdup_printf("mailtrace-%s%s.journal", plain, which);
  g_free(plain);
  g_free(which);
  return name;
}

gchar *
journal_place(const MailtraceOptions *options, GlobalConfig *cfg, const gchar *parser, const gchar *copy)
{
  if (!options->has_journal)
    return NULL;
  gchar *name = _name(options, parser, copy), *directory = _state_directory(cfg);
  gchar *path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(directory, name, NULL);
  g_free(directory);
  g_free(name);
  return path;
}
