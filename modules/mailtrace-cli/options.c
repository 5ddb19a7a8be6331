/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Knows what may be said on the command line; must not know what is done with it. */
#include "options.h"

#define EMIT_ALLOWED "a comma list of message, session, scan, delivery, dkim"

/* the command line as given; all texts are bytes of no particular encoding */
typedef struct _Given
{
  gchar *json, *emit, *host, *local_domains, *time_zone, *progress, *output, *counters, *tls_policy, *journal, *raw;
  gchar *anonymize, *anonymize_key, *omit;
  gchar *timeout, *interim_after, *settle_time, *max_messages, *max_recipients, *max_message_bytes;
  gchar **host_aliases, **files;
  gboolean quiet, version, help, explain, dump, confirm, last;
} Given;

static gchar *
_not_allowed(const gchar *option, const gchar *value, const gchar *allowed)
{
  return g_strdup_printf("--%s: \"%s\" is not allowed here; allowed: %s", option, value, allowed);
}

static const gchar DESCRIPTION[] =
  "FILEs are read in the order given, plain or gzip; without FILE, or when FILE is -, standard input is read.\n"
  "Each document is one line of JSON. What is still open at the end of the input is emitted with end_reason shutdown.\n"
  "\n"
  "With --journal=FILE it is not emitted but kept in FILE, and the next run with that FILE goes on with it: run each\n"
  "day's log with the same journal, and the last one with --last. Documents are appended to the --output file, which may\n"
  "then hold several revisions of a document: the one with the highest revision, of these the last, is the one to keep.\n"
  "A run that was killed loses nothing: run it again over the same input. One run at a time uses a journal.\n"
  "\n"
  "For rsyslog's omprog (confirmMessages=\"on\"): mailtrace --confirm --journal=FILE --output=FILE\n"
  "\n"
  "Exit status: 0 all was read and written, 1 something could not be read or written or --raw found nothing,\n"
  "2 wrong usage.";

