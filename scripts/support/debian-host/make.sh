#!/bin/sh
# make.sh FOLDER SUITE MIRROR PACKAGES: fills a folder with a release of Debian and packages.
# Runs in a mount namespace of its own, so that nothing stays mounted whatever happens.
set -eu
folder=$1 suite=$2 mirror=$3
shift 3
mount --make-rprivate /
debootstrap --variant=minbase "$suite" "$folder" "$mirror"
mount --rbind /dev "$folder/dev"
mount -t proc proc "$folder/proc"
mount -t sysfs sysfs "$folder/sys"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
# No package starts a service.
printf '#!/bin/sh\nexit 101\n' > "$folder/usr/sbin/policy-rc.d"
chmod 755 "$folder/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
# A mirror may lag behind, and lists of a rolling release end after a week.
chroot "$folder" apt-get -o Acquire::Check-Valid-Until=false update
chroot "$folder" apt-get -o Dpkg::Options::=--force-unsafe-io install -y --no-install-recommends "$@"
chroot "$folder" apt-get clean
