// SPDX-License-Identifier: Apache-2.0
/* See task.h. */

#include "task.h"
#include <linux/sched.h>

#define STACK_BYTES	16384

/* The new thread has nothing but its stack: it finds its task on top of it. */
long thread(unsigned long flags, void *stack, volatile int *parent, volatile int *child);
__asm__("thread:\n"
	"	mov %rcx, %r10\n"
	"	mov $56, %eax\n"	/* clone */
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jz 1f\n"
	"	ret\n"
	"1:	xor %ebp, %ebp\n"
	"	pop %rdi\n"
	"	call task_main\n"
	"	ud2\n");

void __attribute__((noreturn, used)) task_main(struct task *t)
{
	t->run(t->arg);
	for (;;)
		sys3(exit, 0, 0, 0);
}

void task_start(struct task *t, void (*run)(void *), void *arg)
{
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	void **top;

	t->run = run;
	t->arg = arg;
	t->stack = pages(STACK_BYTES);
	top = (void **)((char *)t->stack + STACK_BYTES) - 2;
	*top = t;
	must(thread(flags, top, &t->running, &t->running));
}

void task_join(struct task *t)
{
	int tid;

	while ((tid = t->running))
		sys_futex(&t->running, FUTEX_WAIT, tid);
	sys3(munmap, t->stack, STACK_BYTES, 0);
}
