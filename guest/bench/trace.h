/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what tasks a program makes, by ptrace. */
#ifndef LUPINE_TRACE_H
#define LUPINE_TRACE_H

#include "bench.h"

struct trace;

/* Before the program is started; its counters are shared with those who watch. */
struct trace *trace_new(void);

/*
 * Returns in a child, which is to execute the program. This process stays and
 * counts until the program and all it made have ended, and ends then itself.
 */
void trace_here(struct trace *t);

/* Prints the counts so far, and whether the file @program has an interpreter. */
void trace_print(const char *program);

#endif
