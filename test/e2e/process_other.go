//go:build !linux

package e2e

import (
	"os/exec"
	"syscall"
)

// EndWithParent does nothing: only Linux has this.
func EndWithParent(*exec.Cmd) {}

func processAttributes() *syscall.SysProcAttr { return nil }
