/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MAILTRACE_PARSER_H_INCLUDED
#define MAILTRACE_PARSER_H_INCLUDED

#include "cfg-lexer.h"
#include "cfg-parser.h"
#include "parser/parser-expr.h"

extern CfgParser mailtrace_parser;

CFG_PARSER_DECLARE_LEXER_BINDING(mailtrace_, MAILTRACE_, LogParser **)

#endif
