//go:build unix

package ragep2p

import "syscall"

const canTryWrite = true

// writeNow writes as much as a socket takes without waiting. Sockets of package net never wait by themselves.
func writeNow(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), b)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, err
		}
	}
}
