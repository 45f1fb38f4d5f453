/*
 * A guest of a few hundred bytes, to test monitors without a kernel. The first letter of its own
 * command line (behind "toy=") says what it does after greeting on the serial line:
 *   e  echoes every byte until it sees 0xff 0xfe, then ends the VM
 *   f  sends 300,000 bytes, byte i being i * 7 + (i >> 8), then ends the VM
 *   h  halts for ever
 *   s  ends the VM without having greeted
 * It is entered in 32-bit mode by the PVH protocol, ebx pointing at hvm_start_info.
 */

#define COM1 0x3f8

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

__asm__(".pushsection .note.pvh, \"a\", @note\n"
	".long 4, 4, 18\n"
	".asciz \"Xen\"\n"
	".long start\n"
	".popsection\n"
	".globl start\n"
	"start: mov $stack + 4096, %esp\n"
	"push %ebx\n"
	"call toy\n");

u8 stack[4096];

struct start_info {
	u32 magic, version, flags, nr_modules;
	u32 modlist, modlist_high;
	u32 cmdline, cmdline_high;
};

static void outb(u8 value, u16 port)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(u8 c)
{
	while (!(inb(COM1 + 5) & 0x20))
		;
	outb(c, COM1);
}

static u8 get(void)
{
	while (!(inb(COM1 + 5) & 1))
		;
	return inb(COM1);
}

static void say(const char *s)
{
	while (*s)
		put(*s++);
}

/* A triple fault, as the kernel's reboot=t. */
static void reset(void)
{
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) idt = { 0, 0 };

	__asm__ volatile("lidt %0; int3" : : "m"(idt));
}

static char command(const char *s)
{
	for (; *s; s++)
		if (s[0] == 't' && s[1] == 'o' && s[2] == 'y' && s[3] == '=')
			return s[4];
	return 'h';
}

void toy(struct start_info *info)
{
	const char *cmdline = (const char *)info->cmdline;
	char c = command(cmdline);
	u8 byte, last = 0;
	u32 i;

	outb(7, COM1 + 2); /* FIFOs on */
	if (c == 's')
		reset();
	say("toy ");
	say(cmdline);
	put('\n');
	if (c == 'f') {
		for (i = 0; i < 300000; i++)
			put(i * 7 + (i >> 8));
		reset();
	}
	while (c == 'e') {
		byte = get();
		put(byte);
		if (last == 0xff && byte == 0xfe)
			reset();
		last = byte;
	}
	for (;;)
		__asm__ volatile("hlt");
}
