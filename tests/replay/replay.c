/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Stands in for libFuzzer: runs a target of tests/fuzz on the files that are named, each of which gets ten seconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS 10

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int run(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size;
    if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET)) return 2;
    bytes = malloc(size ? (size_t)size : 1);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) return 2;
    fclose(file);
    alarm(SECONDS);
    LLVMFuzzerTestOneInput(bytes, (size_t)size);
    alarm(0);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize && LLVMFuzzerInitialize(&argc, &argv)) return 77;
    for (int i = 1; i < argc; i++) {
        int status = run(argv[i]);
        if (status) {
            perror(argv[i]);
            return status;
        }
    }
    return 0;
}
