/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of a guest kernel whose programs may run at CPL 0.
 *
 * Each test is a function that runs in a process of its own and says with its
 * return value how it went. The same program runs under kml=on and kml=off
 * and must behave alike: what a test asks for is what Linux promises.
 */
#ifndef KML_H
#define KML_H

#include <stdbool.h>

struct kml_test {
	const char *name;
	/* 0: passed. Anything else, or a signal, is a failure. */
	int (*run)(void);
};

/* Each file of tests ends its list with an entry without a name. */
extern const struct kml_test register_tests[];
extern const struct kml_test fault_tests[];
extern const struct kml_test signal_tests[];
extern const struct kml_test process_tests[];
extern const struct kml_test thread_tests[];
extern const struct kml_test trace_tests[];
extern const struct kml_test gate_tests[];
extern const struct kml_test site_tests[];

/* Are programs to run at CPL 0? As the kernel's command line says. */
bool kml_is_on(void);

/* Prints a remark of the test; as printf. */
void note(const char *format, ...);

/* Fails the test with the place and the expression. */
#define check(condition)						\
	do {								\
		if (!(condition)) {					\
			note("%s:%d: %s", __FILE__, __LINE__, #condition); \
			return 1;					\
		}							\
	} while (0)

/* Runs a function in a child and gives its wait status. */
int status_of(void (*body)(void));

#endif
