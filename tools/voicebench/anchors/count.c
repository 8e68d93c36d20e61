/* A plugin of QEMU's user emulation: how many instructions the emulated thread runs between getppid(BEGIN) and getppid(END), two calls that
 * do nothing else. It prints the number of such spells, and the mean and the greatest count.
 *
 * What it needs of QEMU's plugin interface (docs/devel/tcg-plugins.rst, version 1) is declared here, since no package has the header.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned vcpu, void *), int flags, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned vcpu, int64_t number, uint64_t, uint64_t,
	uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

enum { GETPPID = 64, BEGIN = 1, END = 2, THREADS = 256 };

static uint64_t run[THREADS], begun[THREADS]; /* each thread has its own */
static uint64_t spells, sum, most;            /* of the one thread that marks spells */

static void executed(unsigned vcpu, void *instructions)
{
	run[vcpu % THREADS] += (uintptr_t)instructions;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(block, executed, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void called(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t mark, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
	uint64_t f, uint64_t g, uint64_t h)
{
	(void)id, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
	if (number != GETPPID)
		return;
	vcpu %= THREADS;
	if (mark == BEGIN)
		begun[vcpu] = run[vcpu];
	if (mark == END && begun[vcpu]) {
		uint64_t n = run[vcpu] - begun[vcpu];
		begun[vcpu] = 0;
		sum += n;
		spells++;
		if (n > most)
			most = n;
	}
}

static void ended(qemu_plugin_id_t id, void *unused)
{
	(void)id, (void)unused;
	fprintf(stderr, "%llu spells, mean %.0f, most %llu instructions\n", (unsigned long long)spells, spells ? (double)sum / spells : 0,
		(unsigned long long)most);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info, (void)argc, (void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_vcpu_syscall_cb(id, called);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
