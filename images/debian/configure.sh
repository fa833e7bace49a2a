#!/bin/sh
# Runs in the new Debian system's root, once: a kernel, an initrd for the disks that nodes have, and a root login
# without password on the serial console.
set -eu
export DEBIAN_FRONTEND=noninteractive

mkdir -p /etc/initramfs-tools/conf.d
cat > /etc/initramfs-tools/conf.d/node << END
MODULES=list
COMPRESS=gzip
FSTYPE=ext4
RESUME=none
END
printf '%s\n' ahci sd_mod nvme ext4 >> /etc/initramfs-tools/modules
apt-get update -qq
apt-get install -y -qq --no-install-recommends linux-image-amd64

echo node > /etc/hostname
echo 'LABEL=root / ext4 errors=remount-ro 0 1' > /etc/fstab
passwd --delete root
# No timers: runs are compared, so nothing may run at a time of its own.
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer

apt-get clean
rm -rf /var/lib/apt/lists/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /var/log/*.log
