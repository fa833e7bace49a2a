/*
 * The emitted lock between real threads. Usage: spinLockThreads count|end
 * count: each thread adds to a plain variable under the lock; prints the sum. ThreadSanitizer sees whether two are ever inside at once.
 * end: all but one wait for a lock that is held, and the node ends; prints how many stand still.
 */
#include <stdio.h>
#include <string.h>

#include "image.c"

#define THREADS 4
#define ROUNDS 20000

static struct SpinLock lock;
static unsigned long sum;

static void *add(void *unused) {
  (void)unused;
  for (int i = 0; i < ROUNDS; i++) {
    x86_spinLock_takeLock(&lock);
    sum++;
    x86_spinLock_releaseLock(&lock);
  }
  return NULL;
}

static void *wait_for_lock(void *unused) {
  x86_spinLock_takeLock(&lock);
  return unused;
}

int main(int count, char **words) {
  pthread_t threads[THREADS];
  const int ends = count > 1 && strcmp(words[1], "end") == 0;
  if (ends) x86_spinLock_takeLock(&lock);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, ends ? wait_for_lock : add, "took the lock");
  if (ends) x86_end_claimEnd();
  unsigned stopped = 0;
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    if (result == STANDS_STILL) stopped++;
  }
  if (ends) printf("%u stand still\n", stopped);
  else printf("%lu of %d\n", sum, THREADS * ROUNDS);
  return 0;
}
