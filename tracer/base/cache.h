/* cache: hints to the processor about memory that two threads use in turn. */
#ifndef BASE_CACHE_H
#define BASE_CACHE_H

/* This core is about to write here, and does not own the cache line since another one
 * has read it: asking for it early hides most of what that costs. Any address will do. */
static inline void cache_expect_write(const void *p)
{
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
}

#endif
