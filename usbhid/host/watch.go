package host

import (
	"bytes"
	"context"
	"time"

	"golang.org/x/sys/unix"
)

// settle is how long the news of one plug may take to come in; nodes and their permissions are made meanwhile.
const settle = 150 * time.Millisecond

// Every is how often Watch tells even if the kernel said nothing: a container may not hear it.
const Every = 2 * time.Second

// Watch calls changed when something may have been plugged in or pulled, once at the start and until
// ctx ends. The kernel's messages make it quick, Every makes it sure.
func Watch(ctx context.Context, changed func()) {
	news := make(chan struct{}, 1)
	if fd, err := uevents(); err == nil {
		done := make(chan struct{})
		go func() { defer close(done); listen(ctx, fd, news) }()
		defer func() { <-done; unix.Close(fd) }()
	}
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		changed()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-news:
			select {
			case <-time.After(settle):
			case <-ctx.Done():
				return
			}
		}
	}
}

// uevents opens the kernel's news of devices, which any user may hear (netlink(7), NETLINK_KOBJECT_UEVENT).
func uevents() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return -1, err
	}
	tv := unix.NsecToTimeval(int64(patience))
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1})
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func listen(ctx context.Context, fd int, news chan<- struct{}) {
	buf := make([]byte, 8192)
	for ctx.Err() == nil {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if err != nil || !fromKernel(from) || !concerns(buf[:n]) {
			continue
		}
		select {
		case news <- struct{}{}:
		default:
		}
	}
}

// fromKernel: any process may write to the group, only the kernel has port 0.
func fromKernel(from unix.Sockaddr) bool {
	nl, ok := from.(*unix.SockaddrNetlink)
	return ok && nl.Pid == 0
}

// concerns tells whether a message ("add@/devices/...\0KEY=value\0...") is about USB devices or hidraw nodes.
func concerns(msg []byte) bool {
	for kv := range bytes.SplitSeq(msg, []byte{0}) {
		switch string(kv) {
		case "SUBSYSTEM=usb", "SUBSYSTEM=hidraw":
			return true
		}
	}
	return false
}
