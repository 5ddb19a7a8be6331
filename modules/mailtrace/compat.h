/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the differences between syslog-ng 3.38 and 4.11, all of them; no other file asks for a version */
#ifndef MAILTRACE_COMPAT_H_INCLUDED
#define MAILTRACE_COMPAT_H_INCLUDED

#include "syslog-ng.h"
#include "cfg.h"
#include "logpipe.h"
#include "parser/parser-expr.h"
#include "stats/stats-cluster-single.h"
#include "stats/stats-registry.h"

#if VERSION_VALUE_CURRENT < 0x0400
#define LM_VT_INTEGER LM_VT_INT64
#endif

/* the name of a value, registered once and for good; handle 0: there is none */
typedef struct _CompatName
{
  NVHandle handle;
  guint32 len;
  const gchar *text;    /* NULL: syslog-ng is asked to set the value */
} CompatName;

static inline void
compat_name_init(CompatName *self, const gchar *name)
{
  self->handle = log_msg_get_value_handle(name);
#if VERSION_VALUE_CURRENT < 0x0400
  gssize len = 0;
  const gchar *text = log_msg_get_value_name(self->handle, &len);

  self->text = log_msg_is_handle_sdata(self->handle) ? NULL : text;
  self->len = (guint32) len;
#endif
}

/* in 3.38 the table is all there is to a value, but for structured data, and half of the way to it is spared; later
 * versions may note more, and are asked to set it */
static inline void
compat_set_value(LogMessage *msg, const CompatName *name, const gchar *value, gsize len, LogMessageValueType type)
{
#if VERSION_VALUE_CURRENT < 0x0400
  gboolean is_new;

  if (name->text && msg->flags & LF_STATE_OWN_PAYLOAD
      && nv_table_add_value(msg->payload, name->handle, name->text, name->len, value, len, type, &is_new))
    return;
#endif
  log_msg_set_value_with_type(msg, name->handle, value, (gssize) len, type);
}

static inline void
compat_clone_parser_settings(LogParser *from, LogParser *to)
{
#if VERSION_VALUE_CURRENT >= 0x0402
  log_parser_clone_settings(from, to);
#else
  log_parser_set_template(to, log_template_ref(from->template));
#endif
}

static inline void
compat_persist_add(GlobalConfig *cfg, const gchar *name, gpointer value, GDestroyNotify destroy)
{
#if VERSION_VALUE_CURRENT >= 0x0402
  cfg_persist_config_add(cfg, name, value, destroy);
#else
  cfg_persist_config_add(cfg, name, value, destroy, FALSE);
#endif
}

/* a counter of one parser: "METRIC.WHAT" up to 4.0, METRIC with a label from 4.1 on */
typedef struct _CompatStatsKey
{
  StatsClusterKey key;
  gchar name[128];
#if VERSION_VALUE_CURRENT >= 0x0401
  StatsClusterLabel labels[2];
#endif
} CompatStatsKey;

static inline void
compat_stats_key_set(CompatStatsKey *self, const gchar *metric, const gchar *label, const gchar *what, const gchar *id)
{
#if VERSION_VALUE_CURRENT >= 0x0401
  g_snprintf(self->name, sizeof(self->name), "mailtrace_%s", metric);
  self->labels[0] = stats_cluster_label("id", id);
  self->labels[1] = stats_cluster_label(label ? label : "kind", what ? what : "all");
  stats_cluster_single_key_set(&self->key, self->name, self->labels, 2);
#else
  if (what)
    g_snprintf(self->name, sizeof(self->name), "mailtrace_%s_%s", metric, what);
  else
    g_snprintf(self->name, sizeof(self->name), "mailtrace_%s", metric);
  stats_cluster_single_key_set_with_name(&self->key, SCS_PARSER, id, NULL, self->name);
#endif
}

#endif
