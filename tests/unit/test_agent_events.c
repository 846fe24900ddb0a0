/* The compiled probes have the events and fields that events.h promises, in order. */
#include "tracepoints/events.h"

#include <lttng/ust-events.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DECLARE(provider)                                                                          \
    extern const struct lttng_ust_probe_desc lttng_ust__probe_desc___##provider;
WHYPROF_PROVIDERS(DECLARE)

static const struct lttng_ust_probe_desc *const probes[] = {
#define POINT(provider) &lttng_ust__probe_desc___##provider,
    WHYPROF_PROVIDERS(POINT)};

static const struct {
    const char *provider, *event, *fields;
} promised[] = {
#define ROW(provider, event, fields) {#provider, #event, fields},
    WHYPROF_EVENTS(ROW)};

enum {
    PROMISED = sizeof promised / sizeof *promised,
    PROBES = sizeof probes / sizeof *probes
};

static const struct lttng_ust_event_desc *find(const char *provider, const char *event)
{
    for (size_t p = 0; p < PROBES; p++) {
        if (strcmp(probes[p]->provider_name, provider))
            continue;
        for (unsigned i = 0; i < probes[p]->nr_events; i++)
            if (!strcmp(probes[p]->event_desc[i]->event_name, event))
                return probes[p]->event_desc[i];
    }
    return NULL;
}

static void test_every_promised_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROMISED; i++) {
        const struct lttng_ust_event_desc *e = find(promised[i].provider, promised[i].event);
        char fields[256] = "";
        if (!e)
            fail_msg("%s:%s is not compiled", promised[i].provider, promised[i].event);
        for (size_t f = 0; f < e->tp_class->nr_fields; f++) {
            const char *name = e->tp_class->fields[f]->name;
            size_t at = strlen(fields);
            if (name[0] != '_') /* lttng-ust's "_words_length" before a sequence */
                snprintf(fields + at, sizeof fields - at, "%s%s", at ? " " : "", name);
        }
        assert_string_equal(fields, promised[i].fields);
    }
}

static void test_no_other_event(void **state)
{
    size_t compiled = 0;
    (void)state;
    for (size_t p = 0; p < PROBES; p++)
        compiled += probes[p]->nr_events;
    assert_int_equal(compiled, PROMISED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_promised_event),
        cmocka_unit_test(test_no_other_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
