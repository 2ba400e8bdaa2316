/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/bench's stopwatch. Small on purpose: what it is itself counts into a child's peak memory, and a shell's or a
 * Perl's own fork would be most of what is measured.
 *
 * measure runs ROUNDS JOBS
 *
 *   JOBS has a job a line: NAME <tab> PREPARE <tab> [KEY=VALUE <tab>]... WORD <tab> WORD ...
 *   PREPARE is a program that is run before and not timed, or nothing. Every round runs every job once, beginning with
 *   another one each time, so that whatever else the machine does hits all alike.
 *   Prints each run's NAME, nanoseconds, CPU microseconds, peak memory in KiB and exit status.
 *
 * measure storm PARALLEL FIRST COUNT WORD...
 *
 *   For each guest from FIRST on, COUNT of them, PARALLEL at a time: WORD... with "@" replaced by its number and "%" by
 *   pre-start, then the same with post-start. Waits for whatever they leave behind.
 *   Prints wall seconds, CPU seconds and how many runs failed.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX     64
#define WORDS_MAX    32
#define PARALLEL_MAX 64

struct job {
	char *name;
	char *prepare;
	char **env;
	char *words[WORDS_MAX + 1];
};

struct sample {
	int64_t ns;
	int64_t cpu_us;
	long rss;
	int status;
};