#define OPTION(name, letter, kind, where, help, argument) \
  { name, letter, 0, G_OPTION_ARG_ ## kind, &given->where, help, argument }

static void
_add_message_options(GOptionContext *context, Given *given)
{
  const GOptionEntry entries[] =
  {
    OPTION("json", 0, FILENAME, json, "names in the documents: native (default) or ecs", "FORMAT"),
    OPTION("emit", 0, FILENAME, emit,
           "documents to write: message,session,scan,delivery,dkim (default: message,session)", "LIST"),
    OPTION("host", 0, FILENAME, host, "gateway of lines that name no host (default: localhost)", "NAME"),
    OPTION("host-alias", 0, FILENAME_ARRAY, host_aliases, "host NODE is part of the gateway NAME; may be repeated",
           "NODE=NAME"),
    OPTION("local-domains", 0, FILENAME, local_domains, "your own domains, for the direction of a message", "LIST"),
    OPTION("time-zone", 0, FILENAME, time_zone,
           "zone of stamps without UTC offset, e.g. Europe/Berlin or +0200 (default: the system's)", "ZONE"),
    OPTION("tls-policy", 0, FILENAME, tls_policy,
           "what TLS is acceptable: bsi-tr-02102-2 (default), mozilla-modern, mozilla-intermediate, or a policy file",
           "NAME|FILE"),
    OPTION("anonymize", 0, FILENAME, anonymize, "keyed hashes instead of these: subject,local-part", "LIST"),
    OPTION("anonymize-key", 0, FILENAME, anonymize_key, "first line of FILE, at least 16 bytes, is the key of the hashes",
           "FILE"),
    OPTION("omit", 0, FILENAME, omit, "documents without these: subject,local-part,text", "LIST"),
    OPTION("timeout", 0, FILENAME, timeout, "end a message without a line for so long (default: 604800)", "SECONDS"),
    OPTION("interim-after", 0, FILENAME, interim_after,
           "write an interim document of a message open for so long; 0: never (default: 3600)", "SECONDS"),
    OPTION("settle-time", 0, FILENAME, settle_time, "wait for late lines of an ended message (default: 30)", "SECONDS"),
    OPTION("max-messages", 0, FILENAME, max_messages, "open messages at most (default: 1000000)", "COUNT"),
    OPTION("max-recipients", 0, FILENAME, max_recipients, "recipients of a message at most (default: 10000)", "COUNT"),
    OPTION("max-message-bytes", 0, FILENAME, max_message_bytes, "memory of a message at most (default: 1048576)",
           "BYTES"),
    { NULL }
  };

  g_option_context_add_main_entries(context, entries, NULL);
}

static void
_add_file_options(GOptionContext *context, Given *given)
{
  const GOptionEntry entries[] =
  {
    OPTION("explain", 0, NONE, explain,
           "instead of documents, say of each line its shape, role, and fields with their places, or where it stopped", NULL),
    OPTION("raw", 0, FILENAME, raw,
           "instead of documents, print the log lines of the messages and refused sessions with this document id or queue id, "
           "or with this address as sender or recipient", "ID|ADDRESS"),
    OPTION("journal", 0, FILENAME, journal, "take over from FILE what the last run left open, and leave in it what stays open",
           "FILE"),
    OPTION("last", 0, NONE, last, "with --journal: emit what is open at the end of this run, and remove the journal", NULL),
    OPTION("dump", 0, NONE, dump, "with --journal: read no logs, show what the journal holds; it may be in use", NULL),
    OPTION("confirm", 0, NONE, confirm,
           "write OK to standard output at the start and for each line that is safe, for rsyslog's omprog; needs --output",
           NULL),
    OPTION("output", 'o', FILENAME, output,
           "write documents to FILE instead of standard output; with --journal or --confirm, append them", "FILE"),
    OPTION("counters", 0, FILENAME, counters, "write counters to FILE, as one JSON object", "FILE"),
    OPTION("progress", 0, FILENAME, progress,
           "progress bar on standard error: auto (default: on a terminal), always, never", "WHEN"),
    OPTION("quiet", 'q', NONE, quiet, "no closing line on standard error", NULL),
    OPTION("help", 'h', NONE, help, "print this text", NULL),
    OPTION("version", 'V', NONE, version, "print the version", NULL),
    OPTION(G_OPTION_REMAINING, 0, FILENAME_ARRAY, files, NULL, NULL),
    { NULL }
  };

  g_option_context_add_main_entries(context, entries, NULL);
}
#undef OPTION

static GOptionContext *
_context(Given *given)
{
  GOptionContext *context = g_option_context_new("[FILE...] - mail logs in, one JSON document per message out");

  g_option_context_set_help_enabled(context, FALSE);
  g_option_context_set_description(context, DESCRIPTION);
  _add_message_options(context, given);
  _add_file_options(context, given);
  return context;
}

static void
_given_release(Given *self)
{
  gchar *texts[] =
  {
    self->json, self->emit, self->host, self->local_domains, self->time_zone, self->progress, self->output,
    self->counters, self->timeout, self->interim_after, self->settle_time, self->max_messages, self->max_recipients,
    self->max_message_bytes, self->tls_policy, self->journal, self->raw, self->anonymize, self->anonymize_key,
    self->omit
  };

  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_strfreev(self->host_aliases);
  g_strfreev(self->files);
}

static gboolean
_number(const gchar *option, const gchar *value, gint64 least, gint64 most, gint64 *number, gchar **error)
{
  gint64 parsed;

  if (!value)
    return TRUE;
  if (!slice_to_int(slice_from_string(value), &parsed) || parsed < least || parsed > most)
    {
      gchar *allowed = g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, least, most);
      *error = _not_allowed(option, value, allowed);
      g_free(allowed);
      return FALSE;
    }
  *number = parsed;
  return TRUE;
}

static gboolean
_numbers(TrackerOptions *self, const Given *given, gchar **error)
{
  gint64 messages = self->max_messages, recipients = self->max_recipients, bytes = (gint64) self->max_message_bytes;
  const gint64 century_sec = G_GINT64_CONSTANT(3155760000);

  if (!_number("timeout", given->timeout, 1, century_sec, &self->timeout_sec, error)
      || !_number("interim-after", given->interim_after, 0, century_sec, &self->interim_after_sec, error)
      || !_number("settle-time", given->settle_time, 0, century_sec, &self->settle_sec, error)
      || !_number("max-messages", given->max_messages, 1, G_MAXINT32, &messages, error)
      || !_number("max-recipients", given->max_recipients, 1, G_MAXINT32, &recipients, error)
      || !_number("max-message-bytes", given->max_message_bytes, 1024, G_MAXINT32, &bytes, error))
    return FALSE;
  self->max_messages = (guint) messages;
  self->max_recipients = (guint) recipients;
  self->max_message_bytes = (gsize) bytes;
  return TRUE;
}

static guint
_emit_bit(const gchar *name)
{
  RecordKind kind;

  if (!record_kind_by_name(slice_from_string(name), &kind) || kind == RK_LINE || kind == RK_REFUSAL)
    return 0;
  return 1u << kind;
}

static gboolean
_emit(Options *self, const gchar *list, gchar **error)
{
  gchar **names = g_strsplit(list ? list : "message,session", ",", -1);
  gboolean valid = names[0] != NULL;

  for (guint i = 0; names[i]; i++)
    {
      guint bit = _emit_bit(g_strstrip(names[i]));

      self->emit |= bit;
      valid = valid && bit;
    }
  if (!valid)
    *error = _not_allowed("emit", list, EMIT_ALLOWED);
  g_strfreev(names);
  return valid;
}

