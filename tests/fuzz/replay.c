/* Runs a fuzz target on files and folders of files instead of invented input; with
 * --mutate also on each file cut at every byte and with every byte flipped. */
#include "base/file.h"
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t runs;

/* On a copy of just this size, so that a sanitizer sees a read past its end. */
static void run(const uint8_t *data, size_t bytes)
{
    uint8_t *copy = malloc(bytes + !bytes);
    memcpy(copy, data, bytes);
    LLVMFuzzerTestOneInput(copy, bytes);
    free(copy);
    runs++;
}

static void mutate(uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        uint8_t was = data[i];
        run(data, i);
        data[i] = i % 2 ? was ^ 1 : (uint8_t)~was;
        run(data, bytes);
        data[i] = was;
    }
}

static bool replay_file(const char *path, bool mutations, struct err *err)
{
    char *data;
    size_t bytes;
    if (!file_read(path, &data, &bytes, err))
        return false;
    run((uint8_t *)data, bytes);
    if (mutations)
        mutate((uint8_t *)data, bytes);
    free(data);
    return true;
}

static bool replay(const char *path, bool mutations, struct err *err)
{
    DIR *d = opendir(path);
    if (!d)
        return replay_file(path, mutations, err);
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        ok = e->d_name[0] == '.' || replay_file(file, mutations, err);
    }
    closedir(d);
    return ok;
}

int main(int argc, char **argv)
{
    struct err err;
    bool mutations = argc > 1 && !strcmp(argv[1], "--mutate");
    for (int i = 1 + mutations; i < argc; i++) {
        if (!replay(argv[i], mutations, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    }
    printf("%zu inputs\n", runs);
    return runs == 0;
}
