/** So many processes hold a house, so that it outlives the end of one. */
export const holderCount = 2;

/** Starts $1 processes that do nothing, apart from whoever starts them, and prints their numbers. */
export const hold = `cd /
while [ "$1" -gt 0 ]; do
  setsid sleep infinity < /dev/null > /dev/null 2>&1 &
  echo $!
  set -- $(($1 - 1))
done`;

/**
 * Begins as root of new namespaces, with nothing in /run and /var/lib/cni that plugins could not write to: the rest of
 * /run is bound into a new one. Names are asked for at the servers of the file $2, since a server on the host's loopback
 * is not on the house's. There are no groups, since dnsmasq would leave root's, which root of one user can't.
 */
export const begin = `set -e
ip link set lo up
stage=$(mktemp -d)
mount -n -t tmpfs -o mode=755,size=16m tmpfs "$stage"
for path in /run/*; do
  name=\${path##*/}
  case $name in cni | containers | mount | netns | xtables.lock) continue ;; esac
  if [ -L "$path" ]; then cp -P "$path" "$stage/$name"
  elif [ -d "$path" ]; then mkdir "$stage/$name" && mount -n --rbind "$path" "$stage/$name"
  fi
done
etc=/run/.virtcontainers
mkdir "$stage/\${etc##*/}"
mount -n --move "$stage" /run
rmdir "$stage"
cp "$2" $etc/resolv.conf
: > $etc/group
echo "group: files" > $etc/nsswitch.conf
for name in resolv.conf group nsswitch.conf; do
  path=$(readlink -f "/etc/$name" || true)
  if [ -f "$path" ]; then mount -n --bind "$etc/$name" "$path"; fi
done
if [ -d /var/lib/cni ]; then mount -n -t tmpfs -o mode=755,size=16m tmpfs /var/lib/cni; fi
${hold}`;

/** Opens /dev/net/tun as 3 for each line that it is told, until nothing more is. */
export const openTun = "while read -r line; do exec 3<> /dev/net/tun && echo open || exit; done";
