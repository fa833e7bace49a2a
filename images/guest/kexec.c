/* kexec KERNEL INITRD COMMAND-LINE: goes over to another kernel (kexec_file_load(2)). An empty INITRD means none. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINUX_REBOOT_CMD_KEXEC 0x45584543

int main(int count, char **words) {
  if (count != 4) {
    fprintf(stderr, "usage: kexec KERNEL INITRD COMMAND-LINE\n");
    return 2;
  }
  const int kernel = open(words[1], O_RDONLY);
  const int has_initrd = words[2][0] != 0;
  const int initrd = has_initrd ? open(words[2], O_RDONLY) : -1;
  if (kernel < 0 || (has_initrd && initrd < 0)) {
    perror(kernel < 0 ? words[1] : words[2]);
    return 1;
  }
  const unsigned long flags = has_initrd ? 0 : KEXEC_FILE_NO_INITRAMFS;
  if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(words[3]) + 1, words[3], flags) != 0) {
    perror("kexec_file_load");
    return 1;
  }
  sync();
  reboot(LINUX_REBOOT_CMD_KEXEC);
  perror("reboot");
  return 1;
}
