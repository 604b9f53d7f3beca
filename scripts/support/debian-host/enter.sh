#!/bin/sh
# enter.sh ROOT SCRATCH REPOSITORY NODE COMMAND: runs a command on a root of its own.
# Runs in a mount and a pid namespace of its own: what is mounted and what runs ends with it. The root folder
# stays as it is; what is written to it goes to SCRATCH, which is seen inside by its own path, as is REPOSITORY.
set -eu
root=$1 scratch=$2 repository=$3 node=$4
shift 4
mount --make-rprivate /
host=$scratch/host
mkdir "$host" "$scratch/upper" "$scratch/work" "$scratch/tmp"
chmod 1777 "$scratch/tmp"
mount -t overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$host"
mkdir -p "$host/dev" "$host/etc" "$host/proc" "$host/sys" "$host/run" "$host/tmp" "$host/usr/local/bin"
mount --rbind /dev "$host/dev"
mount --rbind /sys "$host/sys"
mount -t proc proc "$host/proc"
mount -t tmpfs -o mode=755 tmpfs "$host/run"
mount --bind "$scratch/tmp" "$host/tmp"
for path in "$repository" "$scratch"; do
  mkdir -p "$host$path"
  mount --bind "$path" "$host$path"
done
touch "$host/usr/local/bin/node"
mount --bind "$node" "$host/usr/local/bin/node"
# A user with a range of ids beside his own, as Debian gives one to each user that it makes.
echo 'ranged:x:1000:1000::/nonexistent:/bin/sh' >> "$host/etc/passwd"
echo 'ranged:x:1000:' >> "$host/etc/group"
for ids in subuid subgid; do echo 'ranged:100000:65536' >> "$host/etc/$ids"; done
cd "$host"
# The old root is stacked on the new one, and taken away from there.
pivot_root . .
umount -l .
cd "$repository"
unset NODE_EXTRA_CA_CERTS NODE_OPTIONS TMPDIR XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR XDG_STATE_HOME
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LANG=C.UTF-8
exec "$@"