static gboolean
_format(Options *self, const gchar *name, gchar **error)
{
  if (!name || document_format_by_name(slice_from_string(name), &self->format))
    return TRUE;
  *error = _not_allowed("json", name, "native, ecs");
  return FALSE;
}

static gboolean
_things(const gchar *option, const gchar *list, guint *bits, gchar **error)
{
  gchar **names = g_strsplit(list ? list : "", ",", -1);
  PrivateThing thing;

  for (guint i = 0; names[i] && !*error; i++)
    if (private_thing_by_name(slice_from_string(g_strstrip(names[i])), &thing))
      *bits |= 1u << thing;
    else
      *error = _not_allowed(option, list, "a comma list of subject, local-part, and with --omit text");
  g_strfreev(names);
  return !*error;
}

/* not on the command line, where all users see it */
static gboolean
_key(Privacy *self, const gchar *file, gchar **error)
{
  gchar *text = NULL;
  gsize len = 0;

  if (!file)
    return TRUE;
  if (!g_file_get_contents(file, &text, &len, NULL))
    *error = _not_allowed("anonymize-key", file, "a file that can be read");
  else if (!privacy_set_key(self, slice_new(text, strcspn(text, "\r\n"))))
    *error = _not_allowed("anonymize-key", file, "a file whose first line has at least 16 bytes");
  g_free(text);
  return !*error;
}

static gboolean
_privacy(Options *self, const Given *given, gchar **error)
{
  if (!_things("anonymize", given->anonymize, &self->privacy.hashed, error)
      || !_things("omit", given->omit, &self->privacy.omitted, error)
      || !_key(&self->privacy, given->anonymize_key, error))
    return FALSE;
  const gchar *problem = privacy_is_on(&self->privacy) ? privacy_problem(&self->privacy) : NULL;
  if (problem)
    *error = g_strdup_printf("--anonymize, --omit: %s (--anonymize-key=FILE)", problem);
  return !problem;
}

static gboolean
_progress(Options *self, const gchar *name, gchar **error)
{
  static const gchar *const names[] = { [PM_AUTO] = "auto", [PM_ALWAYS] = "always", [PM_NEVER] = "never" };

  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (!name || g_str_equal(name, names[i]))
      {
        self->progress = (ProgressMode) i;
        return TRUE;
      }
  *error = _not_allowed("progress", name, "auto, always, never");
  return FALSE;
}

static gboolean
_time_zone(Options *self, const gchar *name, gchar **error)
{
  self->time_zone = name && !*name ? NULL : time_zone_new(name);
  if (!self->time_zone)
    {
      *error = _not_allowed("time-zone", name, "a name of the IANA time zone database like Europe/Berlin, or +hhmm");
      return FALSE;
    }
  self->tracker.offset_at = time_zone_offset_at;
  self->tracker.offset_data = self->time_zone;
  return TRUE;
}

static TlsPolicy *
_load_policy(const gchar *file, gchar **problem)
{
  GError *unreadable = NULL;
  gchar *text;
  gsize len;

  if (!g_file_get_contents(file, &text, &len, &unreadable))
    {
      *problem = g_strdup(unreadable->message);
      g_error_free(unreadable);
      return NULL;
    }
  TlsPolicy *policy = tls_policy_parse(slice_new(text, len), problem);
  g_free(text);
  return policy;
}

static gboolean
_tls_policy(Options *self, const gchar *name, gchar **error)
{
  gchar *problem = NULL;

  name = name ? name : TLS_POLICY_DEFAULT;
  self->tls_policy = tls_policy_shipped(slice_from_string(name));
  if (!self->tls_policy)
    self->tls_policy = _load_policy(name, &problem);
  self->tracker.tls_policy = self->tls_policy;
  if (problem)
    *error = g_strdup_printf("--tls-policy: \"%s\": %s; allowed: bsi-tr-02102-2, mozilla-modern, mozilla-intermediate, "
                             "a policy file", name, problem);
  g_free(problem);
  return self->tls_policy != NULL;
}

static gboolean
_host(Options *self, const gchar *name, gchar **error)
{
  self->host = g_strdup(name ? name : "localhost");
  if (*self->host)
    return TRUE;
  *error = _not_allowed("host", "", "a host name");
  return FALSE;
}

static gboolean
_host_aliases(Options *self, gchar **pairs, gchar **error)
{
  self->host_aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; pairs && pairs[i]; i++)
    {
      const gchar *equals = strchr(pairs[i], '=');

      if (!equals || equals == pairs[i] || !equals[1])
        {
          *error = _not_allowed("host-alias", pairs[i], "NODE=NAME, both not empty");
          return FALSE;
        }
      g_hash_table_insert(self->host_aliases, g_strndup(pairs[i], (gsize) (equals - pairs[i])), g_strdup(equals + 1));
    }
  return TRUE;
}

