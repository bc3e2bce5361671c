//go:build !unix

package ragep2p

import "errors"

const canTryWrite = false

func writeNow(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