static posix_spawn_file_actions_t descriptors;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t cpu_us(const struct rusage *usage)
{
	return ((int64_t)usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 + usage->ru_utime.tv_usec +
	       usage->ru_stime.tv_usec;
}

static pid_t start(char *const words[], char *const env[])
{
	pid_t pid;
	int r = !words[0] ? ENOENT : posix_spawnp(&pid, words[0], &descriptors, NULL, words, env);

	errno = r;
	if (r != 0)
		die(words[0] ? words[0] : "measure");
	return pid;
}

/* Announcing children of the run before must not take time from the next one; we are their new parent. */
static void kill_orphans(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	for (;;) {
		FILE *in = fopen(path, "re");
		int pid;

		if (!in)
			die(path);
		while (fscanf(in, "%d", &pid) == 1)
			(void)kill(pid, SIGKILL);
		(void)fclose(in);
		if (waitpid(-1, NULL, 0) < 0)
			return;
	}
}

static void run(char *const words[], char *const env[], struct sample *ret_sample)
{
	struct rusage usage;
	int64_t begun = now();
	pid_t pid = start(words, env);
	int status;

	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4");
	ret_sample->ns = now() - begun;
	ret_sample->cpu_us = cpu_us(&usage);
	ret_sample->rss = usage.ru_maxrss;
	ret_sample->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	kill_orphans();
}

static void run_job(const struct job *job)
{
	char *prepare[] = { job->prepare, NULL };
	struct sample sample;

	if (job->prepare[0]) {
		run(prepare, environ, &sample);
		if (sample.status != 0) {
			(void)fprintf(stderr, "measure: %s: not prepared: %s\n", job->name, job->prepare);
			exit(1);
		}
	}
	run(job->words, job->env, &sample);
	(void)printf("%s\t%lld\t%lld\t%ld\t%d\n", job->name, (long long)sample.ns, (long long)sample.cpu_us, sample.rss,
		     sample.status);
}

/* The job's own words in front of the program's name, then our environment: the first of a name counts. */
static char **environment(char **words[])
{
	size_t count = 0;
	char **env;

	while (environ[count])
		count++;
	env = calloc(count + WORDS_MAX + 1, sizeof(*env));
	if (!env)
		die("measure");
	count = 0;
	for (; **words && strchr(**words, '='); (*words)++)
		env[count++] = **words;
	for (char **word = environ; *word; word++)
		env[count++] = *word;
	return env;
}

static void parse_job(char *line, struct job *job)
{
	char *all[WORDS_MAX + 1] = { NULL };
	char **words = all;
	size_t count = 0;

	line[strcspn(line, "\n")] = '\0';
	job->name = strsep(&line, "\t");
	job->prepare = strsep(&line, "\t");
	while (line && count < WORDS_MAX)
		all[count++] = strsep(&line, "\t");
	job->env = environment(&words);
	memcpy(job->words, words, (size_t)(all + count - words) * sizeof(*words));
	if (!job->words[0]) {
		(void)fprintf(stderr, "measure: %s: no program\n", job->name);
		exit(1);
	}
}

static int runs(char *argv[])
{
	static struct job jobs[JOBS_MAX];
	int rounds = (int)strtol(argv[0], NULL, 10);
	FILE *in = fopen(argv[1], "re");
	char *line = NULL;
	size_t room = 0;
	size_t count = 0;

	if (!in)
		die(argv[1]);
	while (count < JOBS_MAX && getline(&line, &room, in) > 0) {
		parse_job(line, &jobs[count++]);
		line = NULL;
		room = 0;
	}
	(void)fclose(in);
	for (int i = 0; i < rounds; i++) {
		for (size_t j = 0; j < count; j++)
			run_job(&jobs[((size_t)i + j) % count]);
	}
	return 0;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static const char *const phases[] = { "pre-start", "post-start" };

#define PHASE_COUNT (sizeof(phases) / sizeof(phases[0]))

/* One of the guests that are being started. */
struct slot {
	pid_t pid;
	int guest;
	size_t phase;
};

static void start_phase(struct slot *slot, char *argv[])
{
	char number[16];
	char phase[16];
	char *words[WORDS_MAX + 1] = { NULL };

	(void)snprintf(number, sizeof(number), "%d", slot->guest);
	(void)snprintf(phase, sizeof(phase), "%s", phases[slot->phase]);
	for (size_t i = 0; i < WORDS_MAX && argv[i]; i++)
		words[i] = strcmp(argv[i], "@") == 0 ? number : strcmp(argv[i], "%") == 0 ? phase : argv[i];
	slot->pid = start(words, environ);
}

static int storm(char *argv[])
{
	struct slot slots[PARALLEL_MAX] = { { 0 } };
	size_t parallel = strtoul(argv[0], NULL, 10);
	int next = (int)strtol(argv[1], NULL, 10);
	int end = next + (int)strtol(argv[2], NULL, 10);
	size_t running = 0;
	int64_t begun = now();
	int64_t ended = begun;
	struct rusage usage;
	unsigned failed = 0;
	int status;
	pid_t pid;

	for (; running < parallel && running < PARALLEL_MAX && next < end; running++) {
		slots[running].guest = next++;
		start_phase(&slots[running], argv + 3);
	}
	/* The detached children, too, until none is left. */
	while ((pid = waitpid(-1, &status, 0)) > 0) {
		struct slot *slot = slots;

		while (slot < slots + PARALLEL_MAX && slot->pid != pid)
			slot++;
		if (slot == slots + PARALLEL_MAX)
			continue;
		ended = now();
		failed += status != 0;
		slot->pid = 0;
		if (++slot->phase == PHASE_COUNT) {
			slot->phase = 0;
			slot->guest = next++;
		}
		if (slot->guest < end)
			start_phase(slot, argv + 3);
	}
	(void)getrusage(RUSAGE_CHILDREN, &usage);
	(void)printf("%.3f\t%.3f\t%u\n", (double)(ended - begun) / 1e9, (double)cpu_us(&usage) / 1e6, failed);
	return 0;
}

int main(int argc, char *argv[])
{
	bool is_runs = argc == 4 && strcmp(argv[1], "runs") == 0;
	bool is_storm = argc > 5 && strcmp(argv[1], "storm") == 0;

	if (!is_runs && !is_storm) {
		(void)fprintf(stderr, "usage: measure runs ROUNDS JOBS | storm PARALLEL FIRST COUNT WORD...\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("prctl");
	if (posix_spawn_file_actions_init(&descriptors) != 0 ||
	    posix_spawn_file_actions_addopen(&descriptors, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(&descriptors, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
		die("measure");
	return is_runs ? runs(argv + 2) : storm(argv + 2);
}
