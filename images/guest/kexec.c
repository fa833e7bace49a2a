/*
 * kexec [--crash] KERNEL INITRD COMMAND-LINE: starts another kernel, or loads it for a crash of the running one
 * (kexec_file_load(2)). An empty INITRD means none.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINUX_REBOOT_CMD_KEXEC 0x45584543

static int failed(const char *what) {
  perror(what);
  return 1;
}

int main(int count, char **words) {
  const int for_crash = count > 1 && strcmp(words[1], "--crash") == 0;
  char **files = words + for_crash;
  if (count - for_crash != 4) {
    fprintf(stderr, "usage: kexec [--crash] KERNEL INITRD COMMAND-LINE\n");
    return 2;
  }
  const int kernel = open(files[1], O_RDONLY);
  if (kernel < 0) return failed(files[1]);
  const int has_initrd = files[2][0] != 0;
  const int initrd = has_initrd ? open(files[2], O_RDONLY) : -1;
  if (has_initrd && initrd < 0) return failed(files[2]);
  const unsigned long flags = (has_initrd ? 0 : KEXEC_FILE_NO_INITRAMFS) | (for_crash ? KEXEC_FILE_ON_CRASH : 0);
  if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(files[3]) + 1, files[3], flags) != 0)
    return failed("kexec_file_load");
  if (for_crash) return 0;
  sync();
  reboot(LINUX_REBOOT_CMD_KEXEC);
  return failed("reboot");
}
