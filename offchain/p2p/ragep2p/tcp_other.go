//go:build !linux

package ragep2p

import "net"

// tuneTCP does nothing here: keep-alive alone notices that the peer is gone.
func tuneTCP(net.Conn) {}
