/* A disk like a memory card's: preloaded, each fsync and fdatasync takes SLOW_DISK_MILLIS longer (30 unless said). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_as_a_card_does(void)
{
    const char *said = getenv("SLOW_DISK_MILLIS");
    long millis = said ? atol(said) : 30;
    struct timespec rest = {millis / 1000, millis % 1000 * 1000000L};
    while (nanosleep(&rest, &rest) != 0)
        ;
}

int fsync(int file)
{
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_as_a_card_does();
    return next(file);
}

int fdatasync(int file)
{
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_as_a_card_does();
    return next(file);
}
