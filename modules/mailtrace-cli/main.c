/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command `mailtrace`: lines on standard input or in files, documents on standard output. */
#include "complain.h"
#include "dump.h"
#include "options.h"
#include "run.h"

#include <signal.h>

#define EXIT_USAGE 2

static gint
_usage_error(gchar *error)
{
  fprintf(stderr, "mailtrace: %s\nTry 'mailtrace --help'.\n", error);
  g_free(error);
  return EXIT_USAGE;
}

static gint
_print(const gchar *text)
{
  gboolean failed = fputs(text, stdout) < 0 || fflush(stdout) != 0;

  if (failed)
    complain("standard output", "cannot be written");
  return failed ? 1 : 0;
}

int
main(int argc, char *argv[])
{
  Options options;
  gchar *error;
  gint status;

  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  /* a copy of the pointers: GOption removes from the array what it has understood */
  gchar **arguments = g_strdupv(argv);
  if (!options_parse(&options, arguments, &error))
    status = _usage_error(error);
  else if (options.help)
    status = _print(options.help);
  else if (options.show_version)
    status = _print("mailtrace " MAILTRACE_VERSION "\n");
  else if (options.dump)
    status = dump(&options);
  else
    status = run(&options);
  options_release(&options);
  g_strfreev(arguments);
  return status;
}
