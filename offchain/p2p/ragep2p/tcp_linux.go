package ragep2p

import (
	"net"
	"syscall"
	"time"
)

// tcpUserTimeout is how long TCP waits for what was sent to be acknowledged, and for an answer to a keep-alive probe.
const tcpUserTimeout = 30 * time.Second

// optTCPUserTimeout is TCP_USER_TIMEOUT, which package syscall does not name.
const optTCPUserTimeout = 0x12

// tuneTCP makes TCP notice earlier that the peer is gone. It is an improvement only, so errors do not matter.
func tuneTCP(c net.Conn) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, optTCPUserTimeout, int(tcpUserTimeout/time.Millisecond))
	})
}
