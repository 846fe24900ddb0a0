#include "cli/capture_record.h"

#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define S_NS UINT64_C(1000000000)

/* A flag of a timer's: ends the recording as a person's Ctrl-C does. */
static bool start_timer(timer_t *timer, uint64_t ns, struct err *err)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM};
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ns / S_NS), .tv_nsec = (long)(ns % S_NS)}};
    if (timer_create(CLOCK_MONOTONIC, &event, timer) < 0)
        return err_errno(err, "start a timer");
    timer_settime(*timer, 0, &when, NULL);
    return true;
}

static bool convert(struct record *rec, struct err *err)
{
    struct convert_result result;
    struct progress *progress = cli_progress_begin();
    bool ok = record_convert(&rec->state, progress, &result, err);
    cli_progress_end(progress);
    if (ok && result.lost)
        fprintf(stderr, "whyprof: %llu events were lost: the figures are too small\n",
                (unsigned long long)result.lost);
    return ok;
}

static enum recorder_end wait_for(const struct capture_record *c, struct recorder *r, bool *timed,
                                  struct err *err)
{
    timer_t timer;
    enum recorder_end end = RECORDER_CUT_SHORT;
    *timed = start_timer(&timer, c->ns, err);
    if (*timed) {
        end = recorder_wait(r);
        timer_delete(timer);
    }
    if (c->ended)
        c->ended(c->data);
    return end;
}

static bool record_and_convert(const struct capture_record *c, struct record *rec, struct err *err)
{
    static const char *const why[] = {[RECORDER_TARGET_ENDED] = "the target's end",
                                      [RECORDER_STOPPED] = "its time",
                                      [RECORDER_CUT_SHORT] = "a failure"};
    const struct recorder_options ro = {
        .session_name = rec->session,
        .ctf_dir = state_get(&rec->state, "ctf_dir"),
        .classes = rec->classes,
        .agent_options = rec->agent_options,
        .cpu_hz = rec->cpu_hz,
        .collector_path = cli_program_path("whyprof-collector", NULL),
        .pids = c->targets->pids,
        .pid_count = c->targets->count,
        .background = true,
    };
    struct recorder r;
    struct recorder_result result;
    int code;
    bool timed;
    if (!recorder_begin(&r, &ro, &code, err)) {
        record_abandon(rec);
        return false;
    }
    record_note_start(&rec->state, &r);
    state_save(&rec->state, NULL);
    enum recorder_end end = wait_for(c, &r, &timed, err);
    struct err stop = {0};
    bool complete = recorder_finish(&r, &result, &stop);
    record_note_end(&rec->state, &r, &result, complete ? why[end] : stop.text);
    bool ok =
        timed && convert(rec, err) && c->converted(c->data, state_get(&rec->state, "out"), err);
    state_remove(&rec->state);
    recorder_release(&r);
    return ok;
}

bool capture_record(const struct capture_record *c, struct err *err)
{
    struct record rec;
    if (!record_check(&rec, c->options, err) ||
        !record_prepare(&rec, c->options, "capture", c->targets->text, err))
        return false;
    fprintf(stderr, "whyprof: recording %s for %.3g s\n", c->targets->text, (double)c->ns / S_NS);
    bool ok = record_and_convert(c, &rec, err);
    state_release(&rec.state);
    return ok;
}
