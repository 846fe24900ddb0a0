#include "cli/browser.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

bool browser_wanted(void)
{
    return isatty(STDOUT_FILENO) && (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"));
}

bool browser_run(const char *program, const char *file)
{
    pid_t pid;
    char *name = strdup(program), *argument = strdup(file);
    char *argv[] = {name, argument, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
    bool ok = posix_spawnp(&pid, program, &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    free(name);
    free(argument);
    return ok;
}

bool browser_open(const char *target)
{
    static const char *const usual[] = {"xdg-open", "sensible-browser", "chromium", "firefox"};
    const char *chosen = getenv("BROWSER");
    if (chosen && *chosen && !strpbrk(chosen, " :") && browser_run(chosen, target))
        return true;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (browser_run(usual[i], target))
            return true;
    return false;
}
