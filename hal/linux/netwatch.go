package linux

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// WatchNetwork tells on the channel it gives whenever a link or an address of the machine came, went
// or changed (rtnetlink(7)), until ctx ends; then the channel closes. Changes that come together may
// be told as one.
func WatchNetwork(ctx context.Context) (<-chan struct{}, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("linux: watch the network: %w", err)
	}
	groups := &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR}
	if err := unix.Bind(fd, groups); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("linux: watch the network: %w", err)
	}
	pipe := make([]int, 2) // wakes the reader when ctx ends
	if err := unix.Pipe2(pipe, unix.O_CLOEXEC); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("linux: watch the network: %w", err)
	}
	context.AfterFunc(ctx, func() { unix.Close(pipe[1]) })
	out := make(chan struct{}, 1)
	go func() {
		defer close(out)
		defer unix.Close(fd)
		defer unix.Close(pipe[0])
		buf := make([]byte, 8192) // what it says is of no interest, only that it speaks
		for {
			ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(pipe[0]), Events: unix.POLLIN}}
			if _, err := unix.Poll(ready, -1); err != nil && err != unix.EINTR || ready[1].Revents != 0 {
				return
			}
			if ready[0].Revents == 0 {
				continue
			}
			if _, _, err := unix.Recvfrom(fd, buf, 0); err != nil && err != unix.EINTR && err != unix.ENOBUFS {
				return
			}
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out, nil
}
