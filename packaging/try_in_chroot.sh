#!/usr/bin/env bash
# Installs a package in a fresh Debian 12 and uses it there: packaging/try_in_chroot.sh PACKAGE.deb FOLDER
# Needs root and debootstrap. FOLDER is made, about 1.5 GB; in it stay take.mp4 and studio.png, a picture of the window.
set -euo pipefail
package=$(realpath "${1:?usage: try_in_chroot.sh PACKAGE.deb FOLDER}")
folder=${2:?usage: try_in_chroot.sh PACKAGE.deb FOLDER}
root=$folder/root
mkdir -p "$folder"
[ -d "$root/usr" ] || debootstrap --variant=minbase bookworm "$root"
cp "$package" "$root/tmp/longtake.deb"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
cat > "$root/tmp/try.sh" <<'END'
set -eu
export DEBIAN_FRONTEND=noninteractive HOME=/tmp/home XDG_RUNTIME_DIR=/tmp/run
mkdir -p $HOME $XDG_RUNTIME_DIR && chmod 700 $XDG_RUNTIME_DIR
apt-get update -q && apt-get install -y -q /tmp/longtake.deb
apt-get install -y -q --no-install-recommends xvfb x11-utils imagemagick
cd /tmp
longtake-cli info tidepool
longtake-cli render --prompt "The ocean at noon" --at 2 "The desert at sunset" --seconds 4 --seed 7 -o take.mp4
longtake-cli verify take.mp4
Xvfb :77 -screen 0 1280x800x24 -nolisten tcp & screen=$!
sleep 2
DISPLAY=:77 longtake --dark & studio=$!
sleep 8
DISPLAY=:77 xwininfo -root -tree | grep -q "Longtake"
DISPLAY=:77 import -window root studio.png
kill $studio $screen
END
chroot "$root" sh /tmp/try.sh
cp "$root/tmp/take.mp4" "$root/tmp/studio.png" "$folder"
echo "the package works; see $folder/studio.png"
