#!/bin/sh
# build.sh OUT AGENT: makes the lab's laptop, a Debian of this machine's own release and architecture
# with systemd, into OUT: vmlinuz, initrd, root.squashfs. It runs as root and takes some minutes; what
# it makes is kept until the packages or this folder change. AGENT is the static program that tests
# work it by (tools/laptop/agent).
set -eu
out=$(realpath -m "$1") agent=$(realpath "$2") here=$(realpath "$(dirname "$0")")
mark="$(cat "$here/build.sh" "$here/packages" "$here/init" "$agent" | sha256sum | cut -c1-64)"
[ "$(cat "$out/built-of" 2>/dev/null)" = "$mark" ] && exit 0
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
tree=$work/tree
echo "build.sh: packages"
mmdebstrap --quiet --variant=minbase --include="$(grep -v '^#' "$here/packages" | paste -sd,)" \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--aptopt='Apt::Install-Recommends "false"' "$release" "$tree"

# The kernel without its own initramfs: only the modules a laptop in QEMU can use.
echo "build.sh: kernel"
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -1)
(cd "$work" && apt-get -o APT::Sandbox::User=root download -qq "$kernel" && dpkg-deb -x "$kernel"_*.deb kernel)
version=${kernel#linux-image-}
cp "$work/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
mkdir -p "$tree/lib/modules/$version/kernel"
(cd "$work/kernel/lib/modules/$version" && cp modules.order modules.builtin modules.builtin.modinfo "$tree/lib/modules/$version/" &&
	for d in crypto lib arch/x86/crypto drivers/block drivers/char drivers/hid drivers/input drivers/media/mc drivers/net drivers/usb drivers/virtio drivers/gpu/drm \
		fs/ext4 fs/jbd2 fs/overlayfs fs/squashfs fs/nls fs/fat net sound; do
		[ -d "kernel/$d" ] || continue
		mkdir -p "$tree/lib/modules/$version/kernel/$(dirname "$d")"
		cp -r "kernel/$d" "$tree/lib/modules/$version/kernel/$(dirname "$d")/"
	done && cp kernel/fs/*.ko "$tree/lib/modules/$version/kernel/fs/")
for big in drivers/net/ethernet drivers/net/wireless drivers/usb/gadget sound/pci sound/soc; do
	rm -rf "${tree:?}/lib/modules/$version/kernel/$big"
done
find "$tree/lib/modules/$version/kernel/drivers/gpu/drm" -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
depmod -b "$tree" "$version"

echo "build.sh: settings"
install -m 755 "$agent" "$tree/usr/local/bin/lab-agent"
cat > "$tree/etc/systemd/system/lab-agent.service" <<'UNIT'
[Unit]
Description=Hands of the tests
DefaultDependencies=no
[Service]
ExecStart=/usr/local/bin/lab-agent
Restart=always
KillMode=process
[Install]
WantedBy=sysinit.target
UNIT
ln -s ../lab-agent.service "$tree/etc/systemd/system/sysinit.target.wants/lab-agent.service" 2>/dev/null || {
	mkdir -p "$tree/etc/systemd/system/sysinit.target.wants"
	ln -s ../lab-agent.service "$tree/etc/systemd/system/sysinit.target.wants/lab-agent.service"
}
# A user with a session on the first console, as one who sits before the laptop.
chroot "$tree" useradd -m -s /bin/bash -u 1000 anna
mkdir -p "$tree/etc/systemd/system/getty@tty1.service.d" "$tree/etc/systemd/journald.conf.d"
printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin anna --noclear %%I linux\n' > "$tree/etc/systemd/system/getty@tty1.service.d/autologin.conf"
printf '[Journal]\nStorage=volatile\n' > "$tree/etc/systemd/journald.conf.d/volatile.conf"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-tmpfiles-clean.timer \
	systemd-update-utmp.service systemd-update-utmp-runlevel.service serial-getty@ttyS0.service e2scrub_all.timer systemd-journal-flush.service systemd-random-seed.service systemd-network-generator.service networkd-dispatcher.service \
	systemd-remount-fs.service systemd-pcrphase.service systemd-pcrphase-sysinit.service e2scrub_reap.service nftables.service \
	dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount; do
	ln -sf /dev/null "$tree/etc/systemd/system/$unit"
done
echo laptop > "$tree/etc/hostname"
printf '127.0.0.1 localhost laptop\n' > "$tree/etc/hosts"
ln -sf /run/resolv.conf "$tree/etc/resolv.conf"
: > "$tree/etc/machine-id"
rm -rf "$tree/var/cache/apt" "$tree/var/lib/apt/lists"/* "$tree/usr/share/locale"

echo "build.sh: initramfs and disk"
mkdir -p "$work/ram/bin" "$work/ram/dev" "$work/ram/proc" "$work/ram/sys" "$work/ram/modules" "$work/ram/run" "$work/ram/root" "$work/ram/lower" "$work/ram/state"
cp "$(command -v busybox)" "$work/ram/bin/busybox"
install -m 755 "$here/init" "$work/ram/init"
for m in virtio_pci virtio_blk virtio_net squashfs overlay ext4 crc32c_generic; do
	modprobe -d "$tree" -S "$version" --show-depends "$m" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r ko; do
	cp "$ko" "$work/ram/modules/"
	basename "$ko" >> "$work/ram/modules/list"
done
(cd "$work/ram" && find . | LC_ALL=C sort | cpio -o -H newc --quiet | zstd -q -3 -f -o "$out/initrd")
rm -f "$out/root.squashfs"
mksquashfs "$tree" "$out/root.squashfs" -comp zstd -Xcompression-level 3 -no-xattrs -no-progress -quiet
printf '%s' "$mark" > "$out/built-of"
ls -l "$out"