static gboolean
_local_domains(Options *self, const gchar *list, gchar **error)
{
  gchar *lower = list ? g_ascii_strdown(list, -1) : NULL;

  self->local_domains = lower ? g_strsplit(lower, ",", -1) : NULL;
  self->tracker.local_domains = self->local_domains;
  g_free(lower);
  for (guint i = 0; self->local_domains && self->local_domains[i]; i++)
    if (!*g_strstrip(self->local_domains[i]) || strchr(self->local_domains[i], ' '))
      {
        *error = _not_allowed("local-domains", list, "a comma list of domain names");
        return FALSE;
      }
  return TRUE;
}

static gboolean
_combination(const Given *given, gchar **error)
{
  const struct
  {
    gboolean wrong;
    const gchar *text;
  } rules[] =
  {
    { given->journal && !*given->journal, "--journal: \"\" is not allowed here; allowed: the name of a file" },
    { given->raw && !*given->raw, "--raw: \"\" is not allowed here; allowed: id of a document, queue id, address" },
    { given->dump && !given->journal, "--dump: needs --journal=FILE" },
    { given->last && !given->journal, "--last: needs --journal=FILE" },
    { given->confirm && (!given->output || g_str_equal(given->output, "-")),
      "--confirm: needs --output=FILE for the documents, standard output takes the confirmations" },
    { given->dump && (given->files || given->last || given->confirm || given->raw || given->explain),
      "--dump: only shows the journal, it goes neither with FILEs nor with --last, --confirm, --raw, --explain" },
    { given->raw && (given->journal || given->confirm || given->explain),
      "--raw: goes neither with --journal nor with --confirm, --explain" },
    { (given->anonymize || given->omit) && (given->raw || given->explain || given->dump),
      "--anonymize, --omit: hold for documents only, they go neither with --raw nor with --explain, --dump" },
    { given->explain && (given->journal || given->confirm), "--explain: goes neither with --journal nor with --confirm" },
  };

  for (guint i = 0; i < G_N_ELEMENTS(rules) && !*error; i++)
    if (rules[i].wrong)
      *error = g_strdup(rules[i].text);
  return !*error;
}

static gchar **
_files(gchar **given)
{
  const gchar *standard_input[] = { "-", NULL };

  return g_strdupv(given && given[0] ? given : (gchar **) standard_input);
}

static gboolean
_check(Options *self, const Given *given, gchar **error)
{
  self->files = _files(given->files);
  self->output = given->output && !g_str_equal(given->output, "-") ? g_strdup(given->output) : NULL;
  self->counters = g_strdup(given->counters);
  self->journal = g_strdup(given->journal);
  self->raw = g_strdup(given->raw);
  self->tracker.keep_raw = given->raw != NULL;
  self->quiet = given->quiet;
  self->explain = given->explain;
  self->dump = given->dump;
  self->confirm = given->confirm;
  self->last = given->last;
  self->show_version = given->version;
  return _combination(given, error) && _privacy(self, given, error) && _format(self, given->json, error)
         && _emit(self, given->emit, error)
         && _host(self, given->host, error) && _host_aliases(self, given->host_aliases, error)
         && _local_domains(self, given->local_domains, error)
         && _time_zone(self, given->time_zone, error) && _progress(self, given->progress, error)
         && _tls_policy(self, given->tls_policy, error) && _numbers(&self->tracker, given, error);
}

/* GLib writes an ellipsis that not every terminal can show */
static gchar *
_help(GOptionContext *context)
{
  gchar *text = g_option_context_get_help(context, TRUE, NULL);
  GString *plain = g_string_new(text);

  g_string_replace(plain, "\xe2\x80\xa6", "...", 0);
  g_free(text);
  return g_string_free(plain, FALSE);
}

gboolean
options_parse(Options *self, gchar **argv, gchar **error)
{
  Given given = { 0 };
  GOptionContext *context = _context(&given);
  GError *problem = NULL;

  memset(self, 0, sizeof(*self));
  tracker_options_init(&self->tracker);
  *error = NULL;
  if (!g_option_context_parse_strv(context, &argv, &problem))
    {
      *error = g_strdup(problem->message);
      g_error_free(problem);
    }
  else if (given.help)
    self->help = _help(context);
  else
    _check(self, &given, error);
  g_option_context_free(context);
  _given_release(&given);
  return *error == NULL;
}

void
options_release(Options *self)
{
  g_strfreev(self->files);
  g_free(self->output);
  g_free(self->counters);
  g_free(self->journal);
  g_free(self->raw);
  g_free(self->host);
  if (self->host_aliases)
    g_hash_table_unref(self->host_aliases);
  g_strfreev(self->local_domains);
  time_zone_free(self->time_zone);
  tls_policy_unref(self->tls_policy);
  g_free(self->help);
}
